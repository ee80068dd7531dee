"""Positions over the API: in the datum that was asked for, both ways; swapped coordinates are told."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import index_search, place_stores
from hutong.kernel.geo import Datum, Place, distance_m, to_datum
from hutong.town.merchants.models import Store
from hutong.town.regions.services import store_regions
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import Extent, RegionKind, RegionSpec
from tests.api.caller import Caller
from tests.factories import catalog, merchants, regions
from tests.town.regions.test_outlines import polygon, square

pytestmark = pytest.mark.django_db

DOOR = Place(116.4032, 39.9385)
SHIFTED = [datum for datum in Datum if datum is not Datum.WGS84]


@pytest.fixture
def shop(at: datetime) -> Store:
    """A shop with a deal in a district of Beijing, findable."""
    town = regions.region(
        slug="beijing", extent=Extent(116.3, 39.8, 116.5, 40.0), zone="Asia/Shanghai", currency="CNY"
    )
    shape = read_outline(polygon(square(116.39, 39.93, 0.02)))
    names = {"en": "Dongcheng", "zh-Hans": "东城区"}
    spec = RegionSpec(
        slug="dongcheng",
        names=names,
        kind=RegionKind.DISTRICT,
        parent_slug="beijing",
        adcode="110101",
        shape=shape,
    )
    store_regions(specs=[spec], at=at)
    store = merchants.store(merchant=merchants.merchant(region=town), lon=DOOR.lon, lat=DOOR.lat, at=at)
    catalog.offer(store=store, at=at)
    place_stores.place_region(town.public_id, at)
    index_search.index_region(town.public_id, at)
    return store


def here(datum: Datum, place: Place = DOOR) -> str:
    """The place as an address says it in a datum."""
    moved = to_datum(place, datum)
    return f"lon={moved.lon:.8f}&lat={moved.lat:.8f}&datum={datum.value}"


@pytest.mark.parametrize("datum", list(Datum))
def test_questions_and_answers_are_in_the_datum_that_was_asked_for(shop: Store, datum: Datum) -> None:
    moved = to_datum(DOOR, datum)
    caller = Caller()
    (store,) = caller.get(f"/stores/nearby?{here(datum)}").json["items"]
    (deal,) = caller.get(f"/deals/near?{here(datum)}").json["items"]
    (found,) = caller.get(f"/stores/find?{here(datum)}&radius_m=50").json["items"]
    whole = caller.get(f"/stores/{shop.public_id}?datum={datum.value}").json
    bought = caller.get(f"/deals/{deal['ref']}?datum={datum.value}").json["stores"][0]
    for shown in (store, deal, found, found["deals"][0], whole, whole["deals"][0]["stores"][0], bought):
        assert distance_m(Place(shown["lon"], shown["lat"]), moved) < 0.1
    assert store["distance_m"] == deal["distance_m"] == found["distance_m"] == 0
    suggested = caller.get(f"/stores/suggest?text={found['names']['name'][:4]}&{here(datum)}").json
    assert [one["distance_m"] for one in suggested if one["ref"] == shop.public_id] == [0]


@pytest.mark.parametrize("datum", list(Datum))
def test_a_box_is_in_the_datum_that_was_asked_for(shop: Store, datum: Datum) -> None:
    """A box of 40 m around the door: in another datum it lies some hundred metres away."""
    moved = to_datum(DOOR, datum)
    sides = (moved.lon - 2e-4, moved.lat - 2e-4, moved.lon + 2e-4, moved.lat + 2e-4)
    box = ",".join(f"{side:.8f}" for side in sides)
    (found,) = Caller().get(f"/stores/find?{here(datum)}&box={box}").json["items"]
    assert found["ref"] == shop.public_id
    other = Datum.GCJ02 if datum is Datum.WGS84 else Datum.WGS84
    assert Caller().get(f"/stores/find?{here(other)}&box={box}").json["items"] == []
    turned = ",".join(f"{side:.8f}" for side in (*sides[2:], *sides[:2]))
    assert Caller().get(f"/stores/find?{here(datum)}&box={turned}").code == "question_invalid"


@pytest.mark.parametrize("datum", SHIFTED)
def test_without_a_datum_the_same_numbers_are_another_place(shop: Store, datum: Datum) -> None:
    (store,) = Caller().get(f"/stores/nearby?{here(datum).replace(datum.value, 'wgs84')}").json["items"]
    assert store["distance_m"] > 300


def test_the_region_of_a_place(shop: Store) -> None:
    caller = Caller()
    district = caller.get(f"/regions/at?{here(Datum.BD09)}").json
    assert (district["slug"], district["kind"], district["adcode"]) == ("dongcheng", "district", "110101")
    assert caller.get(f"/regions/at?{here(Datum.WGS84, Place(116.32, 39.85))}").json["slug"] == "beijing"
    assert caller.get("/regions/at?lon=0&lat=0").status == 404
    assert [one["slug"] for one in caller.get("/regions").json] == ["beijing"]
    (inside,) = caller.get("/regions?within=beijing").json
    assert (inside["slug"], inside["shops"]) == ("dongcheng", 1)
    assert caller.get("/regions?within=nowhere").status == 404
    assert caller.get(f"/stores/{shop.public_id}").json["district"] == "dongcheng"


ASKED = ["/stores/nearby?", "/stores/find?", "/stores/suggest?text=x&", "/deals/near?", "/regions/at?"]


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("query", ["lon=39.9385&lat=116.4032", "lon=24.94&lat=-120"])
def test_a_latitude_beyond_the_pole_is_told_as_swapped(shop: Store, path: str, query: str) -> None:
    refused = Caller().get(f"{path}{query}")
    assert (refused.status, refused.code) == (422, "place_swapped")


@pytest.mark.parametrize("path", ASKED)
def test_a_place_that_is_in_town_only_when_swapped_is_told(path: str) -> None:
    regions.region(slug="helsinki")
    refused = Caller().get(f"{path}lon=60.17&lat=24.94")
    assert (refused.status, refused.code) == (422, "place_swapped")


@pytest.mark.parametrize("query", ["datum=mars", "datum="])
def test_an_unknown_datum_is_refused(shop: Store, query: str) -> None:
    refused = Caller().get(f"/stores/nearby?lon=116.4&lat=39.9&{query}")
    assert (refused.status, refused.code) == (422, "request_invalid")
