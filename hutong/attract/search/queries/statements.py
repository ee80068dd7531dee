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

from hutong.attract.search import rules
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Place, mercator

HERE = "point(%(x)s::float8, %(y)s::float8)"
# Great-circle metres by the haversine formula, as `kernel.geo.distance_m` has it.
DISTANCE_M = (
    "12742017.6 * asin(least(1, sqrt(sin(radians({row}.lat - %(lat)s::float8) / 2) ^ 2"
    " + cos(radians(%(lat)s::float8)) * cos(radians({row}.lat))"
    " * sin(radians({row}.lon - %(lon)s::float8) / 2) ^ 2)))"
)
_CATEGORY = (
    "WITH chosen AS MATERIALIZED (SELECT id, parent_id FROM merchants_category WHERE slug = %(category)s)"
)
_IN_GROUP = "(SELECT parent_id IS NULL FROM chosen) AND t.root_category_id = (SELECT id FROM chosen)"
_IN_CATEGORY = "(SELECT parent_id IS NOT NULL FROM chosen) AND t.category_id = (SELECT id FROM chosen)"


class CursorInvalid(Invalid):
    """A cursor that this site did not give out."""

    code = "cursor_invalid"
    message = _("This list cannot be continued from here. Please start it again.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The clauses of one question and their parameters."""

    prefix: str
    branches: tuple[str, ...]
    params: dict[str, Any]


def wanted(
    *, place: Place, category: str | None, text: str | None, limit: int, radius_m: float, after: str | None
) -> Wanted:
    """The parts of a statement over a table called `t` with columns place, category_id, text, grams.

    `branches` are alternatives, at most one of which finds anything. Raises `CursorInvalid`.
    """
    x, y = mercator(place)
    params: dict[str, Any] = {"x": x, "y": y, "lon": place.lon, "lat": place.lat, "limit": limit}
    params["cap"] = radius_m * rules.scale_at(place.lat)
    clauses = []
    for number, word in enumerate(rules.words(text)):
        if len(word) <= rules.LONGEST_GRAM:
            clauses.append(f"t.grams @> ARRAY[%(word{number})s::text]")
            params[f"word{number}"] = word
        else:
            clauses.append(f"t.text LIKE %(word{number})s::text")
            params[f"word{number}"] = rules.like_pattern(word)
    if after:
        try:
            params["after_value"], params["after_ref"] = rules.read_cursor(after)
        except ValueError as error:
            raise CursorInvalid from error
    if category:
        params["category"] = category
        branches: tuple[str, ...] = (
            " AND ".join([_IN_CATEGORY, *clauses]),
            " AND ".join([_IN_GROUP, *clauses]),
        )
    else:
        branches = (" AND ".join(clauses) or "true",)
    return Wanted(prefix=_CATEGORY if category else "", branches=branches, params=params)


def bounded(limit: int) -> int:
    """A page's length between 1 and the most one page may have."""
    return max(1, min(limit, rules.MAX_LIMIT))
