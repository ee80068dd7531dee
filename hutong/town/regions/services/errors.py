"""Why a region cannot be as somebody wants it."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class SlugInvalid(Invalid):
    """The short name of a region is not one that can stand in an address."""

    code = "region_slug_invalid"
    message = _("A region's short name is made of letters, digits, hyphens and underscores, at most 60.")


class ZoneUnknown(Invalid):
    """There is no such time zone."""

    code = "zone_unknown"
    message = _("%(zone)s is no time zone. Use a name such as Europe/Helsinki.")


class CurrencyUnknown(Invalid):
    """There is no such currency."""

    code = "currency_unknown"
    message = _("%(currency)s is no currency. Use a code such as EUR or CNY.")


class RegionUnknown(NotFound):
    """There is no region of this name."""

    code = "region_unknown"
    message = _("There is no region “%(slug)s”.")


class SettingMissing(Invalid):
    """A region without a parent has nobody to take its zone or currency from."""

    code = "region_setting_missing"
    message = _("The region “%(slug)s” is new and has no parent: say its %(setting)s.")


class KindOrder(Invalid):
    """A region lies in one of a larger kind only."""

    code = "region_kind_order"
    message = _("“%(slug)s” is a %(kind)s and cannot lie in “%(parent)s”, which is a %(parent_kind)s.")


class NameMissing(Invalid):
    """A region has at least one name."""

    code = "region_name_missing"
    message = _("The region “%(slug)s” has no name.")


class PlaceMissing(Invalid):
    """A new region needs a position: an outline, a box or a middle."""

    code = "region_place_missing"
    message = _("The region “%(slug)s” is new: it needs an outline or a position.")


class AdcodeTaken(Conflict):
    """Another region has this code."""

    code = "adcode_taken"
    message = _("The code %(adcode)s belongs to the region “%(slug)s”.")
