"""The squares of the map that clusters are added up of: counted again, and compared with the stores.

Triggers on the stores keep them (migration 0006), so nobody has to call anything after a change.
"""

from django.db import transaction

from hutong.kernel.rows import execute, scalar

# The same sums in the plainest way there is, for the comparison.
_COUNTED = """
SELECT l::int2 AS level, search_square(t.place) >> 2 * (16 - l) AS cell, k.category_id,
       CASE WHEN t.deals = 0 THEN '' ELSE coalesce(t.card->>'unit', '?') END::varchar AS unit,
       count(*)::int4 AS stores, sum(round(t.lon * 10000000)::int8)::int8 AS sum_lon,
       sum(round(t.lat * 10000000)::int8)::int8 AS sum_lat,
       min(CASE WHEN t.deals > 0 AND t.card->>'unit' IS NOT NULL THEN t.price_from END) AS price_from
  FROM search_searchstore t, generate_series(8, 16) l,
       LATERAL (SELECT DISTINCT unnest(ARRAY[0, t.category_id, t.root_category_id]) AS category_id) k
 GROUP BY 1, 2, 3, 4
"""
_KEPT = "SELECT level, cell, category_id, unit, stores, sum_lon, sum_lat, price_from FROM search_searchcell"
_WRONG = f"""
SELECT count(*) FROM ((({_COUNTED}) EXCEPT ALL ({_KEPT})) UNION ALL (({_KEPT}) EXCEPT ALL ({_COUNTED}))) w
"""  # noqa: S608 - constants only


def rebuild_cells() -> None:
    """Count all squares anew, while nobody else writes search. Minutes at millions of stores."""
    with transaction.atomic():
        execute("SET LOCAL statement_timeout = 0")
        execute("SELECT search_count_cells()")


def wrong_cells() -> int:
    """How many squares say something else than their stores do, now: 0, or somebody went around the triggers."""
    with transaction.atomic():
        execute("SET LOCAL statement_timeout = 0")
        return int(scalar(_WRONG))
