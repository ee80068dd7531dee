"""Outlines of regions as they are sent: GeoJSON proven sound and made small enough to keep.

Shapely says where a ring crosses itself. It is heavy, so only imports of regions load this module.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from django.utils.translation import gettext_lazy as _
from shapely.geometry import MultiPolygon, Polygon

from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Datum, from_datum
from hutong.town.regions.rules.geometry import geometry, moved
from hutong.town.regions.types import Extent, Shape

# More than any administrative outline has; a file beyond is a mistake, or meant to hurt.
MOST_POINTS = 200_000
# What is kept: a city's coast stays good to some metres, and a row stays below 100 kB.
KEPT_POINTS = 3_000
# Of an archipelago the largest islands are kept, rather than all of them as triangles.
KEPT_ISLANDS = 300
# 0.1 m; and where simplifying begins and ends, in degrees: 1 m to about 1 km.
_GRID, _FINEST, _COARSEST = 1e-6, 1e-5, 1e-2
_NEAR = re.compile(r"\[(\S+) (\S+)\]")


class OutlineInvalid(Invalid):
    """What was sent as an outline is none."""

    code = "outline_invalid"
    message = _("An outline is a Polygon or MultiPolygon of GeoJSON.")


class OutlineTooLarge(OutlineInvalid):
    """An outline with more points than any real one."""

    code = "outline_too_large"
    message = _("The outline has %(points)s points; %(most)s is the most that is taken.")


class OutlineOutside(OutlineInvalid):
    """A position of an outline that is not on Earth."""

    code = "outline_outside"
    message = _("Ring %(ring)s of polygon %(polygon)s: %(position)s is outside of the world.")


class OutlineSwapped(OutlineInvalid):
    """An outline whose latitudes are longitudes."""

    code = "outline_swapped"
    message = _(
        "Ring %(ring)s of polygon %(polygon)s: %(position)s has its latitude first; GeoJSON has longitude first."
    )


class RingOpen(OutlineInvalid):
    """A ring that does not end where it began, or is too short to enclose anything."""

    code = "ring_open"
    message = _(
        "Ring %(ring)s of polygon %(polygon)s is not closed: it begins at %(first)s and ends at %(last)s."
    )


class RingShort(OutlineInvalid):
    """A ring of fewer than three corners."""

    code = "ring_short"
    message = _("Ring %(ring)s of polygon %(polygon)s encloses nothing; a ring has at least three corners.")


class RingCrossing(OutlineInvalid):
    """A ring that crosses or touches itself."""

    code = "ring_crossing"
    message = _("Ring %(ring)s of polygon %(polygon)s crosses itself near %(near)s.")


class PolygonsWrong(OutlineInvalid):
    """Rings that are sound one by one and do not fit together: a hole outside, polygons over each other."""

    code = "polygons_wrong"
    message = _("The polygons do not fit together near %(near)s: %(reason)s.")


def read_outline(outline: Any, *, datum: Datum = Datum.WGS84) -> Shape:
    """The outline out of a GeoJSON geometry whose positions are in `datum`; simplified where it is huge.

    Raises `OutlineInvalid` or what is made from it, which name the polygon, the ring and the place; the first is 1.
    """
    polygons = _polygons(outline)
    sent = sum(len(ring) for polygon in polygons for ring in polygon)
    if sent > MOST_POINTS:
        raise OutlineTooLarge(points=sent, most=MOST_POINTS)
    for number, polygon in enumerate(polygons, start=1):
        for ring_number, points in enumerate(polygon, start=1):
            _check_ring(points, polygon=number, ring=ring_number)
    if datum is not Datum.WGS84:
        polygons = moved(polygons, lambda place: from_datum(place, datum))
    whole = geometry([[[position[:2] for position in ring] for ring in polygon] for polygon in polygons])
    if not whole.is_valid:
        _tell_what_is_wrong(whole)
    return shape_of(_small(whole), sent=sent)


def shape_of(whole: MultiPolygon, *, sent: int) -> Shape:
    """A sound geometry as it is kept."""
    west, south, east, north = (round(side, 6) for side in whole.bounds)
    coordinates = tuple(
        tuple(_ring(ring) for ring in (polygon.exterior, *polygon.interiors)) for polygon in whole.geoms
    )
    points = int(shapely.get_num_coordinates(whole))
    return Shape(coordinates, Extent(west, south, east, north), points, sent)


def _ring(ring: Any) -> tuple[tuple[float, float], ...]:
    return tuple((round(lon, 6), round(lat, 6)) for lon, lat in ring.coords)


def _polygons(outline: Any) -> list[Any]:
    if not isinstance(outline, Mapping):
        raise OutlineInvalid
    coordinates = outline.get("coordinates")
    if outline.get("type") == "Polygon":
        coordinates = [coordinates]
    elif outline.get("type") != "MultiPolygon":
        raise OutlineInvalid
    if not isinstance(coordinates, list) or not coordinates:
        raise OutlineInvalid
    for polygon in coordinates:
        if not isinstance(polygon, list) or not polygon:
            raise OutlineInvalid
        if not all(isinstance(ring, list) for ring in polygon):
            raise OutlineInvalid
    return coordinates


def _check_ring(points: list[Any], *, polygon: int, ring: int) -> None:
    where = {"polygon": polygon, "ring": ring}
    for position in points:
        if not isinstance(position, list | tuple) or len(position) < 2 or not all(map(_number, position[:2])):
            raise OutlineInvalid
        lon, lat = position[0], position[1]
        if abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90:
            raise OutlineSwapped(position=_told(position), **where)
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise OutlineOutside(position=_told(position), **where)
    if len(points) < 3:
        raise RingShort(**where)
    if tuple(points[0][:2]) != tuple(points[-1][:2]):
        raise RingOpen(first=_told(points[0]), last=_told(points[-1]), **where)
    if len({tuple(position[:2]) for position in points}) < 3:
        raise RingShort(**where)
    flat = Polygon([position[:2] for position in points])
    if not flat.is_valid:
        reason, near = _reason(flat)
        raise RingShort(**where) if "Too few" in reason else RingCrossing(near=near, **where)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _told(position: Sequence[float]) -> str:
    return f"{position[0]:.6g}, {position[1]:.6g}"


def _reason(found: Any) -> tuple[str, str]:
    """Why a geometry is not sound, and where."""
    reason = str(shapely.is_valid_reason(found))
    near = _NEAR.search(reason)
    place = f"{float(near[1]):.6f}, {float(near[2]):.6f}" if near else "?"
    return reason.split("[", maxsplit=1)[0].strip(), place


def _tell_what_is_wrong(whole: MultiPolygon) -> None:
    """Raises `PolygonsWrong` with the first thing that does not fit."""
    for polygon in whole.geoms:
        if not polygon.is_valid:
            reason, near = _reason(polygon)
            raise PolygonsWrong(reason=reason.lower(), near=near)
    reason, near = _reason(whole)
    raise PolygonsWrong(reason=reason.lower(), near=near)


def _small(whole: MultiPolygon) -> MultiPolygon:
    """The outline with at most `KEPT_POINTS` points: without the smallest islands, and coarser step by step."""
    if shapely.get_num_coordinates(whole) > KEPT_POINTS:
        whole = _largest(whole, KEPT_ISLANDS)
    best, tolerance = _rounded(whole), _FINEST
    while shapely.get_num_coordinates(best) > KEPT_POINTS and tolerance <= _COARSEST:
        coarser = _rounded(whole.simplify(tolerance, preserve_topology=True))
        if coarser.is_valid and not coarser.is_empty:
            best = coarser
        tolerance *= 2
    while shapely.get_num_coordinates(best) > KEPT_POINTS and len(best.geoms) > 1:
        best = _largest(best, len(best.geoms) // 2)
    return best


def _largest(whole: MultiPolygon, number: int) -> MultiPolygon:
    return MultiPolygon(sorted(whole.geoms, key=lambda polygon: polygon.area, reverse=True)[:number])


def _rounded(whole: Any) -> MultiPolygon:
    """To the grid of the kept coordinates, still sound; as it was where rounding leaves nothing."""
    coarse = shapely.set_precision(whole, _GRID)
    if coarse.is_empty or coarse.geom_type not in ("Polygon", "MultiPolygon"):
        coarse = whole
    return MultiPolygon([coarse]) if coarse.geom_type == "Polygon" else coarse
