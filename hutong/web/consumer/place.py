"""Where a visitor is: the region they chose and, if they allow it, their position."""

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place, PlaceInvalid
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionKind, RegionView

REGION_COOKIE = "hutong_region"
HERE_COOKIE = "hutong_here"
REGION_COOKIE_AGE_S = 60 * 60 * 24 * 365
AREA_KINDS = (RegionKind.DISTRICT, RegionKind.CIRCLE)
# A position this far outside the region, in degrees, still counts as being there.
MARGIN_DEGREES = 0.05
POSITION = re.compile(r"(-?\d{1,3}(?:\.\d{1,8})?),(-?\d{1,2}(?:\.\d{1,8})?)")


class NoRegion(NotFound):
    """The site is empty."""

    code = "no_region"
    message = _("This site has no town yet. Its operator imports one with: hutong import osm")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The town and the place that distances are counted from; `located` when that is the visitor's own.

    `area` is the district or business circle of the town to which this address is narrowed, None mostly.
    """

    region: RegionView
    place: Place
    located: bool
    area: RegionView | None = None


def read_place(text: str) -> Place | None:
    """A place out of `lon,lat`, or None for anything else."""
    found = POSITION.fullmatch(text)
    if not found:
        return None
    try:
        return Place(float(found[1]), float(found[2]))
    except PlaceInvalid:
        return None


def is_near(region: RegionView, place: Place) -> bool:
    """Whether a place counts as being in the region."""
    box = region.extent
    return (
        box.west - MARGIN_DEGREES <= place.lon <= box.east + MARGIN_DEGREES
        and box.south - MARGIN_DEGREES <= place.lat <= box.north + MARGIN_DEGREES
    )


def asked_area(request: HttpRequest) -> RegionView | None:
    """The district or circle of `?area=<slug>`; None without one, or for one that is not there."""
    slug = request.GET.get("area", "")[:60]
    area = regions.region_by_slug(slug) if slug else None
    return area if area and area.kind in AREA_KINDS else None


def whereabouts(request: HttpRequest) -> Whereabouts:
    """Town and place of this visit; one statement. `?at=lon,lat` (from the map) goes before the position.

    A place far from the town is left aside: the town's middle counts then. With `?area=` the town is the one it
    lies in, whatever was chosen before, and the place its middle unless the visitor is in it. Raises `NoRegion`.
    """
    area, slug = asked_area(request), request.COOKIES.get(REGION_COOKIE, "")
    region = regions.city_of(area.region_id) if area else None
    if region is None:
        area = None
        region = (regions.region_by_slug(slug) if slug else None) or regions.default_region()
    if region is None:
        raise NoRegion
    asked = read_place(request.GET.get("at", ""))
    if asked and is_near(region, asked):
        return Whereabouts(region, asked, located=False, area=area)
    here = read_place(request.COOKIES.get(HERE_COOKIE, ""))
    if here and (area.extent.holds(here.lon, here.lat) if area else is_near(region, here)):
        return Whereabouts(region, here, located=True, area=area)
    middle = area or region
    return Whereabouts(region, Place(middle.lon, middle.lat), located=False, area=area)
