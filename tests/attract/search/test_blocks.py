"""How much of the database a nearby search touches. Blocks do not depend on the machine."""

import random

import pytest

from bench.load import Statement, touched
from hutong.attract.search.queries.stores import nearby_json_statement
from hutong.kernel.geo import Place
from tests.factories import many_stores
from tests.factories.many_stores import random_place

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MOST = 100
# The indexes of the text take long to build and play no part here.
NEAREST = ("search_store_place", "search_store_category", "search_store_group")


def blocks_touched(place: Place, category: str | None) -> int:
    """How many blocks the statement of the JSON route reads for a page of 20."""
    statement = nearby_json_statement(
        place=place, category=category, text=None, limit=20, after=None, radius_m=200_000.0
    )
    return touched(Statement(*statement)).blocks


def worst(count: int) -> dict[str, int]:
    """The most blocks that any of 40 searches touches, for each kind of search, over `count` stores."""
    many_stores.generate(count, indexes=NEAREST)
    groups, categories = many_stores.slugs()
    found = {}
    for kind, choices in (("all", [None]), ("group", groups), ("category", categories)):
        chance = random.Random(11)
        counts = [blocks_touched(random_place(chance), chance.choice(choices)) for _ in range(42)]
        found[kind] = max(counts[2:])  # the first ones also read the catalogue of the database
    return found


@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_many_stores_cost_hardly_more_than_ten_thousand(count: int) -> None:
    small = worst(10_000)
    large = worst(count)
    assert all(blocks <= MOST for blocks in large.values()), large
    assert all(large[kind] <= 2 * small[kind] for kind in large), (small, large)


def test_the_measure_sees_a_missing_index() -> None:
    """The control: without its index, the same search in a category reads far more than it may."""
    many_stores.generate(50_000, indexes=NEAREST)
    category = many_stores.slugs()[1][-1]
    chance = random.Random(11)
    places = [random_place(chance) for _ in range(5)]
    many_stores.drop_index("search_store_category")
    assert max(blocks_touched(place, category) for place in places) > MOST
