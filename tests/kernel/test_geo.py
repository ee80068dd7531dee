"""Places: only real ones, distances on the sphere."""

import math

import pytest

from hutong.kernel.geo import Place, PlaceInvalid, PlaceSwapped, distance_m, mercator


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (0, 86), (math.nan, 0), (0, math.inf)])
def test_outside_the_map_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(PlaceInvalid):
        Place(lon, lat)


def test_swapped_coordinates_are_told_apart_from_none_at_all() -> None:
    with pytest.raises(PlaceSwapped):
        Place(39.9, 116.4)
    with pytest.raises(PlaceInvalid) as caught:
        Place(200, 116.4)
    assert not isinstance(caught.value, PlaceSwapped)


def test_distance_between_known_places() -> None:
    helsinki, tallinn = Place(24.9414, 60.1711), Place(24.7536, 59.4370)
    assert distance_m(helsinki, tallinn) == pytest.approx(82_300, rel=0.005)


def test_mercator_of_a_known_place() -> None:
    x, y = mercator(Place(24.9414, 60.1711))
    assert x == pytest.approx(2_776_463.5, abs=5)
    assert y == pytest.approx(8_438_057, abs=2000)
