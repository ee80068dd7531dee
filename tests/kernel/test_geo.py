"""Places: only real ones, distances on the sphere, GCJ-02 there and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.geo import Place, PlaceInvalid, distance_m, gcj02_to_wgs84, mercator, wgs84_to_gcj02


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (0, 86), (math.nan, 0), (0, math.inf)])
def test_outside_the_map_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(PlaceInvalid):
        Place(lon, lat)


def test_distance_between_known_places() -> None:
    helsinki, tallinn = Place(24.9414, 60.1711), Place(24.7536, 59.4370)
    assert distance_m(helsinki, tallinn) == pytest.approx(82_300, rel=0.005)


def test_mercator_of_a_known_place() -> None:
    x, y = mercator(Place(24.9414, 60.1711))
    assert x == pytest.approx(2_776_463.5, abs=5)
    assert y == pytest.approx(8_438_057, abs=2000)


@given(lon=st.floats(75, 134), lat=st.floats(19, 53))
def test_gcj02_there_and_back(lon: float, lat: float) -> None:
    place = Place(lon, lat)
    assert distance_m(gcj02_to_wgs84(wgs84_to_gcj02(place)), place) < 0.001


def test_gcj02_leaves_other_countries_alone() -> None:
    assert wgs84_to_gcj02(Place(24.94, 60.17)) == Place(24.94, 60.17)


def test_gcj02_moves_shanghai_by_hundreds_of_metres() -> None:
    place = Place(121.4737, 31.2304)
    assert 300 < distance_m(wgs84_to_gcj02(place), place) < 700
