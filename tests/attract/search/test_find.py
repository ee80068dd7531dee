"""One question: what it finds is what looking at every store finds, in the same order, whichever way it takes."""

import json
import math
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hutong.attract.search.queries import CursorInvalid
from hutong.attract.search.queries.asked import QuestionInvalid, ask
from hutong.attract.search.queries.facets import count
from hutong.attract.search.queries.find import find, list_statement, listed, read_cursor
from hutong.attract.search.queries.paths import Bounds as Ways
from hutong.attract.search.rules import scale_at, tokens
from hutong.attract.search.types import Answer, Area, Bounds, Circle, Count, Question, StoreSort
from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import execute, rows, scalar
from tests.factories import merchants

pytestmark = pytest.mark.django_db
MIDDLE = Place(24.94, 60.17)
AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
WORDS = ("golden", "kahvila", "noodle", "bar", "salon", "lucky", "aurora", "harbour")
TAGS = ("refund_any_time", "no_booking", "book_ahead")
# So few rows are looked at that every way is taken, and given up, among a few hundred stores.
NARROW = Ways(
    first_plain=60, first_text=30, pool_plain=40, few=20, hits=25, far=70, window_plain=15, window_text=12
)


@pytest.fixture
def city() -> list[dict[str, Any]]:
    """400 invented stores around the middle, as the index has them; their categories are in two groups."""
    chance = random.Random(20261122)
    categories = [merchants.category(slug, group=group) for slug, group in _CATEGORIES]
    execute(
        "INSERT INTO search_searchhours (id, zone, hours, around, open, known_from, known_until)"
        " SELECT g, 'UTC', 'h' || g, '', tstzmultirange(tstzrange("
        "'2026-06-03 06:00+00'::timestamptz + make_interval(hours => g), '2026-06-03 20:00+00')),"
        " '2026-06-01', '2026-06-10' FROM generate_series(1, 6) g"
    )
    stores = []
    for number in range(1, 401):
        category = chance.choice(categories)
        deals = chance.choice((0, 0, 1, 3))
        name = " ".join(chance.sample(WORDS, chance.choice((1, 2, 2, 3))))
        stores.append(
            {
                "store_id": number,
                "lon": MIDDLE.lon + chance.gauss(0, 0.02),
                "lat": MIDDLE.lat + chance.gauss(0, 0.01),
                "category_id": category.pk,
                "root_category_id": category.parent_id,
                "slug": category.slug,
                "name": name,
                "district_id": 1 + number % 3,
                "circle_id": 10 + number % 7,
                "hours_id": chance.choice((None, 1, 2, 3, 4, 5, 6)),
                "rating": chance.choice((0.0, round(chance.uniform(2.5, 5), 2))),
                "price_from": chance.randrange(500, 9_000, 100) if deals else None,
                "price_band": chance.randrange(1, 5) if deals else 0,
                "deals": deals,
                "sold": chance.randrange(40) if deals else 0,
                "tags": chance.sample(TAGS, chance.randrange(3)) if deals else [],
                "quality": round(chance.random(), 3),
            }
        )
    execute(_INSERT, [json.dumps(stores)])
    # Of one word the vocabulary says that it is common, of the others that no store has them.
    execute(
        "INSERT INTO search_searchterm (key, term, kind, stores) VALUES ('golden', 'golden', 'word', 390)"
    )
    execute("ANALYZE search_searchstore")
    return stores


_CATEGORIES = [("cafe", "food"), ("bakery", "food"), ("barber", "beauty"), ("massage", "beauty")]


_INSERT = """
INSERT INTO search_searchstore (store_id, store_ref, region_id, category_id, root_category_id, lon, lat, words, district_id,
  circle_id, hours_id, rating, reviews, deals, price_from, price_band, sold, tags, quality, card, indexed_at)
SELECT s.store_id, 'sto_' || s.store_id, 1, s.category_id, s.root_category_id, s.lon, s.lat,
       setweight(to_tsvector('simple', s.name), 'A'), s.district_id, s.circle_id, s.hours_id, s.rating, 0, s.deals,
       s.price_from, s.price_band, s.sold, s.tags, s.quality,
       jsonb_build_object('ref', 'sto_' || s.store_id, 'names', jsonb_build_object('name', s.name), 'category', s.slug,
         'category_names', '{}'::jsonb, 'emoji', '', 'address', '', 'lon', s.lon, 'lat', s.lat, 'opening_hours', '',
         'zone', 'UTC', 'price_from', NULL, 'unit', NULL, 'deals', s.deals, 'claimed', false, 'sample', true), now()
  FROM jsonb_to_recordset(%s::jsonb) AS s(store_id int8, name text, slug text, category_id int8, root_category_id int8,
       lon float8, lat float8, district_id int8, circle_id int8, hours_id int8, rating float8, deals int, price_from int8,
       price_band int2, sold int, tags text[], quality float8)
"""


def random_question(chance: random.Random) -> Question:
    """A question with some of everything one may ask."""
    place = Place(MIDDLE.lon + chance.gauss(0, 0.01), MIDDLE.lat + chance.gauss(0, 0.005))
    box = Bounds(place.lon - 0.02, place.lat - 0.008, place.lon + 0.03, place.lat + 0.01)
    whole = Bounds(24.5, 60.0, 25.5, 60.4)
    places: list[Circle | Bounds | Area] = [
        Circle(place, chance.choice((800, 3_000, 50_000))),
        Circle(MIDDLE, 2_000),
        box,
        Area(2, whole),
        Area(13, whole),
    ]
    within = chance.choice(places)
    return Question(
        place=place,
        within=within,
        at=AT,
        text=chance.choice(("", "", "golden", "kahvila", "gold", "golden bar", "lucky noodle salon")),
        category=chance.choice((None, None, "food", "beauty", "cafe", "massage")),
        price_bands=frozenset(chance.choice(((), (), (), (1, 2), (4,)))),
        least_rating=chance.choice((None, None, 3.5, 4.5)),
        open_at=chance.choice((None, None, AT, AT.replace(hour=7, minute=30))),
        has_deal=chance.random() < 0.2,
        bookable=chance.random() < 0.1,
        tags=frozenset(chance.choice(((), (), (), ("no_booking",), TAGS[:2]))),
        sort=chance.choice([sort for sort in StoreSort if sort is not StoreSort.RELEVANCE]),
        limit=chance.choice((3, 10, 20)),
    )


def answers(question: Question, store: dict[str, Any]) -> bool:
    """Whether a store answers, in plain Python."""
    within, (x, y) = question.within, mercator(Place(store["lon"], store["lat"]))
    if isinstance(within, Circle):
        cx, cy = mercator(within.place)
        inside = ((x - cx) ** 2 + (y - cy) ** 2) ** 0.5 <= within.radius_m * scale_at(within.place.lat)
    else:
        box = within if isinstance(within, Bounds) else within.bounds
        inside = box.west <= store["lon"] <= box.east and box.south <= store["lat"] <= box.north
        if isinstance(within, Area):
            inside = inside and within.region_id in (store["district_id"], store["circle_id"])
    group = dict(_CATEGORIES)[store["slug"]]
    words = store["name"].split()
    spans = {number: (6 + number, 20) for number in range(1, 7)}
    opens = question.open_at
    hour = None if opens is None else opens.hour + opens.minute / 60
    open_then = hour is None or (
        store["hours_id"] is not None and spans[store["hours_id"]][0] <= hour < spans[store["hours_id"]][1]
    )
    return (
        inside
        and all(any(word.startswith(piece) for word in words) for piece in question.text.split())
        and question.category in (None, store["slug"], group)
        and (not question.price_bands or store["price_band"] in question.price_bands)
        and (question.least_rating is None or store["rating"] >= question.least_rating)
        and open_then
        and (not question.has_deal or store["deals"] > 0)
        and (not question.bookable or "book_ahead" in store["tags"])
        and question.tags <= set(store["tags"])
    )


def brute_force(question: Question, stores: list[dict[str, Any]]) -> list[str]:
    """All that answers, in the order that is asked for, by looking at every store."""
    x, y = mercator(question.place)

    def away(store: dict[str, Any]) -> float:
        sx, sy = mercator(Place(store["lon"], store["lat"]))
        return math.hypot(sx - x, sy - y)

    keys: dict[StoreSort, Any] = {
        StoreSort.DISTANCE: lambda one: (away(one), one["store_id"]),
        StoreSort.RATING: lambda one: (-one["rating"], -one["store_id"]),
        StoreSort.PRICE: lambda one: (one["price_from"] or 2**62, one["store_id"]),
        StoreSort.SALES: lambda one: (-one["sold"], -one["store_id"]),
        StoreSort.NEWEST: lambda one: -one["store_id"],
    }
    found = sorted((one for one in stores if answers(question, one)), key=keys[question.sort])
    return [f"sto_{one['store_id']}" for one in found]


def all_pages(question: Question, ways: Ways) -> list[str]:
    """Every page after the other until there is none."""
    refs: list[str] = []
    for _page in range(500):
        page = listed(question, bounds=ways)
        refs += [one.card.ref for one in page.items]
        if page.next is None:
            return refs
        question = replace(question, after=page.next)
    raise AssertionError("the list does not end")


def compare(stores: list[dict[str, Any]], times: int, seed: int) -> int:
    """Ask at random, and compare all pages with brute force; how many stores were found in all."""
    chance, found = random.Random(seed), 0
    for number in range(times):
        question = random_question(chance)
        expected = brute_force(question, stores)
        ways = NARROW if number % 2 else Ways()
        assert all_pages(question, ways) == expected, question
        found += len(expected)
    return found


def test_random_questions_equal_brute_force_on_every_page(city: list[dict[str, Any]]) -> None:
    assert compare(city, 40, 7) > 100


@pytest.mark.long
def test_a_thousand_random_questions_equal_brute_force(city: list[dict[str, Any]]) -> None:
    assert compare(city, 1_000, 11) > 2_000


@pytest.mark.parametrize("text", ["", "golden", "kahvila"])
@pytest.mark.parametrize("ways", [Ways(), NARROW])
def test_by_relevance_the_pages_are_all_that_answers_each_once(
    city: list[dict[str, Any]], text: str, ways: Ways
) -> None:
    question = Question(MIDDLE, Circle(MIDDLE, 3_000), AT, text=text, limit=7)
    refs = all_pages(question, ways)
    assert sorted(refs) == sorted(brute_force(replace(question, sort=StoreSort.DISTANCE), city))


def test_facets_are_counted_without_their_own_filter(city: list[dict[str, Any]]) -> None:
    chance = random.Random(3)
    for _number in range(12):
        question = replace(random_question(chance), limit=1)
        counted = count(ask(question, tokens.typed(question.text)))
        assert counted.total.number == len(brute_force(question, city))
        free = replace(question, price_bands=frozenset())
        for facet in counted.facets.price_bands:
            one = replace(free, price_bands=frozenset({int(facet.value)}))
            assert facet.count.number == len(brute_force(one, city)), question
        for facet in counted.facets.ratings:
            one = replace(question, least_rating=float(facet.value))
            assert facet.count.number == len(brute_force(one, city)), question
        for facet in counted.facets.categories:
            one = replace(question, category=facet.value)
            assert facet.count.number == len(brute_force(one, city)), question
        for facet in counted.facets.tags:
            one = replace(question, tags=frozenset({facet.value}))
            assert facet.count.number == len(brute_force(one, city)), question
        assert counted.facets.open.number == len(brute_force(replace(question, open_at=AT), city))
        assert counted.facets.with_deal.number == len(brute_force(replace(question, has_deal=True), city))


def test_nothing_found_says_what_is_nearest_and_what_to_leave_out(city: list[dict[str, Any]]) -> None:
    far = Place(25.4, 60.17)
    answer = find(Question(far, Circle(far, 500), AT, text="golden", sort=StoreSort.DISTANCE))
    assert answer.items == ()
    nearest = brute_force(
        Question(far, Circle(far, 90_000), AT, text="golden", sort=StoreSort.DISTANCE), city
    )[0]
    assert answer.nearest is not None
    assert answer.nearest.ref == nearest
    picky = Question(MIDDLE, Circle(MIDDLE, 9_000), AT, least_rating=5.0, category="cafe")
    left_out = {one.filter: one.count.number for one in find(picky).left_out}
    assert left_out == {
        "rating": len(brute_force(replace(picky, least_rating=None, sort=StoreSort.DISTANCE), city))
    }


def test_a_typing_error_is_mended_and_said(city: list[dict[str, Any]]) -> None:
    know(*WORDS)
    for typed, meant in (("godlen", "golden"), ("kahvla bar", "kahvila bar"), ("habrour", "harbour")):
        answer = find(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text=typed))
        assert answer.corrected == meant
        assert all(word in answer.items[0].card.names["name"] for word in meant.split())
    assert find(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text="golden")).corrected == ""


def know(*words: str) -> None:
    """The vocabulary has these words, each of 50 stores."""
    for word in words:
        execute(
            "INSERT INTO search_searchterm (key, term, kind, stores) VALUES (%s, %s, 'word', 50)"
            " ON CONFLICT DO NOTHING",
            [word, word],
        )


def test_who_insists_on_what_was_typed_is_not_corrected(city: list[dict[str, Any]]) -> None:
    know(*WORDS)
    question = Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text="godlen")
    assert find(question).corrected == "golden"
    exact = find(replace(question, exact=True))
    assert (exact.items, exact.corrected, exact.total) == ((), "", Count(0))
    typed_well = replace(question, text="golden")
    assert find(replace(typed_well, exact=True)) == find(typed_well)


def test_a_corrected_list_goes_on_for_all_its_pages(city: list[dict[str, Any]]) -> None:
    know(*WORDS)
    for sort in (StoreSort.DISTANCE, StoreSort.RELEVANCE):
        question = Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text="godlen", sort=sort, limit=20)
        refs, after = [], None
        for _page in range(100):
            page = find(replace(question, after=after), facets=False)
            assert page.corrected == "golden"
            refs += [one.card.ref for one in page.items]
            after = page.next
            if after is None:
                break
        expected = brute_force(replace(question, text="golden", sort=StoreSort.DISTANCE), city)
        assert len(expected) > 40
        assert sorted(refs) == sorted(expected)
        assert sort is StoreSort.RELEVANCE or refs == expected


def test_the_parts_of_a_score_add_up(city: list[dict[str, Any]]) -> None:
    for text in ("", "golden"):
        answer = find(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text=text), explain=True, facets=False)
        for one in answer.items:
            assert one.score == pytest.approx(sum(part.value * part.weight for part in one.parts))
        scores = [one.score or 0 for one in answer.items]
        assert scores == sorted(scores, reverse=True)
        assert sum(part.weight for part in answer.items[0].parts) == pytest.approx(1)


def test_how_many_statements_a_question_is(
    city: list[dict[str, Any]], django_assert_num_queries: Any
) -> None:
    question = Question(MIDDLE, Circle(MIDDLE, 9_000), AT, limit=1)
    for limit in (1, 3):
        with django_assert_num_queries(1):
            assert len(find(replace(question, limit=limit), facets=False).items) == limit
        with django_assert_num_queries(2):
            assert len(find(replace(question, limit=limit, text="golden")).items) == limit
    with django_assert_num_queries(3):  # nothing found: the nearest
        find(replace(question, least_rating=5.0))
    with django_assert_num_queries(4):  # nothing is called so: spellings, then the nearest
        find(replace(question, text="qqqqq"))


def test_every_way_looks_at_no_more_rows_than_its_bound(city: list[dict[str, Any]]) -> None:
    chance = random.Random(5)
    for _number in range(20):
        question = random_question(chance)
        sql, params = list_statement(ask(question), read_cursor(None), NARROW)
        plan = scalar(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)[0]["Plan"]
        most = max(_rows_of_scans(plan), default=0)
        assert most <= NARROW.far + 32, (question, most)  # a sort of groups reads one group ahead


def _rows_of_scans(plan: dict[str, Any]) -> list[float]:
    found = []
    if (
        plan.get("Relation Name") == "search_searchstore"
        and plan["Node Type"].startswith("Index")
        and plan.get("Alias") != "s"
    ):
        found.append(plan["Actual Rows"] * plan["Actual Loops"])
    for child in plan.get("Plans", ()):
        found += _rows_of_scans(child)
    return found


@pytest.mark.parametrize(
    "cursor", ["x", "1~2", "nan~1_", "1~2_3~x", "_" * 9, "1e999~1_", "5~1_" + "9" * 99 + "~1"]
)
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        listed(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, after=cursor))


@pytest.mark.parametrize("radius", [0, 0.5, 6_371_000.0, float("nan"), float("inf"), -1])
def test_a_radius_of_nothing_or_of_the_earth_is_refused(radius: float) -> None:
    with pytest.raises(QuestionInvalid):
        listed(Question(MIDDLE, Circle(MIDDLE, radius), AT))


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "'; DROP TABLE search_searchstore; --", "a\\b'c%_", "\x00", "金 & | ! <-> ( :*"]
)
def test_any_text_is_a_question(city: list[dict[str, Any]], text: str) -> None:
    answer: Answer = find(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text=text))
    assert len(answer.items) in (0, 20)
    assert rows("SELECT count(*) AS n FROM search_searchstore")[0]["n"] == 400


def test_signs_that_nothing_is_called_find_nothing(city: list[dict[str, Any]]) -> None:
    answer = find(Question(MIDDLE, Circle(MIDDLE, 9_000), AT, text="😀😀 !!!"))
    assert (answer.items, answer.next, answer.total and answer.total.number) == ((), None, 0)
