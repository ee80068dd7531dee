"""Where a visitor is: the region they chose and, if they allow it, their position."""

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place, PlaceInvalid
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionView

REGION_COOKIE = "hutong_region"
HERE_COOKIE = "hutong_here"
REGION_COOKIE_AGE_S = 60 * 60 * 24 * 365
# A position this far outside the region, in degrees, still counts as being there.
MARGIN_DEGREES = 0.05
POSITION = re.compile(r"(-?\d{1,3}(?:\.\d{1,8})?),(-?\d{1,2}(?:\.\d{1,8})?)")


class NoRegion(NotFound):
    """The site is empty."""

    code = "no_region"
    message = _("This site has no town yet. Its operator imports one with: hutong import osm")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The region and the place that distances are counted from; `located` when that is the visitor's own."""

    region: RegionView
    place: Place
    located: bool


def read_place(text: str) -> Place | None:
    """A place out of `lon,lat`, or None for anything else."""
    found = POSITION.fullmatch(text)
    if not found:
        return None
    try:
        return Place(float(found[1]), float(found[2]))
    except PlaceInvalid:
        return None


def _near(region: RegionView, place: Place) -> bool:
    box = region.extent
    return (
        box.west - MARGIN_DEGREES <= place.lon <= box.east + MARGIN_DEGREES
        and box.south - MARGIN_DEGREES <= place.lat <= box.north + MARGIN_DEGREES
    )


def whereabouts(request: HttpRequest) -> Whereabouts:
    """Region and place of this visit; one statement. `?at=lon,lat` (from the map) goes before the position.

    A place far from the region is left aside: the region's middle counts then. Raises `NoRegion`.
    """
    slug = request.COOKIES.get(REGION_COOKIE, "")
    region = (regions.region_by_slug(slug) if slug else None) or regions.default_region()
    if region is None:
        raise NoRegion
    asked = read_place(request.GET.get("at", ""))
    if asked and _near(region, asked):
        return Whereabouts(region, asked, located=False)
    here = read_place(request.COOKIES.get(HERE_COOKIE, ""))
    if here and _near(region, here):
        return Whereabouts(region, here, located=True)
    return Whereabouts(region, Place(region.lon, region.lat), located=False)
