"""What every engine promises: the same questions, asked of each, with the same answers."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from hutong.attract.search import queries
from hutong.attract.search.opensearch.calls import server
from hutong.attract.search.queries import CursorInvalid, QuestionInvalid
from hutong.attract.search.queries.engine import Engine, InOpenSearch, InPostgres
from hutong.attract.search.types import (
    Answer,
    Area,
    Bounds,
    Circle,
    Count,
    LeftOut,
    Question,
    StoreSort,
    TermKind,
)
from hutong.kernel.geo import Place, PlaceInvalid
from tests.attract.search.engine.town import AT, HERE, Town, fill, question
from tests.fakes.opensearch import Simulator

EVENING = AT + timedelta(hours=9)


# First, because the ones below share a town in a transaction that outlives each of them.
@pytest.mark.django_db
def test_postgresql_answers_unless_another_is_named(settings: Any) -> None:
    assert settings.HUTONG_SEARCH_URL == ""
    assert queries.find(question("aurora")).total == Count(0)
    assert queries.suggest("aurora", place=HERE, language="en") == []


def found(town: Town, answer: Answer) -> list[str]:
    return town.names([one.card.ref for one in answer.items])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("拉面", ["Lanzhou Noodles"]),
        ("兰州", ["Lanzhou Noodles"]),
        ("lamian", ["Lanzhou Noodles"]),
        ("lzlm", ["Lanzhou Noodles"]),
        ("chaguan", ["Tea House"]),
        ("aurora", ["Cafe Aurora", "Aurora Noodle Bar"]),
        ("AURORA  noodle", ["Aurora Noodle Bar"]),
        ("ravint", ["Ravintola Meri"]),
        ("kettle", ["Golden Kettle", "Kettle and Sons"]),
        ("barber", ["Harbour Barber", "Lucky Salon"]),
        ("harbour barber", ["Harbour Barber"]),
    ],
)
def test_words_are_found_in_every_script_the_best_first(
    engine: Engine, town: Town, text: str, names: list[str]
) -> None:
    answer = engine.find(question(text), facets=False)
    assert found(town, answer)[: len(names)] == names
    assert answer.corrected == ""


def test_words_that_find_nothing_are_corrected(engine: Engine, town: Town) -> None:
    answer = engine.find(question("auorra"))
    assert (found(town, answer), answer.corrected) == (["Cafe Aurora", "Aurora Noodle Bar"], "aurora")
    first = engine.find(question("auorra", limit=1))
    assert first.next is not None
    rest = engine.find(question("auorra", limit=1, after=first.next))
    assert (found(town, first), found(town, rest)) == (["Cafe Aurora"], ["Aurora Noodle Bar"])
    assert engine.find(question("auorra", exact=True)).items == ()


@pytest.mark.parametrize(
    "text",
    [
        "🍜🍜",
        "!!!",
        '"',
        "\\",
        "AND OR NOT",
        "name:*",
        "a" * 10_000,
        "'; DROP TABLE x; --",
        "(*~2^5 {[",
        "\0",
    ],
)
def test_nothing_that_is_typed_is_an_error(engine: Engine, town: Town, text: str) -> None:
    answer = engine.find(question(text))
    assert answer.total is not None
    assert answer.total.number == len(answer.items)
    assert engine.suggest(text, place=HERE, language="en") is not None


_FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"category": "cafe"},
        ["Cafe Aurora", "Golden Kettle", "Kettle and Sons", "Tea House", "Harbour Lights Cafe"],
    ),
    ({"category": "beauty"}, ["Lucky Salon", "Harbour Barber"]),
    ({"category": "no-such"}, []),
    ({"price_bands": frozenset({1})}, ["Cafe Aurora", "Kettle and Sons"]),
    ({"price_bands": frozenset({2, 4})}, ["Lanzhou Noodles", "Ravintola Meri", "Harbour Barber"]),
    ({"least_rating": 4.5}, ["Cafe Aurora", "Harbour Barber", "Tea House"]),
    (
        {"has_deal": True, "category": "food"},
        ["Cafe Aurora", "Lanzhou Noodles", "Kettle and Sons", "Ravintola Meri"],
    ),
    ({"bookable": True}, ["Lanzhou Noodles", "Lucky Salon"]),
    ({"tags": frozenset({"book_ahead", "refund_any_time"})}, ["Lucky Salon"]),
    ({"open_at": EVENING}, ["Aurora Noodle Bar", "Kettle and Sons"]),
    ({"open_at": AT, "category": "noodles"}, ["Lanzhou Noodles", "Ravintola Meri"]),
    ({"text": "harbour", "least_rating": 4.0}, ["Harbour Barber", "Harbour Lights Cafe"]),
]


def _filter_id(filters: dict[str, Any]) -> str:
    """The names of the filters with their values, sets in order: workers must agree on it."""
    return ",".join(
        f"{name}={sorted(value) if isinstance(value, frozenset) else value}"
        for name, value in filters.items()
    )


@pytest.mark.parametrize(("filters", "names"), _FILTERS, ids=[_filter_id(filters) for filters, _ in _FILTERS])
def test_each_filter_leaves_the_stores_that_have_it(
    engine: Engine, town: Town, filters: dict[str, Any], names: list[str]
) -> None:
    answer = engine.find(question(sort=StoreSort.DISTANCE, **filters))
    assert sorted(found(town, answer)) == sorted(names)
    assert answer.total == Count(len(names))


def test_what_is_looked_at_is_a_circle_a_box_or_an_area(engine: Engine, town: Town) -> None:
    near = ["Cafe Aurora", "Aurora Noodle Bar", "Lanzhou Noodles"]
    asked = question(sort=StoreSort.DISTANCE)
    assert found(town, engine.find(replace(asked, within=Circle(HERE, 600)))) == near
    box = Bounds(HERE.lon + 0.004, HERE.lat - 0.001, HERE.lon + 0.010, HERE.lat + 0.001)
    assert found(town, engine.find(replace(asked, within=box))) == near[1:]
    all_around = Bounds(24, 60, 26, 61)
    area = Area(town.district.pk, all_around)
    assert found(town, engine.find(replace(asked, within=area))) == [*near, "Lucky Salon", "Harbour Bakery"]
    assert len(engine.find(replace(asked, within=all_around)).items) == 12


_ORDERS = {
    StoreSort.DISTANCE: ["Cafe Aurora", "Aurora Noodle Bar", "Lanzhou Noodles", "Lucky Salon"],
    StoreSort.RATING: ["Tea House", "Harbour Barber", "Cafe Aurora", "Lanzhou Noodles"],
    StoreSort.PRICE: ["Kettle and Sons", "Cafe Aurora", "Ravintola Meri", "Lanzhou Noodles"],
    StoreSort.SALES: ["Tea House", "Harbour Barber", "Cafe Aurora", "Lanzhou Noodles"],
    StoreSort.NEWEST: ["Harbour Lights Cafe", "Ravintola Meri", "Tea House", "Harbour Barber"],
    StoreSort.RELEVANCE: ["Cafe Aurora", "Lanzhou Noodles"],
}


@pytest.mark.parametrize("sort", StoreSort)
def test_pages_go_on_in_the_order_and_repeat_nothing(engine: Engine, town: Town, sort: StoreSort) -> None:
    names: list[str] = []
    after, pages = None, 0
    while pages == 0 or after:
        answer = engine.find(question(sort=sort, limit=3, after=after), facets=False)
        names += found(town, answer)
        after, pages = answer.next, pages + 1
        assert pages <= 6
    assert names[: len(_ORDERS[sort])] == _ORDERS[sort]
    assert sorted(names) == sorted(name for name in town.keys if name != "Far Away Bakery")


def test_a_cursor_that_nobody_gave_out_is_refused(engine: Engine) -> None:
    for after in ("x", "o", "o1", "0~0", "o_nan~1", "1_2_3_4"):
        with pytest.raises(CursorInvalid):
            engine.find(question(after=after), facets=False)


def test_what_cannot_be_meant_is_refused(engine: Engine) -> None:
    asked = question()
    for wrong in (
        Circle(HERE, 0),
        Circle(HERE, 6_400_000),
        Circle(HERE, float("nan")),
        Bounds(25, 60, 24, 61),
    ):
        with pytest.raises(QuestionInvalid):
            engine.find(replace(asked, within=wrong))
    with pytest.raises(PlaceInvalid):
        engine.find(replace(asked, within=Bounds(25, 60, 200, 61)))
    with pytest.raises(QuestionInvalid):
        engine.find(replace(asked, least_rating=7))


def test_every_value_is_counted_with_all_filters_but_its_own(engine: Engine) -> None:
    facets = engine.find(question()).facets
    assert facets is not None

    def counted(of: Question) -> dict[str, list[tuple[str, int, bool]]]:
        told = engine.find(of).facets
        assert told is not None
        lists = {
            "categories": told.categories,
            "price": told.price_bands,
            "stars": told.ratings,
            "tags": told.tags,
        }
        return {
            name: [(one.value, one.count.number, one.chosen) for one in some] for name, some in lists.items()
        }

    assert counted(question()) == {
        "categories": [("food", 9, False), ("beauty", 2, False)],
        "price": [("1", 2, False), ("2", 2, False), ("3", 1, False), ("4", 1, False)],
        "stars": [("3.5", 8, False), ("4", 6, False), ("4.5", 3, False)],
        "tags": [("book_ahead", 2, False), ("no_booking", 1, False), ("refund_any_time", 3, False)],
    }
    assert (facets.open.number, facets.with_deal.number, facets.bookable.number) == (8, 6, 2)
    assert [(one.value, one.names["en"], one.count) for one in facets.areas] == [
        ("harbour", "Helsinki", Count(5))
    ]
    narrowed = counted(question(category="cafe", price_bands=frozenset({1})))
    assert narrowed == {
        "categories": [("cafe", 2, True)],
        "price": [("1", 2, True)],
        "stars": [("3.5", 1, False), ("4", 1, False), ("4.5", 1, False)],
        "tags": [("refund_any_time", 1, False)],
    }
    assert counted(question("kettle"))["categories"] == [("food", 2, False)]


def test_where_nothing_is_found_the_nearest_is_said_and_what_to_leave_out(engine: Engine, town: Town) -> None:
    answer = engine.find(question("bakery", radius_m=600))
    assert (answer.items, answer.total) == ((), Count(0))
    assert answer.nearest is not None
    assert town.names([answer.nearest.ref]) == ["Harbour Bakery"]
    answer = engine.find(
        question(category="barber", least_rating=4.5, has_deal=True, price_bands=frozenset({1}))
    )
    assert answer.items == ()
    assert set(answer.left_out) == {LeftOut("price", Count(1)), LeftOut("category", Count(1))}


@pytest.mark.parametrize("text", ["", "aurora", "barber", "lamian"])
def test_a_score_is_the_sum_of_its_parts(engine: Engine, text: str) -> None:
    answer = engine.find(question(text), explain=True, facets=False)
    assert answer.items
    for one in answer.items:
        assert [part.name for part in one.parts] == [
            *(["text"] if text else []),
            "near",
            "quality",
            "open",
        ] or text
        total = sum(part.value * part.weight for part in one.parts)
        assert one.score == pytest.approx(total, abs=1e-4)
        assert all(0 <= part.value <= 1 for part in one.parts)
    assert engine.find(question(text), facets=False).items[0].parts == ()
    assert engine.find(question(text, sort=StoreSort.RATING), facets=False).items[0].score is None


def test_a_store_is_shown_with_its_stars_its_distance_and_its_deals(engine: Engine) -> None:
    (first, *_) = engine.find(question("aurora"), facets=False).items
    assert (first.rating, first.reviews, first.card.name("en")) == (4.6, 10, "Cafe Aurora")
    assert first.card.distance_m == pytest.approx(100, abs=2)
    assert [(deal.title("en"), deal.price.minor) for deal in first.deals] == [("Set for 1200", 1200)]
    assert first.card.open.open


@pytest.mark.parametrize(
    ("typed", "shop"), [("aur", "Cafe Aurora"), ("lzlm", "Lanzhou Noodles"), ("茶", "Tea House")]
)
def test_suggestions_name_shops_nearby(engine: Engine, town: Town, typed: str, shop: str) -> None:
    told = engine.suggest(typed, place=HERE, language="en")
    shops = [one for one in told if one.kind is TermKind.NAME and one.ref]
    assert town.refs[shop] == shops[0].ref
    assert shops[0].distance_m is not None
    assert engine.suggest(typed, place=Place(-70, -30), language="en", limit=1) is not None


def test_suggestions_name_categories_and_words(engine: Engine) -> None:
    told = engine.suggest("noodl", place=HERE, language="en")
    assert (told[0].kind, told[0].ref) == (TermKind.CATEGORY, "noodles")
    assert any(one.kind is TermKind.WORD for one in engine.suggest("harb", place=HERE, language="en"))
    assert engine.suggest("", place=HERE, language="en") == []


def _drawn(chance: random.Random, town: Town) -> Question:
    """Any question that the town can be asked."""
    choices: dict[str, Any] = {
        "category": chance.choice(("cafe", "food", "beauty", "barber", "noodles")),
        "price_bands": frozenset(chance.sample(range(1, 5), 2)),
        "least_rating": chance.choice((3.5, 4.0, 4.5)),
        "open_at": AT + timedelta(hours=chance.randrange(48)),
        "has_deal": True,
        "bookable": True,
        "tags": frozenset([chance.choice(("book_ahead", "refund_any_time"))]),
    }
    asked = {name: choices[name] for name in chance.sample(sorted(choices), chance.choice((0, 1, 1, 2, 3)))}
    words = chance.choice(("", "", "harbour", "aur", "kettle", "noodle", "cafe", "拉面", "lm"))
    radius_m = chance.choice((750.0, 2_050.0, 40_000.0))
    return question(words, radius_m=radius_m, sort=chance.choice(tuple(StoreSort)), exact=True, **asked)


def test_both_engines_say_the_same_of_questions_that_are_drawn(town: Town, cluster: Simulator) -> None:
    with override_settings(HUTONG_SEARCH_URL=cluster.url):
        fill(cluster.url)
    here, there = InPostgres(), InOpenSearch(server(cluster.url))
    chance = random.Random(20261122)
    answered = 0
    for _ in range(25):
        asked = _drawn(chance, town)
        one, other = here.find(asked, explain=True), there.find(asked, explain=True)
        assert found(town, one) == found(town, other), asked
        assert (one.total, one.facets, one.left_out) == (other.total, other.facets, other.left_out), asked
        assert (one.nearest and one.nearest.ref) == (other.nearest and other.nearest.ref), asked
        for this, that in zip(one.items, other.items, strict=True):
            assert (this.card, this.deals, this.rating) == (that.card, that.deals, that.rating)
            if this.score is not None:
                assert this.score == pytest.approx(that.score, abs=5e-4)
                values = [part.value for part in that.parts]
                assert [part.value for part in this.parts] == pytest.approx(values, abs=1e-3)
        answered += bool(one.items)
    assert 10 < answered < 25
