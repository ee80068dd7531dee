"""What may be wrong with a whole table. Nothing is stored when one of these is raised."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class TableMissing(NotFound):
    """There is no such file."""

    code = "table_missing"
    message = _("There is no file %(path)s.")


class TableEmpty(Invalid):
    """The file has no rows under its header, or no content at all."""

    code = "table_empty"
    message = _("The file %(path)s has no rows.")


class TableNotText(Invalid):
    """The file is something else than a table in plain text."""

    code = "table_not_text"
    message = _("%(path)s is no table in plain text. Save it as CSV (UTF-8) in the program that made it.")


class TableDamaged(Invalid):
    """The packed file cannot be read to its end."""

    code = "table_damaged"
    message = _("%(path)s is damaged or was cut short (%(reason)s). Please fetch it again.")


class EncodingUnclear(Invalid):
    """No encoding that can be told from the bytes alone."""

    code = "encoding_unclear"
    message = _(
        "%(path)s is neither UTF-8 nor GB18030 nor UTF-16. Say how it is written, e.g. --encoding latin-1."
    )


class EncodingUnknown(Invalid):
    """A name that is no encoding."""

    code = "encoding_unknown"
    message = _("%(encoding)s is no encoding. Use a name such as utf-8, gb18030 or latin-1.")


class ColumnsMissing(Invalid):
    """A table without a column that each place needs."""

    code = "columns_missing"
    message = _(
        "%(path)s has no column for %(missing)s; its columns are %(columns)s. "
        "Say which is which in a file for --columns."
    )


class MappingInvalid(Invalid):
    """The file of `--columns` does not say what it should."""

    code = "mapping_invalid"
    message = _("%(path)s cannot be used: %(reason)s.")


class CategoryNotThere(Invalid):
    """`--category` names no category."""

    code = "category_not_there"
    message = _("There is no category “%(category)s”.")


class CoordinatesSwapped(Invalid):
    """Most places lie in the region only when longitude and latitude are swapped."""

    code = "coordinates_swapped"
    message = _(
        "%(swapped)s of %(rows)s rows make sense only with longitude and latitude swapped. "
        "If that is right, import it with --swapped."
    )


class TableElsewhere(Conflict):
    """Hardly any row lies near the region."""

    code = "table_elsewhere"
    message = _("%(path)s does not touch the region “%(region)s”. Import it under a name of its own.")


class TableBroken(Conflict):
    """So many rows are refused that the columns or options are probably wrong."""

    code = "table_broken"
    message = _(
        "%(refused)s of %(rows)s rows cannot be used, mostly: %(reason)s. Nothing was imported. "
        "Look with --dry-run --report; if that is right, import it with --accept-losses."
    )


class TableShrunk(Conflict):
    """Closing what is missing would close most listings of the source."""

    code = "table_shrunk"
    message = _(
        "%(path)s no longer has %(lost)s of the %(known)s listings of this source; it may not be whole. "
        "If that is right, import it with --accept-losses."
    )


class ImportUnderWay(Conflict):
    """Another import into the region runs."""

    code = "import_under_way"
    message = _("Another import into the region “%(region)s” is under way. Wait until it is done.")


class NothingToResume(Conflict):
    """There is no import that was stopped, or it was of another file or with other options."""

    code = "nothing_to_resume"
    message = _(
        "No import of this file with these options was stopped here. Import it without --resume; "
        "nothing is doubled."
    )


class SourceInvalid(Invalid):
    """The name of a source is no name."""

    code = "source_invalid"
    message = _(
        "The source “%(source)s” is no short name: use letters, digits, hyphens and underscores, at most 40."
    )


class ReportOverTable(Invalid):
    """The report would be written over the table."""

    code = "report_over_table"
    message = _("The report would be written over %(path)s. Give it another name.")
