"""What can be wrong with saving."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class NothingToSave(NotFound):
    """There is no such shop or deal, or nobody may see it."""

    code = "nothing_to_save"
    message = _("There is no such shop or deal any more.")


class ListUnknown(NotFound):
    """No list of this person's, or one that is deleted, or not shared any more."""

    code = "list_unknown"
    message = _("There is no such list, or it is not shared any more.")


class EntryUnknown(NotFound):
    """Nothing of this kind in a list of this person's."""

    code = "entry_unknown"
    message = _("This is not in your list any more.")


class ListsFull(Conflict):
    """As many lists as one can have."""

    code = "lists_full"
    message = _("You have %(limit)s lists, as many as one can have. Delete one first.")


class ListFull(Conflict):
    """As many entries as a list can hold."""

    code = "list_full"
    message = _("This list holds %(limit)s things, as many as a list can. Begin another one.")


class NameMissing(Invalid):
    """A list needs a name."""

    code = "list_name_missing"
    message = _("Give the list a name.")


class DefaultListStays(Conflict):
    """The list that everything goes to first."""

    code = "default_list_stays"
    message = _("This list stays: what you save goes there first.")
