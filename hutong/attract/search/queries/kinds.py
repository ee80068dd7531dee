"""Counts of what too few of a sample have, in an area that is too large to look through.

Plan relied on: the kinds that may have the value are few (`rules/kinds.py`), and `search_store_kind` leads to the
stores of each in the area and to no others, index-only; a district or a circle is looked through along
`search_store_around` where kinds would tell little. Counting ends at the most that is shown, or at `bound` stores
that were looked at: only hours, and stars that are no class of their own, make a store be looked at in vain.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from collections.abc import Mapping

from hutong.attract.search.queries.asked import OPEN_NOW, TABLE, Asked
from hutong.attract.search.rules import kinds, ranking

CATEGORY = f"(k.kind >> {kinds.CATEGORY_SHIFT})"
BAND = f"((k.kind >> {kinds.BAND_SHIFT}) & {kinds.BAND_MASK})"
STARS = f"((k.kind >> {kinds.STARS_SHIFT}) & {kinds.STARS_MASK})"
DEAL = f"(k.kind & {1 << kinds.DEAL_BIT} <> 0)"
BOOKABLE = f"(k.kind & {kinds.tag_bits([ranking.BOOKABLE])} <> 0)"
JOIN_CATEGORY = f"JOIN merchants_category c ON c.id = {CATEGORY}"
OF_CATEGORY = "c.id AS category_id, coalesce(c.parent_id, c.id) AS root_category_id"
# The chosen category with those of its group.
_CHOSEN_ONES = "(SELECT c.id FROM merchants_category c, chosen h WHERE h.id IN (c.id, c.parent_id))"
# Of a district or a circle the rows of the area are looked through, where so many kinds answer the filters.
_MANY_KINDS = 150
# True of every row, and of columns that only one of the two indexes has: to PostgreSQL, which takes any place for as
# likely, they cost the same, and one of them would be read from end to end.
BY_PLACE, _BY_KIND = "t.quality >= 0", "t.region_id > 0"
_WORLD = "box(point(-20037509, -20037509), point(20037509, 20037509))"


def reach(region: str) -> str:
    """The box of a region on the map, a metre wider: its stores lie in it."""
    x, y = "radians({0}) * 6378137.0", "6378137.0 * ln(tan(pi() / 4 + radians({0}) / 2))"
    west, east = (x.format(f"{region}.{side}") for side in ("west", "east"))
    south, north = (y.format(f"{region}.{side}") for side in ("south", "north"))
    return f"box(point({west} - 1, {south} - 1), point({east} + 1, {north} + 1))"


def kinds_cte(asked: Asked, gate: str) -> str:
    """`kinds`: those there are, and for each filter whether a store of the kind may pass."""
    may = "".join(f", {clause} AS ok_{name}" for name, clause in may_pass(asked).items())
    return (
        f"kinds AS MATERIALIZED (SELECT k.kind, {OF_CATEGORY}{may}"
        f" FROM search_searchkind k {JOIN_CATEGORY} WHERE {gate}),"
        f" answering AS MATERIALIZED (SELECT count(*) AS n FROM kinds k WHERE {_all_ok(asked)})"
    )


def counted_by_kind(asked: Asked, own: Mapping[str, str], most: int, bound: int) -> str:
    """A SELECT of `n` and of `more`, whether it was given up, for the value `v`; `own` is the filter a value leaves out."""
    many = f"v.kind IN ('district', 'circle') AND (SELECT n FROM answering) > {_MANY_KINDS}"
    row = f"{_passes(asked, own)} AND {_is_value()}"
    every = passing(asked, "t")
    there = f"{asked.within} AND t.place <@ coalesce(v.reach, {_WORLD})"
    return (
        f"SELECT count(*) FILTER (WHERE s.pass) AS n, coalesce(bool_or(s.n = {bound}), false) AS more FROM ("
        f"SELECT s.pass, s.n FROM (SELECT r.pass, row_number() OVER () AS n FROM kinds k, LATERAL ("
        f"SELECT coalesce({row}, false) AS pass FROM {TABLE} t"
        f" WHERE t.kind = k.kind AND {there} AND {_BY_KIND} LIMIT {bound}) r"
        f" WHERE NOT ({many}) AND {_kinds_of_value(asked, own)} LIMIT {bound}) s"
        f" WHERE s.pass OR s.n = {bound} LIMIT {most + 1}) s WHERE NOT ({many})"
        " UNION ALL "
        f"SELECT count(*) FILTER (WHERE s.pass), coalesce(bool_or(s.n = {bound}), false) FROM ("
        f"SELECT s.pass, s.n FROM (SELECT coalesce({every} AND {_is_value()}, false) AS pass, row_number() OVER () AS n"
        f" FROM {TABLE} t WHERE {many} AND {there} AND {BY_PLACE} LIMIT {bound}) s"
        f" WHERE s.pass OR s.n = {bound} LIMIT {most + 1}) s WHERE {many}"
    )


def passing(asked: Asked, row: str) -> str:
    """Whether a row passes all filters, by its kind and by what its kind does not tell."""
    told = [clause.replace("k.kind", f"{row}.kind") for clause in may_pass(asked).values()]
    return " AND ".join(["true", *told, *untold(asked).values()])


def may_pass(asked: Asked) -> dict[str, str]:
    """For each filter that a kind can tell something of: whether a store of the kind `k` may pass."""
    question, found = asked.question, {}
    if "category" in asked.filters:
        found["category"] = f"({CATEGORY} IN {_CHOSEN_ONES})"
    if "price" in asked.filters:
        found["price"] = f"({BAND} = ANY(%(bands)s::int2[]))"
    if question.least_rating is not None:
        found["rating"] = f"({STARS} >= {kinds.stars_class(question.least_rating)})"
    if "deal" in asked.filters:
        found["deal"] = DEAL
    if "bookable" in asked.filters:
        found["bookable"] = BOOKABLE
    if "tags" in asked.filters:
        bits = kinds.tag_bits(question.tags)
        # A promise that is none has no store.
        found["tags"] = f"(k.kind & {bits} = {bits})" if set(question.tags) <= set(kinds.TAGS) else "false"
    return found


def untold(asked: Asked) -> dict[str, str]:
    """The filters that the kind does not decide: the row `t` is asked."""
    question, found = asked.question, {}
    if question.least_rating is not None and not kinds.tells_stars(question.least_rating):
        found["rating"] = f"({asked.filters['rating']})"
    if "open" in asked.filters:
        found["open"] = f"coalesce({asked.filters['open']}, false)"
    return found


def _all_ok(asked: Asked) -> str:
    return " AND ".join(f"k.ok_{name}" for name in may_pass(asked)) or "true"


def _leaving_out(name: str, own: Mapping[str, str]) -> str:
    kinds_of = ", ".join(f"'{kind}'" for kind, left_out in own.items() if left_out == name)
    return f"v.kind IN ({kinds_of})"


def _passes(asked: Asked, own: Mapping[str, str]) -> str:
    """Whether the row passes the filters that its kind does not decide."""
    clauses = [f"({_leaving_out(name, own)} OR {clause})" for name, clause in untold(asked).items()]
    return " AND ".join(clauses) or "true"


def _kinds_of_value(asked: Asked, own: Mapping[str, str]) -> str:
    """Whether a store of the kind `k` may have the value `v` and pass the other filters."""
    stars = " ".join(f"WHEN '{least:g}' THEN {kinds.stars_class(least)}" for least in kinds.STARS)
    tags = " ".join(f"WHEN '{tag}' THEN {kinds.tag_bits([tag])}" for tag in kinds.TAGS)
    value = (
        "CASE v.kind WHEN 'category' THEN k.category_id = v.id WHEN 'group' THEN k.root_category_id = v.id"
        f" WHEN 'price' THEN {BAND}::text = v.value"
        f" WHEN 'rating' THEN {STARS} >= CASE v.value {stars} END"
        f" WHEN 'deal' THEN {DEAL} WHEN 'bookable' THEN {BOOKABLE}"
        f" WHEN 'tags' THEN k.kind & CASE v.value {tags} ELSE 0 END <> 0 ELSE true END"
    )
    others = [f"({_leaving_out(name, own)} OR k.ok_{name})" for name in may_pass(asked)]
    return " AND ".join([value, *others])


def _is_value() -> str:
    """Whether the row has the value, where its kind does not decide that."""
    return (
        f"CASE v.kind WHEN 'open' THEN coalesce(t.hours_id IN {OPEN_NOW}, false)"
        " WHEN 'district' THEN t.district_id = v.id WHEN 'circle' THEN t.circle_id = v.id ELSE true END"
    )
