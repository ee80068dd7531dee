"""Tiles of the map over HTTP: what is shown, what caches may keep, what bad input gets; the map's page without a map."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from hutong.api.v1 import api
from hutong.attract.search.rules.tiles import Tile, tile_at
from hutong.flows import index_search
from hutong.kernel import clock
from hutong.kernel.geo import Datum, Place, to_datum
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants, regions

pytestmark = pytest.mark.django_db
LON, LAT = 24.9414, 60.1710


def shop(*, lon: float = LON, lat: float = LAT) -> Store:
    """A shop with a deal and a listing beside it; findable."""
    owner = merchants.merchant(region=regions.region(slug="helsinki"), at=clock.now())
    store = merchants.store(merchant=owner, name="Kahvila", lon=lon, lat=lat)
    catalog.offer(store=store, at=clock.now() - timedelta(days=1))
    merchants.listing(region=owner.region, name="Listed", category_slug="bar", lon=lon + 1e-5, lat=lat)
    index_search.index_region(owner.region.public_id, clock.now())
    return store


def address(tile: Tile, query: str = "") -> str:
    return f"/map/tiles/{tile.z}/{tile.x}/{tile.y}.json?{query}"


def pins(client: Client, tile: Tile, query: str = "") -> list[dict[str, Any]]:
    """The features of a tile."""
    answer = client.get(address(tile, query))
    assert answer.status_code == 200
    found: list[dict[str, Any]] = json.loads(answer.content)["features"]
    return found


def test_pins_with_the_filters_of_the_list(client: Client) -> None:
    shop()
    tile = tile_at(16, LON, LAT)
    first, second = pins(client, tile)
    assert first["geometry"]["coordinates"] == [LON, LAT]
    assert (first["properties"]["price_from"], first["properties"]["unit"]) == (1990, "EUR")
    assert second["properties"]["price_from"] is None
    for query, names in (
        ("category=bar", ["Listed"]),
        ("q=kahvila", ["Kahvila"]),
        ("deal=1", ["Kahvila"]),
        ("rating=4", []),
        ("price=1,2,3,4", ["Kahvila"]),
        ("category=nothing", []),
        ("q=%00'\"%25", ["Kahvila", "Listed"]),
    ):
        assert [one["properties"]["names"]["name"] for one in pins(client, tile, query)] == names, query


def test_nobody_asks_twice_for_what_did_not_change(client: Client, django_assert_num_queries: Any) -> None:
    store = shop()
    tile = tile_at(16, LON, LAT)
    with django_assert_num_queries(2):
        answer = client.get(address(tile))
    assert answer["Cache-Control"] == "public, max-age=30"
    assert not {"Vary", "Set-Cookie", "Content-Language"} & set(answer.headers)
    assert not answer.cookies
    with django_assert_num_queries(1):
        again = client.get(address(tile), headers={"If-None-Match": f"W/{answer['ETag']}"})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    Store.objects.filter(pk=store.pk).update(names={"name": "Renamed"})
    index_search.index_store(store.public_id, clock.now())
    changed = client.get(address(tile), headers={"If-None-Match": answer["ETag"]})
    assert changed.status_code == 200
    assert b"Renamed" in changed.content
    # The same for who speaks another language.
    chinese = client.get(address(tile), headers={"Accept-Language": "zh-hans"})
    assert chinese.content == changed.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("7/1/1", 422), ("19/1/1", 422), ("8/256/1", 422), ("16/1/99999999", 422), ("8/-1/1", 404), ("8/a/1", 404),
        ("16/37308/18972.json?rating=many", 422), ("16/37308/18972.json?rating=9", 422),
        ("16/37308/18972.json?open_at=2026-06-01T12:00", 422), ("16/37308/18972.json?datum=moon", 200),
    ],
)  # fmt: skip
def test_a_tile_that_cannot_be_is_refused(client: Client, path: str, status: int) -> None:
    full = path if ".json" in path else f"{path}.json"
    assert client.get(f"/map/tiles/{full}").status_code == status


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_tiles_of_a_map_in_another_datum_have_each_store_once_where_it_is_drawn(
    client: Client, datum: Datum
) -> None:
    lon, lat = 116.3975, 39.9087
    shop(lon=lon, lat=lat)
    there = to_datum(Place(lon, lat), datum)
    for z in (8, 14, 18):
        tile = tile_at(z, there.lon, there.lat)
        first, _second = pins(client, tile, f"datum={datum.value}")
        assert first["geometry"]["coordinates"] == pytest.approx([there.lon, there.lat], abs=1e-6)
    ours = tile_at(18, lon, lat)
    assert pins(client, ours, f"datum={datum.value}") == []
    assert len(pins(client, ours)) == 2


def test_the_api_says_the_same(client: Client) -> None:
    shop()
    tile = tile_at(16, LON, LAT)
    answer = client.get(f"/api/v1/stores/tiles/{tile.z}/{tile.x}/{tile.y}?category=cafe&open=false")
    assert json.loads(answer.content)["features"] == pins(client, tile, "category=cafe")
    again = client.get(
        f"/api/v1/stores/tiles/{tile.z}/{tile.x}/{tile.y}?category=cafe",
        headers={"If-None-Match": answer["ETag"]},
    )
    assert (again.status_code, "Vary" in again) == (304, False)
    assert client.get("/api/v1/stores/tiles/7/1/1").json()["code"] == "tile_invalid"
    schemas = api.get_openapi_schema()["components"]["schemas"]
    assert set(schemas["TileOut"]["properties"]) == set(json.loads(answer.content))


def test_filters_go_along_from_the_list_to_the_tiles_and_back(client: Client) -> None:
    shop()
    page = client.get("/map/?q=kahvlia&category=food&price=2&price=3&open=1&show=deals&at=24.9,60.1")
    config = json.loads(page.context["config"])
    asked = parse_qs(urlsplit(config["tiles"]).query)
    assert asked.pop("q") == ["kahvila"]  # as the list takes it
    assert asked == {"category": ["food"], "price": ["2", "3"], "open": ["1"], "deal": ["1"]}
    text = page.content.decode()
    assert 'href="/nearby/?q=kahvlia&amp;category=food&amp;price=2&amp;price=3' in text
    assert "<noscript>" in text
