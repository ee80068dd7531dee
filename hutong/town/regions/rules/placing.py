"""Positions held against areas: in which of them each lies."""

from collections.abc import Sequence

from hutong.town.regions.rules import geometry
from hutong.town.regions.types import Area

Position = tuple[float, float]


def inside(area: Area, places: Sequence[Position]) -> list[bool]:
    """Which of these (lon, lat) lie in the area, as long as they are."""
    box = area.extent
    found = [box.west <= lon <= box.east and box.south <= lat <= box.north for lon, lat in places]
    boxed = [number for number, is_in in enumerate(found) if is_in]
    if area.coordinates is None or not boxed:
        return found
    lons, lats = [places[number][0] for number in boxed], [places[number][1] for number in boxed]
    for number, is_in in zip(boxed, geometry.inside(area.coordinates, lons, lats), strict=True):
        found[number] = is_in
    return found


def smallest(areas: Sequence[Area], places: Sequence[Position]) -> list[int | None]:
    """The key of the smallest area in which each (lon, lat) lies, by the boxes around them; None for none.

    What has an outline goes before what has only a box.
    """
    keys: list[int | None] = [None] * len(places)
    # Later ones write over earlier ones.
    for area in sorted(
        areas, key=lambda area: (area.coordinates is not None, -area.extent.size, area.region_id)
    ):
        for number, is_in in enumerate(inside(area, places)):
            if is_in:
                keys[number] = area.region_id
    return keys
