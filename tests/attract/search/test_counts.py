"""What a question may be narrowed to is counted exactly in areas too large to look through, whatever else is asked."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hutong.attract.search.queries.asked import ask
from hutong.attract.search.queries.facets import count
from hutong.attract.search.queries.paths import Bounds as Ways
from hutong.attract.search.rules import kinds
from hutong.attract.search.types import Area, Circle, Count, Facet, Question, StoreSort
from hutong.kernel.rows import execute, rows, scalar
from hutong.town.catalog.rules import TAGS
from hutong.town.regions.models import Region
from tests.attract.search.test_find import (
    AT,
    MIDDLE,
    brute_force,
    city,
    random_question,
)
from tests.factories import regions

__all__ = ["city"]
pytestmark = pytest.mark.django_db
# So few are looked at, that nothing but what very many have is settled by them.
FEW = 25


@pytest.fixture
def areas(city: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same city, whose districts and circles are regions."""
    parent = regions.region()
    for number in sorted({store["district_id"] for store in city} | {store["circle_id"] for store in city}):
        Region.objects.create(
            id=10_000 + number,
            slug=f"area-{number}",
            names={"en": f"Area {number}"},
            kind="district" if number < 10 else "circle",
            parent=parent,
            lon=25.0, lat=60.2, west=24.5, south=60.0, east=25.5, north=60.4,
            zone="UTC",
            currency="EUR",
        )  # fmt: skip
    execute("UPDATE search_searchstore SET district_id = district_id + 10000, circle_id = circle_id + 10000")
    return city


def narrowed(question: Question, found: Any) -> Iterator[tuple[Question, Facet]]:
    """Each value with the question that it would be."""
    for facet in found.categories:
        yield replace(question, category=facet.value), facet
    for facet in found.price_bands:
        yield replace(question, price_bands=frozenset({int(facet.value)})), facet
    for facet in found.ratings:
        yield replace(question, least_rating=float(facet.value)), facet
    for facet in found.tags:
        yield replace(question, tags=frozenset({facet.value})), facet


def truth(question: Question, stores: list[dict[str, Any]], most: int) -> Count:
    """How many there are by looking at every store."""
    if isinstance(question.within, Area):
        question = replace(
            question, within=replace(question.within, region_id=question.within.region_id - 10_000)
        )
    number = len(brute_force(question, stores))
    return Count(min(number, most), number > most)


def asked_at_random(chance: random.Random) -> Question:
    question = replace(random_question(chance), text="", limit=1)
    if isinstance(question.within, Area):
        question = replace(
            question, within=replace(question.within, region_id=question.within.region_id + 10_000)
        )
    return replace(question, least_rating=chance.choice((question.least_rating, 4.2)))


def compare(stores: list[dict[str, Any]], times: int, seed: int) -> int:
    """Ask at random, with every bound tiny; how many values were compared."""
    chance, compared = random.Random(seed), 0
    for number in range(times):
        question, most = asked_at_random(chance), (1_000, 15)[number % 2]
        counted = count(ask(question), looked_at=FEW, most=most)
        assert counted.total == truth(question, stores, most), question
        assert counted.facets.open == truth(replace(question, open_at=AT), stores, most), question
        assert counted.facets.with_deal == truth(replace(question, has_deal=True), stores, most), question
        assert counted.facets.bookable == truth(replace(question, bookable=True), stores, most), question
        for one, facet in narrowed(question, counted.facets):
            # A promise that is asked for beside others is one more; every other value takes the place of its filter.
            assert facet.count == truth(one, stores, most), (question, facet)
            compared += 1
        for facet in counted.facets.areas:
            key = int(facet.value.removeprefix("area-"))
            there = [store for store in stores if key in (store["district_id"], store["circle_id"])]
            assert facet.count == truth(question, there, most), (question, facet)
            compared += 1
        for left_out in counted.without:
            assert left_out.count == truth(_without(question, left_out.filter), stores, most), question
            compared += 1
    return compared


def _without(question: Question, name: str) -> Question:
    plain: dict[str, dict[str, Any]] = {
        "category": {"category": None},
        "price": {"price_bands": frozenset()},
        "rating": {"least_rating": None},
        "open": {"open_at": None},
        "deal": {"has_deal": False},
        "bookable": {"bookable": False},
        "tags": {"tags": frozenset()},
    }
    return replace(question, **plain[name])


def test_counts_of_an_area_that_is_not_looked_through_equal_brute_force(areas: list[dict[str, Any]]) -> None:
    assert compare(areas, 25, 3) > 200


@pytest.mark.long
def test_counts_of_many_random_questions_equal_brute_force(areas: list[dict[str, Any]]) -> None:
    assert compare(areas, 500, 5) > 4_000


def test_what_is_given_up_says_at_least(areas: list[dict[str, Any]]) -> None:
    """Hours are no part of a kind: an hour at which few are open may be given up, and never says too many."""
    early = AT.replace(hour=7, minute=30)
    question = Question(MIDDLE, Circle(MIDDLE, 50_000), AT, open_at=early, sort=StoreSort.DISTANCE)
    counted = count(ask(question), looked_at=FEW, bounds=Ways(counted=20))
    assert counted.total.more
    assert 0 < counted.total.number < truth(question, areas, 1_000).number
    for one, facet in narrowed(question, counted.facets):
        expected = truth(one, areas, 1_000)
        assert facet.count == expected or (facet.count.more and facet.count.number <= expected.number)


def test_the_kind_of_a_row_is_what_the_rules_read_out_of_it(city: list[dict[str, Any]]) -> None:
    assert kinds.TAGS == TAGS
    for row in rows("SELECT kind, category_id, price_band, rating, deals, tags FROM search_searchstore"):
        kind = row["kind"]
        assert kind >> kinds.CATEGORY_SHIFT == row["category_id"]
        assert kind >> kinds.BAND_SHIFT & kinds.BAND_MASK == row["price_band"]
        stars = kind >> kinds.STARS_SHIFT & kinds.STARS_MASK
        assert stars == sum(row["rating"] >= least for least in kinds.STARS)
        assert bool(kind >> kinds.DEAL_BIT & 1) == (row["deals"] > 0)
        assert kind & 1023 == kinds.tag_bits(row["tags"])


def test_every_kind_is_known_after_a_change(city: list[dict[str, Any]]) -> None:
    unknown = (
        "SELECT count(*) FROM search_searchstore s WHERE s.kind NOT IN (SELECT kind FROM search_searchkind)"
    )
    assert scalar(unknown) == 0
    execute("UPDATE search_searchstore SET rating = 4.6, tags = '{takeaway,group_price}' WHERE store_id < 5")
    assert scalar(unknown) == 0


def test_words_are_counted_by_every_way(areas: list[dict[str, Any]]) -> None:
    """Of few with them, of an area with few stores, of both, and of neither: then at least so many are told."""
    for ways in (Ways(), Ways(first_text=30, counted_hits=1_000), Ways(first_text=0, counted_hits=60)):
        chance = random.Random(9)
        for _number in range(6):
            question = replace(
                asked_at_random(chance), text=chance.choice(("golden", "lucky noodle", "gold"))
            )
            counted = count(ask(question), bounds=ways, looked_at=FEW)
            expected = truth(question, areas, 1_000)
            exact = counted.total == expected
            assert exact or (counted.total.more and counted.total.number <= expected.number), (ways, question)
            assert exact or ways.counted_hits < 100
