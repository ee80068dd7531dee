"""What tiles of the map show: each store once, counts that are the list's, bounded work."""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.models import SearchStore
from hutong.attract.search.queries import tiles as tile_queries
from hutong.attract.search.queries.find import listed
from hutong.attract.search.rules import tokens
from hutong.attract.search.rules.tiles import Tile, corner, interleaved, tile_at
from hutong.attract.search.types import Bounds, Question
from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import scalar
from tests.factories import catalog, merchants

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = 24.90, 60.15, 25.00, 60.20
BOX = Bounds(west=WEST, south=SOUTH, east=EAST, north=NORTH)
WORDS = ["Kahvila", "Ravintola", "Parturi", "Noodle"]
# Every question that a map may ask, by the names of its fields.
ASKED: list[dict[str, Any]] = [
    {},
    {"category": "food"},
    {"category": "cafe"},
    {"has_deal": True},
    {"category": "cafe", "has_deal": True},
    {"price_bands": frozenset({1, 3})},
    {"least_rating": 4.0},
    {"category": "food", "least_rating": 3.5, "has_deal": True},
    {"open_now": True},
    {"text": "kahvila"},
    {"text": "kahvila", "category": "cafe"},
]


@pytest.fixture
def town(at: datetime) -> list[SearchStore]:
    """600 stores, more of them in the middle, in three categories, with everything that can be filtered."""
    chance = random.Random(3)
    kinds = [merchants.category(slug) for slug in ("cafe", "bakery")]
    kinds.append(merchants.category("barber", group="care"))
    span = [at - timedelta(hours=1), at + timedelta(hours=1), at, at]
    hours_id = scalar(
        "INSERT INTO search_searchhours (zone, hours, around, open, known_from, known_until) VALUES"
        " ('UTC', 'Mo-Su 10:00-18:00', '', tstzmultirange(tstzrange(%s, %s)), %s, %s) RETURNING id",
        span,
    )
    made = []
    for number in range(1, 601):
        kind, deals = chance.choice(kinds), chance.choice([0, 0, 1])
        price = chance.randrange(300, 9000) if deals else None
        name = f"{chance.choice(WORDS)} {number}"
        near = chance.random() < 0.7
        card: dict[str, Any] = {
            "ref": f"sto_{number}",
            "names": {"name": name},
            "category": kind.slug,
            "emoji": "2615",
        }
        card |= {"price_from": price, "unit": "EUR" if price else None, "category_names": {}, "address": "",
                 "lon": 24.95, "lat": 60.17, "opening_hours": "", "zone": "UTC", "deals": 0, "claimed": False,
                 "sample": False}  # fmt: skip
        made.append(SearchStore(
            store_id=number, store_ref=f"sto_{number}", region_id=1, category_id=kind.pk,
            root_category_id=kind.parent_id or kind.pk, deals=deals, price_from=price, card=card,
            lon=chance.gauss(24.95, 0.004) if near else chance.uniform(WEST, EAST),
            lat=chance.gauss(60.17, 0.002) if near else chance.uniform(SOUTH, NORTH),
            price_band=1 + price // 2500 if price else 0, rating=chance.choice([0, 3.2, 3.7, 4.1, 4.8]),
            hours_id=chance.choice([None, hours_id]), words=" ".join(
                f"'{lexeme}':1A" for lexeme in tokens.lexemes(name)), indexed_at=at))  # fmt: skip
    return SearchStore.objects.bulk_create(made)


def question(at: datetime, **asked: Any) -> Question:
    """A question about a tile; `open_now` for open at `at`."""
    if asked.pop("open_now", False):
        asked["open_at"] = at
    return Question(place=Place(24.95, 60.17), within=BOX, at=at, limit=100, **asked)


def tiles_of(z: int) -> list[Tile]:
    """All tiles of a level that the town lies in."""
    first, last = tile_at(z, WEST, NORTH), tile_at(z, EAST, SOUTH)
    across, down = range(first.x, last.x + 1), range(first.y, last.y + 1)
    return [Tile(z, x, y) for x in across for y in down]


def shown(tile: Tile, asked: Question) -> list[dict[str, Any]]:
    """The properties of a tile's features."""
    collection = json.loads(queries.tile_json(replace(asked, within=tile.bounds), tile))
    assert collection["more"] is False
    return [feature["properties"] for feature in collection["features"]]


def stores_in(features: list[dict[str, Any]]) -> int:
    return sum(one.get("stores", 1) for one in features)


def everything(asked: Question) -> int:
    """How many the list has, page by page."""
    answer, found = listed(asked), 0
    while True:
        found += len(answer.items)
        if not answer.next:
            return found
        answer = listed(replace(asked, after=answer.next))


def test_tiles_of_every_level_count_what_the_list_has(
    town: list[SearchStore], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fields in ASKED:
        asked = question(at, **fields)
        expected = everything(asked)
        assert expected
        for z in (8, 12, 15):
            assert sum(stores_in(shown(tile, asked)) for tile in tiles_of(z)) == expected, (z, fields)
    # The same by way of the squares, as where there are more stores than are looked at.
    monkeypatch.setattr(tile_queries, "LOOKED_AT", 60)
    for fields in ASKED:
        if not set(fields) - {"category", "has_deal"}:
            asked = question(at, **fields)
            for z in (8, 13):
                found = sum(stores_in(shown(tile, asked)) for tile in tiles_of(z))
                assert found == everything(asked), (z, fields)


def test_a_cluster_says_its_middle_its_least_price_and_where_to_zoom(
    town: list[SearchStore], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, (tile,) = question(at, category="cafe"), tiles_of(8)[:1]
    for looked_at in (4_000, 60):
        monkeypatch.setattr(tile_queries, "LOOKED_AT", looked_at)
        collection = json.loads(queries.tile_json(asked, tile))
        cafes = [one for one in town if one.card["category"] == "cafe"]
        for feature in collection["features"]:
            lon, lat = feature["geometry"]["coordinates"]
            west, south, east, north = feature["properties"]["bounds"]
            inside = [one for one in cafes if tile_at(11, one.lon, one.lat) == tile_at(11, lon, lat)]
            assert feature["properties"]["stores"] == len(inside)
            assert lon == pytest.approx(sum(one.lon for one in inside) / len(inside), abs=1e-5)
            assert lat == pytest.approx(sum(one.lat for one in inside) / len(inside), abs=1e-3)
            prices = [one.price_from for one in inside if one.price_from]
            assert feature["properties"]["price_from"] == min(prices, default=None)
            assert feature["properties"]["unit"] == ("EUR" if prices else None)
            assert all(west - 1e-5 <= one.lon <= east + 1e-5 for one in inside)
            assert all(south - 1e-5 <= one.lat <= north + 1e-5 for one in inside)


def test_few_stores_are_pins_with_prices_first(town: list[SearchStore], at: datetime) -> None:
    by_ref = {one.store_ref: one for one in town}
    asked, seen = question(at), 0
    for tile in tiles_of(15):
        features = shown(tile, asked)
        pins = [one for one in features if one["kind"] == "pin"]
        assert len(pins) in (0, len(features))
        prices = [one["price_from"] is None for one in pins]
        assert prices == sorted(prices)
        for pin in pins:
            one = by_ref[pin["ref"]]
            assert tile_at(15, one.lon, one.lat) == tile
            assert (pin["names"], pin["price_from"]) == (one.card["names"], one.price_from)
        seen += len(pins)
    assert 100 < seen < len(town)


def test_more_than_is_looked_at_is_said(
    town: list[SearchStore], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_queries, "LOOKED_AT", 60)
    monkeypatch.setattr(tile_queries, "SAMPLED", 200)
    asked = question(at, least_rating=4.0)
    (tile,) = tiles_of(9)[:1]
    collection = json.loads(queries.tile_json(replace(asked, within=tile.bounds), tile))
    clusters = [feature["properties"] for feature in collection["features"]]
    assert collection["more"]
    assert any(one.get("more") for one in clusters)
    assert 0 < stores_in(clusters) < everything(asked)


def test_what_is_indexed_is_on_the_map_with_a_new_version(at: datetime) -> None:
    store = merchants.store(name="Priced", lon=24.9599, lat=60.1799)
    services.index_stores(store_refs=[store.public_id], at=at)
    tile, far = tile_at(16, 24.9599, 60.1799), tile_at(16, 25.9, 60.1799)
    asked, before, elsewhere = question(at), queries.tile_version(tile), queries.tile_version(far)
    assert [one["price_from"] for one in shown(tile, asked)] == [None]
    catalog.offer(store=store)
    services.index_stores(store_refs=[store.public_id], at=at)
    assert [(one["ref"], one["price_from"], one["unit"]) for one in shown(tile, asked)] == [
        (store.public_id, 1990, "EUR")
    ]
    assert queries.tile_version(tile) != before
    assert queries.tile_version(tile_at(18, 24.9599, 60.1799)) == queries.tile_version(tile)
    assert queries.tile_version(far) == elsewhere
    assert shown(far, asked) == []


@pytest.mark.parametrize("numbers", [(7, 0, 0), (19, 0, 0), (8, 256, 0), (8, 0, -1), (-3, 0, 0)])
def test_a_tile_that_is_none_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(queries.TileInvalid):
        queries.read_tile(*numbers)


def test_squares_are_numbered_alike_here_and_there() -> None:
    chance = random.Random(1)
    for _ in range(50):
        lon, lat = chance.uniform(-180, 180), chance.uniform(-84, 84)
        here = tile_at(16, lon, lat)
        place = Place(lon, lat)
        there = scalar("SELECT search_square(point(%s::float8, %s::float8))", list(mercator(place)))
        assert interleaved(here.x, here.y) == there
        west, north = corner(16, here.x, here.y)
        assert west <= lon
        assert north >= lat
    assert Tile(10, 3, 5).squares(12) == (interleaved(12, 20), interleaved(15, 23))
