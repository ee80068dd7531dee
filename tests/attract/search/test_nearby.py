"""Nearest first: the order is exact, pages join without gap or repetition, text finds parts of names."""

import json
import random
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from hutong.attract.search import queries
from hutong.attract.search.queries import statements
from hutong.attract.search.rules import scale_at
from hutong.attract.search.services import index_stores
from hutong.attract.search.types import Found, StoreCard
from hutong.kernel.geo import Place, distance_m, mercator
from hutong.kernel.rows import execute, rows
from tests.factories import catalog, many_stores, merchants

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


def named(found: Found[StoreCard]) -> list[str]:
    return [card.names["name"] for card in found.items]


def put(*names: str, at: datetime, **options: Any) -> None:
    """Stores in a row to the east of HERE, each about 55 m further than the one before."""
    stores = [
        merchants.listing(name=name, lon=HERE.lon + 0.001 * number, lat=HERE.lat, **options)
        for number, name in enumerate(names)
    ]
    index_stores(store_refs=[store.public_id for store in stores], at=at)


def everything() -> list[dict[str, Any]]:
    return rows(
        "SELECT store_ref, place[0] AS x, place[1] AS y, card->>'category' AS category,"
        " lower(card->'names'->>'name') AS text FROM search_searchstore"
    )


def brute_force(
    stores: list[dict[str, Any]], place: Place, category: str | None, limit: int, text: str | None = None
) -> list[str]:
    """The nearest stores by looking at every one, with the order computed in Python."""
    x, y = mercator(place)
    found = [
        (((store["x"] - x) ** 2 + (store["y"] - y) ** 2) ** 0.5, store["store_ref"])
        for store in stores
        if category in (None, store["category"], store["category"].rsplit("-", 1)[0])
        and all(any(part.startswith(word) for part in store["text"].split()) for word in (text or "").split())
    ]
    return [ref for _, ref in sorted(found)[:limit]]


def within(
    stores: list[dict[str, Any]], place: Place, category: str | None, text: str | None, radius_m: float
) -> list[str]:
    """All of `brute_force` that lie no farther away than the radius."""
    x, y = mercator(place)
    cap = radius_m * scale_at(place.lat)
    near = [store for store in stores if ((store["x"] - x) ** 2 + (store["y"] - y) ** 2) ** 0.5 <= cap]
    return brute_force(near, place, category, len(near), text)


def test_the_nearest_come_first_as_brute_force_finds_them(at: datetime) -> None:
    many_stores.generate(2_000)
    stores = everything()
    groups, categories = many_stores.slugs()
    chance = random.Random(7)
    for category in [None, None, None, *chance.sample(groups, 4), *chance.sample(categories, 8)]:
        place = Place(
            chance.uniform(many_stores.WEST, many_stores.EAST),
            chance.uniform(many_stores.SOUTH, many_stores.NORTH),
        )
        found = queries.nearby(place=place, at=at, category=category, radius_m=200_000)
        assert [card.ref for card in found.items] == brute_force(stores, place, category, 20)
        for card in found.items:
            assert card.distance_m == distance_m(place, Place(card.lon, card.lat))


@pytest.mark.parametrize("times", [40, pytest.param(1_000, marks=pytest.mark.long)])
def test_random_questions_equal_brute_force_page_by_page(at: datetime, times: int) -> None:
    """Categories, words, radius and length of a page at random; up to three pages of each, as cards and as JSON."""
    many_stores.generate(3_000)
    stores = everything()
    groups, categories = many_stores.slugs()
    chance, compared = random.Random(times), 0
    for _number in range(times):
        place = Place(
            chance.uniform(many_stores.WEST, many_stores.EAST),
            chance.uniform(many_stores.SOUTH, many_stores.NORTH),
        )
        category = chance.choice([None, None, chance.choice(groups), chance.choice(categories)])
        text = chance.choice([None, None, "golden", "kult", "lucky cedar", "aurora garden", "nothing"])
        radius_m, limit = chance.choice((2_000.0, 20_000.0, 100_000.0)), chance.choice((1, 7, 20))
        expected = within(stores, place, category, text, radius_m)
        asked: dict[str, Any] = {
            "place": place,
            "category": category,
            "text": text,
            "radius_m": radius_m,
            "limit": limit,
        }
        cursor = None
        for page in range(3):
            found = queries.nearby(**asked, at=at, after=cursor)
            refs = expected[page * limit : (page + 1) * limit]
            assert [card.ref for card in found.items] == refs, asked
            as_json = json.loads(queries.nearby_json(**asked, after=cursor))
            assert [item["ref"] for item in as_json["items"]] == refs, asked
            assert (found.next is None) is (as_json["next"] is None) is (len(expected) <= (page + 1) * limit)
            compared += len(refs)
            cursor = found.next
            if cursor is None:
                break
    assert compared > 3 * times


def test_pages_join_without_gap_or_repetition_even_where_stores_share_a_door(at: datetime) -> None:
    stores = [merchants.listing(name=f"Same door {number}") for number in range(7)]
    stores += [merchants.listing(name=f"East {number}", lon=24.95) for number in range(4)]
    index_stores(store_refs=[store.public_id for store in stores], at=at)
    refs: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        found = queries.nearby(place=HERE, at=at, limit=3, after=cursor)
        as_json = json.loads(queries.nearby_json(place=HERE, limit=3, after=cursor))
        assert [item["ref"] for item in as_json["items"]] == [card.ref for card in found.items]
        assert (as_json["next"] is None) == (found.next is None)
        refs += [card.ref for card in found.items]
        cursor, pages = found.next, pages + 1
    assert pages == 4
    assert sorted(refs) == sorted(store.public_id for store in stores)
    assert refs == [card.ref for card in queries.nearby(place=HERE, at=at, limit=50).items]


def test_the_cursor_of_the_json_continues_the_list_as_well(at: datetime) -> None:
    put(*(f"Store {number}" for number in range(5)), at=at)
    first = json.loads(queries.nearby_json(place=HERE, limit=2))
    second = queries.nearby(place=HERE, at=at, limit=2, after=first["next"])
    assert named(second) == ["Store 2", "Store 3"]


def test_a_page_that_ends_the_list_exactly_has_no_next(at: datetime) -> None:
    put("A", "B", at=at)
    assert queries.nearby(place=HERE, at=at, limit=2).next is None
    assert json.loads(queries.nearby_json(place=HERE, limit=2))["next"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "nan~sto_1", "1.0~' OR true --" + "x" * 40])
def test_a_made_up_cursor_is_refused(at: datetime, cursor: str) -> None:
    with pytest.raises(queries.CursorInvalid):
        queries.nearby(place=HERE, at=at, after=cursor)


def test_a_category_is_a_group_or_one_of_its_children(at: datetime) -> None:
    put("Café", at=at, category_slug="cafe")
    put("Bakery", at=at, category_slug="bakery")
    stores = merchants.listing(name="Barber")
    stores.category = merchants.category("barber", group="beauty")
    stores.save()
    index_stores(store_refs=[stores.public_id], at=at)
    assert set(named(queries.nearby(place=HERE, at=at, category="food"))) == {"Café", "Bakery"}
    assert named(queries.nearby(place=HERE, at=at, category="bakery")) == ["Bakery"]
    assert named(queries.nearby(place=HERE, at=at, category="beauty")) == ["Barber"]
    assert named(queries.nearby(place=HERE, at=at, category="made-up")) == []
    assert named(queries.nearby(place=HERE, at=at, category="ca\x00fe")) == ["Café"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kahvila", ["Kahvila Ääni", "兰州拉面", "面包房", "Москва 50% off_"]),  # all of them are cafés
        ("AANI", ["Kahvila Ääni"]),
        ("ääni", ["Kahvila Ääni"]),
        ("ään", ["Kahvila Ääni"]),
        ("hvil", []),
        ("面", ["兰州拉面", "面包房"]),
        ("拉面", ["兰州拉面"]),
        ("州拉面", ["兰州拉面"]),
        ("lanzhou", ["兰州拉面"]),
        ("lzlm", ["兰州拉面"]),
        ("моск", ["Москва 50% off_"]),
        ("50%", ["Москва 50% off_"]),
        ("off_", ["Москва 50% off_"]),
        ("_", []),
        ("%", []),
        ("%%%", []),
        ("a\\b'c", []),
        ("'; DROP TABLE search_searchstore; --", []),
        ("ääni kahvila", ["Kahvila Ääni"]),
        ("kahvila 面", ["兰州拉面", "面包房"]),
        ("\x00", ["Kahvila Ääni", "兰州拉面", "面包房", "Москва 50% off_"]),
    ],
)
def test_text_finds_parts_of_names_in_any_script(at: datetime, text: str, expected: list[str]) -> None:
    put("Kahvila Ääni", "兰州拉面", "面包房", "Москва 50% off_", at=at)
    assert named(queries.nearby(place=HERE, at=at, text=text)) == expected
    items = json.loads(queries.nearby_json(place=HERE, text=text))["items"]
    assert [item["names"]["name"] for item in items] == expected


def test_text_also_finds_the_category_and_what_is_on_offer(at: datetime) -> None:
    store = merchants.store(name="Kahvila")
    catalog.offer(store=store, title="Two-person brunch")
    index_stores(store_refs=[store.public_id], at=at)
    for text in ("cafe", "food", "brunch", "kahvila brunch"):
        assert named(queries.nearby(place=HERE, at=at, text=text)) == ["Kahvila"]


def test_rare_and_common_words_are_found_alike(at: datetime) -> None:
    """The statement takes another way for words that many rows have; both answer as brute force does."""
    many_stores.generate(4_000)
    execute("UPDATE search_searchstore SET words = words || to_tsvector('simple', 'everywhere')")
    stores = [{**store, "text": store["text"] + " everywhere"} for store in everything()]
    groups, _categories = many_stores.slugs()
    hits = {}
    for text in ("everywhere", "every golden", "golden", "金龙", "lucky cedar", "nothing"):
        hits[text] = len(brute_force(stores, Place(25.0, 60.2), None, 4_000, text))
        for category in (None, groups[0], groups[5]):
            place = Place(25.0, 60.2)
            found = queries.nearby(place=place, at=at, category=category, text=text, radius_m=200_000)
            assert [card.ref for card in found.items] == brute_force(stores, place, category, 20, text), text
    assert min(hits.values()) == 0 < hits["金龙"] < statements.FEW < hits["everywhere"]


def test_the_radius_is_metres_on_the_ground(at: datetime) -> None:
    put("Here", at=at)
    far = merchants.listing(name="Far", lon=HERE.lon + 0.02)  # 1.1 km east at 60 degrees north
    index_stores(store_refs=[far.public_id], at=at)
    assert named(queries.nearby(place=HERE, at=at, radius_m=1_000)) == ["Here"]
    assert named(queries.nearby(place=HERE, at=at, radius_m=1_200)) == ["Here", "Far"]
    assert named(queries.nearby(place=HERE, at=at, radius_m=1_000, text="far")) == []


def test_open_now_keeps_what_is_open_and_goes_on_after_what_it_looked_at(at: datetime) -> None:
    put("Morning only", at=at, opening_hours="Mo-Su 06:00-08:00")
    put("Unknown", at=at, opening_hours="")
    put("All day", "All day too", "All day as well", at=at, opening_hours="Mo-Su 08:00-20:00")
    first = queries.nearby(place=HERE, at=at, open_now=True, limit=2)
    assert len(first.items) == 2
    assert first.next is not None
    second = queries.nearby(place=HERE, at=at, open_now=True, limit=2, after=first.next)
    assert sorted(named(first) + named(second)) == ["All day", "All day as well", "All day too"]
    assert second.next is None


def test_the_limit_is_bounded(at: datetime) -> None:
    put("A", "B", at=at)
    assert len(queries.nearby(place=HERE, at=at, limit=0).items) == 1
    assert len(queries.nearby(place=HERE, at=at, limit=10**9).items) == 2


def test_the_json_has_the_great_circle_distance(at: datetime) -> None:
    put("Here", "East", at=at)
    items = json.loads(queries.nearby_json(place=HERE, limit=5))["items"]
    cards = queries.nearby(place=HERE, at=at).items
    assert [item["distance_m"] for item in items] == [round(card.distance_m) for card in cards]
    assert items[1]["distance_m"] == pytest.approx(55.3, abs=0.7)


@pytest.mark.parametrize("count", [1, 3])
def test_every_list_is_one_statement(at: datetime, django_assert_num_queries: Any, count: int) -> None:
    put(*(f"Store {number}" for number in range(count)), at=at)
    for options in ({}, {"category": "cafe"}, {"text": "st"}, {"text": "store", "category": "food"}):
        with django_assert_num_queries(1):
            assert len(queries.nearby(place=HERE, at=at, **options).items) == count  # type: ignore[arg-type]
        with django_assert_num_queries(1):
            queries.nearby_json(place=HERE, **options)  # type: ignore[arg-type]
    with django_assert_num_queries(1):
        queries.nearby(place=HERE, at=at, open_now=True)
    with django_assert_num_queries(2):
        feed = queries.home_feed(place=HERE, at=at)
    assert len(feed.stores.items) == count


def test_chinese_and_cyrillic_have_trigrams() -> None:
    """Where the database's LC_CTYPE is C they have none, and each such search reads every row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_length(show_trgm('火锅城'), 1), array_length(show_trgm('Москва'), 1)")
        assert cursor.fetchone() == (4, 7)
