"""What the map shows."""

import json
from datetime import datetime
from typing import Any

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.types import Bounds
from hutong.kernel.geo import PlaceInvalid
from tests.factories import catalog, merchants

pytestmark = pytest.mark.django_db
BOX = Bounds(west=24.93, south=60.16, east=24.96, north=60.18)


def features(**options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(queries.map_points(bounds=BOX, **options))["features"]
    return found


def test_pins_are_geojson_with_prices_first_and_only_inside_the_box(
    at: datetime, django_assert_num_queries: Any
) -> None:
    merchant = merchants.merchant()
    stores = [merchants.listing(name=f"Plain {number}", lon=24.945) for number in range(3)]
    priced = merchants.store(merchant=merchant, name="Priced", lon=24.9599, lat=60.1799)
    catalog.offer(store=priced)
    outside = merchants.listing(name="Outside", lon=24.97)
    services.index_stores(store_refs=[store.public_id for store in [*stores, priced, outside]], at=at)
    with django_assert_num_queries(1):
        collection = json.loads(queries.map_points(bounds=BOX))
    assert collection["type"] == "FeatureCollection"
    assert collection["truncated"] is False
    names = [feature["properties"]["names"]["name"] for feature in collection["features"]]
    assert names[0] == "Priced"
    assert sorted(names[1:]) == ["Plain 0", "Plain 1", "Plain 2"]
    first = collection["features"][0]
    assert first["geometry"] == {"type": "Point", "coordinates": [24.9599, 60.1799]}
    assert (first["properties"]["price_from"], first["properties"]["unit"]) == (1990, "EUR")
    assert (first["properties"]["ref"], first["properties"]["deals"]) == (priced.public_id, 1)
    short = json.loads(queries.map_points(bounds=BOX, limit=2))
    assert (len(short["features"]), short["truncated"]) == (2, True)


def test_pins_keep_the_filters_of_the_list(at: datetime) -> None:
    cafe = merchants.listing(name="Café Ääni", category_slug="cafe")
    bakery = merchants.listing(name="Leipomo", category_slug="bakery")
    services.index_stores(store_refs=[cafe.public_id, bakery.public_id], at=at)
    for options, expected in (
        ({"category": "cafe"}, {cafe.public_id}),
        ({"category": "food"}, {cafe.public_id, bakery.public_id}),
        ({"text": "aani"}, {cafe.public_id}),
        ({"text": "lei", "category": "food"}, {bakery.public_id}),
        ({"text": "lei", "category": "cafe"}, set()),
    ):
        assert {feature["properties"]["ref"] for feature in features(**options)} == expected


def test_an_empty_map_is_an_empty_collection() -> None:
    assert json.loads(queries.map_points(bounds=BOX)) == {
        "type": "FeatureCollection",
        "features": [],
        "truncated": False,
    }


def test_a_box_beyond_the_map_is_refused() -> None:
    with pytest.raises(PlaceInvalid):
        queries.map_points(bounds=Bounds(west=-200, south=0, east=10, north=10))
