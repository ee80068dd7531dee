"""What a map shows: pins with a price where there are deals, then the other stores."""

from hutong.attract.search import rules
from hutong.attract.search.queries.statements import HERE, wanted
from hutong.attract.search.types import Bounds
from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import scalar

_INSIDE = "t.place <@ box(point(%(x0)s::float8, %(y0)s::float8), point(%(x1)s::float8, %(y1)s::float8))"
# The same in one comparison, which the planner takes for a third of all rows; of four it would think that they
# leave next to none, and then read every row that has the words.
_INSIDE_UNINDEXED = (
    "greatest(t.place[0] - %(x1)s::float8, %(x0)s::float8 - t.place[0],"
    " t.place[1] - %(y1)s::float8, %(y0)s::float8 - t.place[1]) <= 0"
)


def map_points(
    *, bounds: Bounds, category: str | None = None, text: str | None = None, limit: int = 200
) -> str:
    """The stores in a box as the text of a GeoJSON FeatureCollection, made by PostgreSQL. One statement.

    Stores with deals come first, then the others, in each case those nearest to the middle of the box. The
    properties of a feature are a store's card (`price_from` in minor units of `unit`, null without a deal);
    with a text that many stores have, all pins are the nearest ones. The member `truncated` says whether
    there are more than `limit` (at most 500). Raises `PlaceInvalid`.
    """
    south_west, north_east = bounds.corners
    middle = Place((bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2)
    size = max(1, min(limit, rules.MAX_PINS))
    question = wanted(
        table="search_searchstore",
        around=_INSIDE_UNINDEXED,
        place=middle,
        category=category,
        text=text,
        limit=size + 1,
        radius_m=0,  # the box is the bound
        after=None,
    )
    (x0, y0), (x1, y1) = mercator(south_west), mercator(north_east)
    params = {**question.params, "size": size, "x0": x0, "y0": y0, "x1": x1, "y1": y1}
    # Two scans a branch: search_store_deals for the few that have deals, then the index of the branch. A word
    # that many stores have is met on the way outwards, and the bound of such a scan is no index's either.
    by_price = [f"{_INSIDE} AND t.deals > 0", f"{_INSIDE} AND t.deals = 0"]
    kinds = [_INSIDE_UNINDEXED] if rules.words(text) else by_price
    branches = " UNION ALL ".join(
        f"(SELECT t.card, t.lon, t.lat, t.deals > 0 AS priced, t.place <-> {HERE} AS d"  # noqa: S608
        f" FROM {branch.source} WHERE {branch.where} AND {kind}"
        f" ORDER BY t.place <-> {HERE} LIMIT %(limit)s::int4)"
        for branch in question.branches
        for kind in kinds
    )
    sql = f"""{question.prefix}SELECT json_build_object(
  'type', 'FeatureCollection',
  'features', coalesce(json_agg(json_build_object(
    'type', 'Feature',
    'geometry', json_build_object('type', 'Point', 'coordinates', json_build_array(n.lon, n.lat)),
    'properties', n.card) ORDER BY n.position) FILTER (WHERE n.position <= %(size)s::int4), '[]'),
  'truncated', count(*) > %(size)s::int4
)::text
FROM (SELECT u.*, row_number() OVER (ORDER BY priced DESC, d) AS position FROM ({branches}) u) n
"""  # noqa: S608 - constants only
    return str(scalar(sql, params))
