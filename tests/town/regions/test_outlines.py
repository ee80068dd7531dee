"""Outlines: what is sound is kept, what is not is refused with the ring and the place named."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hutong.kernel.geo import Datum, Place, to_datum
from hutong.town.regions.rules.geometry import geometry, inside
from hutong.town.regions.services import outlines
from hutong.town.regions.services.outlines import OutlineInvalid, read_outline
from hutong.town.regions.types import Extent


def square(west: float, south: float, side: float) -> list[list[float]]:
    """A closed ring."""
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: list[Any]) -> dict[str, Any]:
    """A GeoJSON Polygon."""
    return {"type": "Polygon", "coordinates": list(rings)}


def several(*polygons: list[Any]) -> dict[str, Any]:
    """A GeoJSON MultiPolygon."""
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def circle(points: int, radius: float = 0.1) -> list[list[float]]:
    """A ring with so many corners around Helsinki."""
    angles = [2 * math.pi * number / points for number in range(points)]
    ring = [[24.9 + radius * math.cos(angle), 60.2 + radius * math.sin(angle)] for angle in angles]
    return [*ring, ring[0]]


def test_a_polygon_becomes_a_multipolygon_with_its_hole() -> None:
    shape = read_outline(polygon(square(24, 60, 1), square(24.4, 60.4, 0.2)))
    assert shape.extent == Extent(24, 60, 25, 61)
    assert (shape.points, shape.sent) == (10, 10)
    assert inside(shape.coordinates, [24.1, 24.5, 25, 25.1], [60.1, 60.5, 60, 60]) == [
        True,
        False,  # in the hole
        True,  # on the edge
        False,
    ]


def test_heights_are_left_out() -> None:
    ring = [[*position, 12.5] for position in square(24, 60, 1)]
    (kept,) = read_outline(polygon(ring)).coordinates[0]
    assert set(kept) == {(24.0, 60.0), (25.0, 60.0), (25.0, 61.0), (24.0, 61.0)}


BOW = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ({"type": "LineString", "coordinates": BOW}, "Polygon or MultiPolygon"),
        ({"type": "Polygon"}, "Polygon or MultiPolygon"),
        ({"type": "Polygon", "coordinates": [[["a", 0]]]}, "Polygon or MultiPolygon"),
        ({"type": "Polygon", "coordinates": [[[True, 0]]]}, "Polygon or MultiPolygon"),
        ({"type": "MultiPolygon", "coordinates": []}, "Polygon or MultiPolygon"),
        (None, "Polygon or MultiPolygon"),
        (polygon([[0, 0], [0, math.nan]]), "Polygon or MultiPolygon"),
        (polygon(BOW), "Ring 1 of polygon 1 crosses itself near 1.000000, 1.000000"),
        (several([square(0, 0, 9)], [square(20, 0, 9), BOW]), "Ring 2 of polygon 2 crosses itself"),
        (polygon(square(0, 0, 1)[:-1]), "Ring 1 of polygon 1 is not closed: it begins at 0, 0 and ends at 0, 1"),
        (polygon([[0, 0], [1, 1], [0, 0]]), "encloses nothing"),
        (polygon([[0, 0], [1, 1], [2, 2], [0, 0]]), "Ring 1 of polygon 1"),
        (polygon([]), "encloses nothing"),
        (polygon(square(179.5, 0, 1)), "Ring 1 of polygon 1: 180.5, 0 is outside of the world"),
        (polygon(square(100, 89.5, 1)), "outside of the world"),
        (polygon([[39.9, 116.3], [40, 116.3], [40, 116.4], [39.9, 116.3]]), "longitude first"),
        (polygon(square(0, 0, 1), square(5, 5, 1)), "hole lies outside shell"),
        (several([square(0, 0, 2)], [square(1, 1, 2)]), "do not fit together near"),
    ],
)  # fmt: skip
def test_what_is_no_outline(outline: Any, said: str) -> None:
    with pytest.raises(OutlineInvalid) as caught:
        read_outline(outline)
    assert said in str(caught.value)


def test_too_many_points_are_refused_before_any_work() -> None:
    with pytest.raises(outlines.OutlineTooLarge):
        read_outline(polygon([[0, 0]] * (outlines.MOST_POINTS + 1)))


def test_a_huge_outline_is_made_smaller_and_stays_sound() -> None:
    shape = read_outline(polygon(circle(20_000)))
    assert shape.sent == 20_001
    assert shape.points <= outlines.KEPT_POINTS
    assert geometry(shape.coordinates).is_valid
    assert geometry(shape.coordinates).area == pytest.approx(math.pi * 0.1**2, rel=0.001)


def test_of_a_thousand_islands_the_largest_are_kept() -> None:
    islands = [[square(number * 0.01, 0, 0.001 + number * 1e-6)] for number in range(1000)]
    shape = read_outline(several(*islands))
    assert shape.points <= outlines.KEPT_POINTS
    assert inside(shape.coordinates, [9.9905, 0.0005], [0.0005, 0.0005]) == [True, False]


def test_an_outline_in_another_datum_is_kept_in_ours() -> None:
    ring = square(116.3, 39.9, 0.1)
    moved = [to_datum(Place(*position), Datum.BD09) for position in ring]
    shape = read_outline(polygon([[place.lon, place.lat] for place in moved]), datum=Datum.BD09)
    assert shape.extent == Extent(116.3, 39.9, 116.4, 40.0)
