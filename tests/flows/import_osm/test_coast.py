"""Land is on the left of a coast, water on its right."""

from __future__ import annotations

from shapely.geometry import LineString, Point, box

from hutong.flows.import_osm.coast import sea

BOX = box(0, 0, 10, 10)


def test_no_coast_no_sea() -> None:
    assert sea(BOX, []) is None
    assert sea(BOX, [LineString([(20, 0), (20, 10)])]) is None


def test_water_on_the_right() -> None:
    northward = LineString([(4, -5), (4, 15)])
    water = sea(BOX, [northward])
    assert water is not None
    assert water.equals(box(4, 0, 10, 10))
    turned = sea(BOX, [LineString([(4, 15), (4, -5)])])
    assert turned is not None
    assert turned.equals(box(0, 0, 4, 10))


def test_an_island_is_land_in_the_sea() -> None:
    shore = LineString([(2, -5), (2, 15)])
    island = LineString([(5, 5), (7, 5), (7, 7), (5, 7), (5, 5)])  # counter-clockwise: land inside
    water = sea(BOX, [shore, island])
    assert water is not None
    assert not water.contains(Point(6, 6))
    assert water.contains(Point(4, 5))
    assert round(water.area, 6) == 80 - 4


def test_a_coast_that_the_extract_cut_off_goes_straight_on_to_the_edge() -> None:
    water = sea(BOX, [LineString([(4, 0.1), (4, 9.9)])])
    assert water is not None
    assert round(water.area, 6) == 60
