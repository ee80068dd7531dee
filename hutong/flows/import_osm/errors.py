"""What may be wrong with an extract. Nothing is stored when one of these is raised."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class ExtractMissing(NotFound):
    """There is no such file."""

    code = "extract_missing"
    message = _("There is no file %(path)s.")


class ExtractEmpty(Invalid):
    """The file has no content."""

    code = "extract_empty"
    message = _("The file %(path)s is empty. Was its download cut short?")


class ExtractNotOsm(Invalid):
    """The file is something else than OpenStreetMap data."""

    code = "extract_not_osm"
    message = _("%(path)s is no OpenStreetMap extract. Use a file in the format .osm.pbf, .osm.gz or .osm.")


class ExtractDamaged(Invalid):
    """The file begins well and then cannot be read."""

    code = "extract_damaged"
    message = _("%(path)s is damaged or was cut short (%(reason)s). Please fetch it again.")


class ExtractWithoutPlaces(Invalid):
    """The file can be read, but nothing in it is a place of trade."""

    code = "extract_without_places"
    message = _("There is no place of trade with a name in %(path)s.")


class ExtractElsewhere(Conflict):
    """The file is of another part of the world than the region."""

    code = "extract_elsewhere"
    message = _("%(path)s does not touch the region “%(region)s”. Import it under a name of its own.")


class ExtractShrunk(Conflict):
    """Importing would close most of the region's listings: the file is probably not whole."""

    code = "extract_shrunk"
    message = _(
        "%(path)s no longer has %(lost)s of the %(known)s listings of this region; it may not be whole. "
        "If that is right, import it with --accept-losses."
    )


class BasemapFailed(Invalid):
    """The map could not be drawn; the one that was there stays."""

    code = "basemap_failed"
    message = _("The map could not be made: %(reason)s")
