"""Pure decisions about regions."""

from collections.abc import Mapping
from typing import Any

from hutong.kernel.geo import Datum
from hutong.town.regions.types import Feature, RegionKind

# What a region may say itself, and otherwise takes from its parent. The attribution belongs to the basemap.
SETTINGS = ("zone", "currency", "datum", "languages", "basemap", "attribution")
_DEFAULTS: dict[str, Any] = {"datum": Datum.WGS84.value, "languages": [], "basemap": "", "attribution": ""}


class MissingSetting(Exception):
    """A setting that nobody says: neither the region nor one above it. Its text is the setting's name."""


def may_hold(parent: RegionKind, child: RegionKind) -> bool:
    """Whether a region of the one kind may lie in one of the other: a country in nothing, a circle in any."""
    order = list(RegionKind)
    return order.index(parent) < order.index(child)


def settled(said: Mapping[str, Any], parent: Mapping[str, Any] | None) -> tuple[dict[str, Any], list[str]]:
    """What holds in a region: what it says itself, else its parent's; and which settings are the parent's.

    `said` leaves out what the region does not say; `parent` is what holds there, None without a parent. A region
    without one has WGS-84, no languages, no map. Raises `MissingSetting` for a zone or currency nobody says.
    """
    values: dict[str, Any] = {}
    inherits: list[str] = []
    for name in SETTINGS:
        if said.get(name):
            values[name] = said[name]
        elif parent is not None:
            values[name] = parent[name]
            inherits.append(name)
        elif name in _DEFAULTS:
            values[name] = _DEFAULTS[name]
        else:
            raise MissingSetting(name)
    if "basemap" not in inherits and values["basemap"] and "attribution" in inherits:
        # A map of its own is not credited to those who drew the parent's.
        values["attribution"] = ""
        inherits.remove("attribution")
    return values, inherits


# What holds in a region until its operator says otherwise.
FEATURES: dict[Feature, bool] = {
    Feature.SIGN_UP: True,
    Feature.CLAIMS: True,
    # Contents of approved merchants wait for the operator before shoppers see them.
    Feature.REVIEW_CONTENTS: True,
    # Reviews are read at once, unless much speaks for one being false.
    Feature.REVIEW_REVIEWS: False,
    # Shops say something of customers they served; neither side reads the other before both wrote.
    Feature.REVIEW_CUSTOMERS: False,
}
