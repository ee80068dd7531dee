"""How much of the database a tile touches, far out and near. Blocks do not depend on the machine."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from hutong.attract.search.queries.tiles import tile_statement
from hutong.attract.search.rules.tiles import Tile, tile_at
from hutong.attract.search.services.cells import wrong_cells
from hutong.attract.search.types import Circle, Question
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, scalar
from tests.factories import merchants

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.long]
LON, LAT = 24.94, 60.17
# Rows that this transaction made are looked up one by one, which in a table at rest the index spares.
MOST_BY_SQUARES, MOST_BY_STORES = 40, 5_000
# Half of them within a few kilometres, one in three with a deal.
_STORES = """
INSERT INTO search_searchstore (store_id, store_ref, region_id, category_id, root_category_id, lon, lat,
                                deals, price_from, rating, indexed_at, card)
SELECT g, 'sto_' || g, 1, %(category)s, %(group)s,
       24.94 + (random() - 0.5) * CASE g %% 2 WHEN 0 THEN 0.6 ELSE 0.05 END,
       60.17 + (random() - 0.5) * CASE g %% 2 WHEN 0 THEN 0.3 ELSE 0.025 END,
       (g %% 3 = 0)::int, CASE WHEN g %% 3 = 0 THEN 500 + g %% 900 END, g %% 5, now(),
       jsonb_build_object('unit', CASE WHEN g %% 3 = 0 THEN 'EUR' END)
  FROM generate_series(%(start)s::int8, %(stop)s::int8) g
"""


def blocks(question: Question, tile: Tile) -> int:
    """The blocks that the statement of a tile touches, the second time it runs."""
    sql, params = tile_statement(replace(question, within=tile.bounds), tile)
    for _time in range(2):
        plan: Any = scalar(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
    (found,) = json.loads(plan) if isinstance(plan, str) else plan
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


def worst(at: datetime, question: dict[str, Any]) -> dict[int, int]:
    """The blocks of the middle tile of each level."""
    asked = Question(place=Place(0, 0), within=Circle(Place(0, 0), 1), at=at, **question)
    return {z: blocks(asked, tile_at(z, LON, LAT)) for z in (8, 11, 13, 15, 17)}


def test_tiles_touch_few_blocks_however_many_stores_there_are(at: datetime) -> None:
    cafe = merchants.category("cafe")
    # In one statement, so that no row of a square has a dead one beside it, which only a vacuum would clear.
    execute(_STORES, {"category": cafe.pk, "group": cafe.parent_id, "start": 1, "stop": 100_000})
    execute("ANALYZE search_searchstore")
    execute("ANALYZE search_searchcell")
    assert wrong_cells() == 0
    for question in ({}, {"category": "cafe"}, {"category": "food"}, {"has_deal": True}):
        found = worst(at, question)
        assert all(found[z] <= MOST_BY_SQUARES for z in (8, 11, 13)), (question, found)
        assert all(number <= MOST_BY_STORES for number in found.values()), (question, found)
    found = worst(at, {"least_rating": 4.0})
    assert all(number <= MOST_BY_STORES for number in found.values()), found
