"""GCJ-02 and BD-09: there and back, published points, and other countries left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.geo import (
    Datum,
    Place,
    bd09_to_wgs84,
    distance_m,
    from_datum,
    gcj02_to_wgs84,
    to_datum,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

in_china = st.builds(Place, st.floats(75, 134), st.floats(19, 53))
anywhere = st.builds(Place, st.floats(-180, 180), st.floats(-85, 85))
# What the readme of wandergis/coordTransform_js gives for this place, as do its many translations.
TIANANMEN = Place(116.404, 39.915)


def near(one: Place, other: Place, degrees: float) -> bool:
    """Whether two places agree to so many degrees."""
    return abs(one.lon - other.lon) < degrees and abs(one.lat - other.lat) < degrees


@given(place=in_china, datum=st.sampled_from(Datum))
def test_there_and_back(place: Place, datum: Datum) -> None:
    assert near(from_datum(to_datum(place, datum), datum), place, 1e-9)
    assert near(to_datum(from_datum(place, datum), datum), place, 1e-9)


@given(place=in_china)
def test_the_named_functions_are_inverses(place: Place) -> None:
    assert distance_m(gcj02_to_wgs84(wgs84_to_gcj02(place)), place) < 0.001
    assert distance_m(bd09_to_wgs84(wgs84_to_bd09(place)), place) < 0.001


@given(place=anywhere, datum=st.sampled_from(Datum))
def test_every_place_of_the_world_has_an_answer_not_far_away(place: Place, datum: Datum) -> None:
    if abs(place.lon) < 179.9:
        assert distance_m(to_datum(place, datum), place) < 3_000
        assert distance_m(from_datum(place, datum), place) < 3_000


def test_published_points() -> None:
    assert near(wgs84_to_gcj02(TIANANMEN), Place(116.41024449916938, 39.91640428150164), 1e-9)
    assert near(wgs84_to_bd09(TIANANMEN), Place(116.41662724378733, 39.922699552216216), 1e-9)
    # 116.404, 39.915 read as GCJ-02 is this in BD-09.
    wgs = gcj02_to_wgs84(TIANANMEN)
    assert near(wgs84_to_bd09(wgs), Place(116.41036949371029, 39.92133699351021), 1e-9)


@pytest.mark.parametrize("datum", list(Datum))
def test_other_countries_are_left_alone(datum: Datum) -> None:
    helsinki = Place(24.94, 60.17)
    assert to_datum(helsinki, datum) == helsinki
    assert from_datum(helsinki, datum) == helsinki


def test_shanghai_is_moved_by_hundreds_of_metres() -> None:
    place = Place(121.4737, 31.2304)
    assert 300 < distance_m(wgs84_to_gcj02(place), place) < 700
    assert 500 < distance_m(wgs84_to_bd09(place), place) < 1_500
