"""How much of the database a question touches: hardly more in a large town than in a small one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hutong.attract.search.queries.asked import ask
from hutong.attract.search.queries.facets import facet_statement
from hutong.attract.search.queries.find import list_statement, read_cursor
from hutong.attract.search.queries.paths import Bounds
from hutong.attract.search.types import Circle, Question, StoreSort
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, scalar
from tests.factories import merchants

# Indexes tell by themselves what is asked only of rows that VACUUM has seen, and VACUUM runs in no transaction.
pytestmark = pytest.mark.django_db(transaction=True)
MIDDLE = Place(24.94, 60.17)
AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
SMALL, LARGE = 1_500, 12_000
_INSERT = """
INSERT INTO search_searchstore (store_id, store_ref, region_id, category_id, root_category_id, lon, lat, words, district_id,
  hours_id, rating, reviews, deals, price_from, price_band, sold, tags, quality, card, indexed_at)
SELECT n, 'sto_' || n, 1, (%(categories)s::int8[])[1 + n %% 4], %(group)s, 24.94 + (random() - 0.5) * 0.2,
       60.17 + (random() - 0.5) * 0.1, setweight(to_tsvector('simple', CASE n %% 3 WHEN 0 THEN 'golden' ELSE 'silver' END
         || ' shop' || n %% 500 || ' ' || CASE WHEN n <= 15 THEN 'aurora' ELSE 'bar' END), 'A'),
       n %% 3, NULL, 3 + n %% 20 / 10.0, 0, n %% 2, CASE WHEN n %% 2 = 1 THEN 900 END, n %% 2 * (1 + n %% 4), 0, '{}', 0.5,
       '{}', now()
  FROM generate_series(%(first)s::int8, %(last)s::int8) n
"""
NEAR = Circle(MIDDLE, 50_000)
QUESTIONS = {
    "plain": Question(MIDDLE, NEAR, AT),
    "nearest": Question(MIDDLE, NEAR, AT, sort=StoreSort.DISTANCE),
    "category": Question(MIDDLE, NEAR, AT, category="cafe"),
    "common word": Question(MIDDLE, NEAR, AT, text="golden"),
    "rare word": Question(MIDDLE, NEAR, AT, text="aurora"),
}


def blocks(sql: str, params: dict[str, Any]) -> int:
    """What the second run of a statement touches: the first one also reads the catalogue of the database."""
    for _run in range(2):
        plan = scalar(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def touched() -> dict[str, int]:
    found = {name: blocks(*list_statement(ask(one), read_cursor(None))) for name, one in QUESTIONS.items()}
    counted = ask(QUESTIONS["plain"])
    return found | {"counts": blocks(facet_statement(counted, Bounds(), 500, 100), counted.params)}


def test_a_town_eight_times_as_large_costs_hardly_more() -> None:
    categories = [merchants.category(slug, group="food") for slug in ("cafe", "bakery", "bar", "pub")]
    keys = {"categories": [one.pk for one in categories], "group": categories[0].parent_id}
    execute("SELECT setseed(0.5)")
    found = []
    for first, last in ((1, SMALL), (SMALL + 1, LARGE)):
        execute(_INSERT, {**keys, "first": first, "last": last})
        # The vocabulary tells common words from rare ones.
        execute("DELETE FROM search_searchterm")
        execute(
            "INSERT INTO search_searchterm (key, term, kind, stores)"
            " VALUES ('golden', 'golden', 'word', %s), ('aurora', 'aurora', 'word', 15)",
            [last // 3],
        )
        execute("VACUUM (ANALYZE) search_searchstore, search_searchterm")
        found.append(touched())
    small, large = found
    # How well an index of places is filled depends on the order of the rows: hence a margin, far from eight times.
    assert all(large[name] <= 3 * small[name] + 50 for name in large), (small, large)
    assert large["rare word"] < large["common word"]
