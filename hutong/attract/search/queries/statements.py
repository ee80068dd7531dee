"""How the statements of search are put together: the same few clauses for stores, deals and pins.

Plan relied on: an index scan of a GiST index on (category, place) or (place) in the order of
`place <-> here`, which stops after `LIMIT` rows; about 30 blocks for 20 of 1,000,000 stores. A category may
be a group or one of its children; which of the two it is, the statement looks up by itself, and the branch
that does not apply is never run (a one-time filter). Numbers are cast, because psycopg sends small ones as
int2, for which the index has no operator.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from psycopg import sql

from hutong.attract.search import rules
from hutong.attract.search.rules import tokens
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Place, mercator
from hutong.kernel.text import clean

AROUND = "t.place <@ circle(point(%(x)s::float8, %(y)s::float8), %(cap)s::float8)"
HERE = "point(%(x)s::float8, %(y)s::float8)"
# Great-circle metres by the haversine formula, as `kernel.geo.distance_m` has it.
DISTANCE_M = (
    "12742017.6 * asin(least(1, sqrt(sin(radians({row}.lat - %(lat)s::float8) / 2) ^ 2"
    " + cos(radians(%(lat)s::float8)) * cos(radians({row}.lat))"
    " * sin(radians({row}.lon - %(lon)s::float8) / 2) ^ 2)))"
)
_AROUND_UNINDEXED = f"(t.place <-> {HERE}) <= %(cap)s::float8"
_CHOSEN = "chosen AS MATERIALIZED (SELECT id, parent_id FROM merchants_category WHERE slug = %(category)s)"
_IN_GROUP = "(SELECT parent_id IS NULL FROM chosen) AND t.root_category_id = (SELECT id FROM chosen)"
_IN_CATEGORY = "(SELECT parent_id IS NOT NULL FROM chosen) AND t.category_id = (SELECT id FROM chosen)"
_IN_EITHER = "(SELECT id FROM chosen) IN (t.category_id + 0, t.root_category_id + 0)"
# Words that few rows have are looked up first and sorted by distance; words that many have are met soon on the
# way outwards. PostgreSQL cannot know which before it looks: left to itself, it walks past a million stores
# for words that none of them has (5 s). So the statement counts up to FEW, and then decides. The
# bound of the hits is written so that no index serves it, or the planner takes it for rarer than the words.
FEW = 1_000
HITS = "hits AS MATERIALIZED (SELECT t.* FROM {table} t WHERE {where} LIMIT {few} + 1)"
ARE_FEW = f"(SELECT count(*) FROM hits) <= {FEW}"  # noqa: S608 - a constant
ARE_MANY = f"(SELECT count(*) FROM hits) > {FEW}"  # noqa: S608 - a constant


class CursorInvalid(Invalid):
    """A cursor that this site did not give out."""

    code = "cursor_invalid"
    message = _("This list cannot be continued from here. Please start it again.")


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to find rows: what stands after FROM (called `t`) and after WHERE."""

    source: str
    where: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The clauses of one question and their parameters; of the branches, at most one finds anything."""

    prefix: str
    branches: tuple[Branch, ...]
    params: dict[str, Any]


def wanted(
    *,
    table: str,
    place: Place,
    category: str | None,
    text: str | None,
    limit: int,
    radius_m: float,
    after: str | None,
    around: str = _AROUND_UNINDEXED,
) -> Wanted:
    """The parts of a statement over `table`, which has the columns place, category_id, words.

    `around` bounds a text search to where its rows can be shown; no index may serve it. Raises `CursorInvalid`.
    """
    x, y = mercator(place)
    params: dict[str, Any] = {"x": x, "y": y, "lon": place.lon, "lat": place.lat, "limit": limit}
    params["cap"] = radius_m * rules.scale_at(place.lat)
    if after:
        try:
            params["after_value"], params["after_ref"] = rules.read_cursor(after)
        except ValueError as error:
            raise CursorInvalid from error
    with_, chosen = [], [""]
    if category:
        params["category"] = clean(category, limit=60)  # PostgreSQL takes no NUL, and no slug has one
        with_, chosen = [_CHOSEN], [f"{_IN_CATEGORY} AND ", f"{_IN_GROUP} AND "]
    clauses = text_clauses(text)
    branches = []
    if clauses:
        hits = " AND ".join([*clauses, around, *([_IN_EITHER] if category else [])])
        with_.append(HITS.format(table=table, where=hits, few=FEW))
        branches.append(Branch("hits t", ARE_FEW))
        clauses.insert(0, ARE_MANY)
    where = " AND ".join(clauses) or "true"
    branches += [Branch(f"{table} t", one + where) for one in chosen]
    return Wanted(
        prefix=f"WITH {', '.join(with_)} " if with_ else "", branches=tuple(branches), params=params
    )


def text_clauses(text: str | None) -> list[str]:
    """The clause that a row has all words of a text, none without one; signs that nothing is called find nothing.

    The words stand in the statement as quoted literals and not as parameters: how rare they are decides the plan, and
    the plan of a prepared statement no longer looks at its parameters (1 s in place of 10 ms).
    """
    if not clean(text or "", limit=tokens.MAX_TYPED):
        return []
    pieces = tokens.typed(text)
    return [f"t.words @@ {_quoted(tokens.tsquery(pieces))}::tsquery"] if pieces else ["false"]


def _quoted(text: str) -> str:
    """A literal of SQL, with its percent signs doubled because the statement has parameters as well."""
    return sql.Literal(text).as_string().replace("%", "%%")


def bounded(limit: int) -> int:
    """A page's length between 1 and the most one page may have."""
    return max(1, min(limit, rules.MAX_LIMIT))
