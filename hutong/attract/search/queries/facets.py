"""What a question may be narrowed to, each value with how many stores it would leave, up to a thousand.

Plan relied on: the rows of the area are looked through once, at most `LOOKED_AT` of them: index-only along
`search_store_place`, or, with words, the ways of the list. They are counted by kind (`rules/kinds.py`), and what is
asked of a store is asked of the few kinds. In an area with more stores than that, a value that more than a thousand of
those have is settled; any other is counted by itself, kind by kind (`kinds`). With words there is no index for that:
there it is said to be at least what was met.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from collections.abc import Iterable
from dataclasses import dataclass
from json import loads
from typing import Any

from hutong.attract.search.queries.asked import CHOSEN, OPEN_NOW, TABLE, Asked
from hutong.attract.search.queries.kinds import (
    BAND,
    BOOKABLE,
    BY_PLACE,
    DEAL,
    JOIN_CATEGORY,
    OF_CATEGORY,
    STARS,
    counted_by_kind,
    kinds_cte,
    may_pass,
    passing,
    reach,
    untold,
)
from hutong.attract.search.queries.paths import BOUNDS, Bounds, told_of
from hutong.attract.search.rules import kinds, ranking
from hutong.attract.search.types import Count, Facet, Facets, LeftOut
from hutong.kernel.rows import rows
from hutong.town.catalog.rules import TAGS

COUNTED = 1_000
LOOKED_AT = 50_000
MOST_AREAS = 24
# Of an area that is not looked through, so many rows of each of 16 parts tell which districts it has.
_PARTS, SPREAD = 4, 200
# What is taken along of each row, and the three ways it is counted: by kind, by district, by circle.
_SEEN = "t.kind, t.district_id, t.circle_id, t.hours_id, t.rating"
_BY_KIND, _BY_DISTRICT, _BY_CIRCLE = 3, 5, 6  # what `grouping` says of them
# The clause of one value of a kind, of a kind `k` of stores.
_CLAUSES = {
    "total": "true",
    "open": "k.is_open",
    "deal": DEAL,
    "bookable": BOOKABLE,
    "price": f"{BAND} = {{value}}",
    "rating": f"{STARS} >= {{value}}",
}
# The filter that a kind is counted without, where that has another name.
_OWN = {"group": "category", "district": "", "circle": "", "total": ""}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many stores answer in all, what they may be narrowed to, and how many there were without a filter."""

    total: Count
    facets: Facets
    without: tuple[LeftOut, ...]


def count(
    asked: Asked, *, bounds: Bounds = BOUNDS, looked_at: int = LOOKED_AT, most: int = COUNTED
) -> Counted:
    """Everything that is counted of a question, exactly up to `most`. One statement."""
    return told(asked, rows(facet_statement(asked, bounds, looked_at, most), asked.params), most)


def told(asked: Asked, found: Iterable[dict[str, Any]], most: int = COUNTED) -> Counted:
    """What rows say that have the kind, value, names and number of everything that was counted."""

    def counted(entry: dict[str, Any]) -> Count:
        return Count(min(entry["n"], most), entry["n"] > most or entry["cut"])

    by_kind: dict[str, list[dict[str, Any]]] = {}
    for entry in found:
        by_kind.setdefault(entry["kind"], []).append(entry)
    question = asked.question

    def facets(kind: str, chosen: Iterable[str]) -> tuple[Facet, ...]:
        values = set(chosen)
        return tuple(
            Facet(entry["value"], loads(entry["names"] or "{}"), counted(entry), entry["value"] in values)
            for entry in by_kind.get(kind, ())
            if entry["n"] or entry["value"] in values
        )

    one = {kind: counted(by_kind[kind][0]) for kind in ("total", "open", "deal", "bookable")}
    least = "" if question.least_rating is None else f"{question.least_rating:g}"
    facets_found = Facets(
        categories=facets("category", [question.category or ""])
        or facets("group", [question.category or ""]),
        areas=facets("district", []) + facets("circle", []),
        price_bands=facets("price", [str(band) for band in question.price_bands]),
        ratings=facets("rating", [least]),
        tags=facets("tags", question.tags),
        open=one["open"],
        with_deal=one["deal"],
        bookable=one["bookable"],
    )
    without = [LeftOut(name, counted(by_kind[f"without {name}"][0])) for name in asked.filters]
    return Counted(one["total"], facets_found, tuple(one for one in without if one.count.number))


def facet_statement(
    asked: Asked, bounds: Bounds = BOUNDS, looked_at: int = LOOKED_AT, most: int = COUNTED
) -> str:
    """The statement of all counts; its parameters are the question's. A row for each kind and value."""
    narrowed = "category" in asked.filters
    fixed = [("total", ""), ("open", ""), ("deal", ""), ("bookable", "")]
    fixed += [("price", str(band)) for band in range(1, 5)]
    fixed += [("rating", f"{least:g}") for least in ranking.LEAST_RATINGS]
    fixed += [("tags", tag) for tag in TAGS] + [(f"without {name}", "") for name in asked.filters]
    listed = ", ".join(f"('{kind}', '{value}', NULL::int8, NULL::jsonb, NULL::box)" for kind, value in fixed)
    categories = (
        "SELECT 'category', c.slug, c.id, c.names || c.own_names, NULL::box FROM merchants_category c"
        " WHERE c.parent_id = (SELECT coalesce(parent_id, id) FROM chosen)"
        if narrowed
        else "SELECT 'group', c.slug, c.id, c.names || c.own_names, NULL::box FROM merchants_category c"
        " WHERE c.parent_id IS NULL"
    )
    ctes = [CHOSEN] if narrowed else []
    ctes += [*_seen(asked, bounds, looked_at), *_counted(asked, bounds, looked_at), _counts(asked, narrowed)]
    ctes += _areas(asked)
    ctes.append(
        "valued(kind, value, id, names, reach) AS MATERIALIZED ("
        f"SELECT * FROM (VALUES {listed}) f UNION ALL {categories} UNION ALL SELECT * FROM areas)"
    )
    ctes.append(
        "met AS MATERIALIZED (SELECT v.*, coalesce(n.n, 0) AS n FROM valued v LEFT JOIN counts n ON n.kind = v.kind"
        " AND coalesce(n.id::text, n.value) = coalesce(v.id::text, v.value))"
    )
    if asked.by_text:
        known = "SELECT v.kind, v.value, v.names, v.n, (SELECT yes FROM cut) AS cut FROM met v"
    else:
        ctes.append(kinds_cte(asked, "(SELECT yes FROM cut)"))
        own = {
            kind: _own(kind)
            for kind in ("group", "category", "price", "rating", "open", "deal", "bookable", "tags")
        }
        own |= {f"without {name}": name for name in asked.filters}
        again = counted_by_kind(asked, own, most, bounds.counted)
        known = (
            "SELECT v.kind, v.value, v.names, coalesce(x.n, v.n) AS n, coalesce(x.more, false) AS cut FROM met v"
            f" LEFT JOIN LATERAL (SELECT sum(x.n)::int8 AS n, bool_or(x.more) AS more FROM ({again}) x) x"
            f" ON (SELECT yes FROM cut) AND v.n <= {most}"
        )
    return (
        f"WITH {', '.join(ctes)} SELECT o.* FROM ({known}) o ORDER BY o.kind,"
        " CASE WHEN o.kind IN ('category', 'group', 'district', 'circle') THEN -o.n END, o.value"
    )


def _areas(asked: Asked) -> list[str]:
    """`areas`: districts and circles that have most of the rows; of an area that was not looked through, most of some
    rows out of each of its parts, because rows of an index lie beside each other."""
    met = "SELECT n.kind, n.id, n.n FROM counts n WHERE n.kind IN ('district', 'circle')"
    ctes = []
    if not asked.by_text:
        west, south, east, north = asked.sides
        across, up = f"(({east}) - ({west})) / {_PARTS}", f"(({north}) - ({south})) / {_PARTS}"
        part = (
            f"box(point({west} + i * {across}, {south} + j * {up}),"
            f" point({west} + (i + 1) * {across}, {south} + (j + 1) * {up}))"
        )
        ctes.append(
            "spread AS MATERIALIZED (SELECT s.* FROM"
            f" generate_series(0, {_PARTS - 1}) i, generate_series(0, {_PARTS - 1}) j, LATERAL ("
            f"SELECT t.district_id, t.circle_id FROM {TABLE} t WHERE (SELECT yes FROM cut) AND {asked.within}"
            f" AND t.place <@ {part} AND {BY_PLACE} LIMIT {SPREAD}) s)"
        )
        met += " AND NOT (SELECT yes FROM cut)" + "".join(
            f" UNION ALL SELECT '{kind}', s.{kind}_id, count(*) FROM spread s WHERE s.{kind}_id IS NOT NULL GROUP BY 2"
            for kind in ("district", "circle")
        )
    return [
        *ctes,
        f"areas AS (SELECT n.kind, r.slug, r.id, r.names, {reach('r')} FROM ({met}) n"
        f" JOIN regions_region r ON r.id = n.id ORDER BY n.n DESC, r.id LIMIT {MOST_AREAS})",
    ]


def _own(kind: str) -> str:
    return _OWN.get(kind, kind)


def _seen(asked: Asked, bounds: Bounds, looked_at: int) -> list[str]:
    """`seen`: the rows with the words, whether they pass the filters or not; `cut`: whether there may be more."""
    area = f"FROM {TABLE} t WHERE {asked.within}"
    if not asked.by_text:
        return [
            # Not materialized: it is read once, and counted as it is read.
            f"seen AS NOT MATERIALIZED (SELECT {_SEEN} {area} AND {BY_PLACE} LIMIT {looked_at + 1})",
        ]
    few, most = bounds.first_text, bounds.counted_hits
    columns = f"{_SEEN}, t.place, t.words"
    return [
        f"told AS MATERIALIZED ({told_of(asked.pieces)})",
        # How many there are an index says; only then is a row read for its words.
        "near AS MATERIALIZED (SELECT count(*) AS n FROM ("
        f"SELECT {area} AND (SELECT common FROM told) LIMIT {few + 1}) t)",
        f"enough AS MATERIALIZED (SELECT (SELECT common FROM told) AND n <= {few} AS yes FROM near)",
        f"hits AS MATERIALIZED (SELECT {_SEEN} FROM {TABLE} t"
        f" WHERE NOT (SELECT yes FROM enough) AND {asked.near_words} AND {asked.inside} LIMIT {most + 1})",
        f"seen AS NOT MATERIALIZED ("
        f"SELECT {_SEEN} FROM (SELECT {columns} {area} AND (SELECT yes FROM enough) OFFSET 0) t WHERE {asked.matches}"
        f" UNION ALL SELECT {_SEEN} FROM hits t)",
    ]


def _counted(asked: Asked, bounds: Bounds, looked_at: int) -> list[str]:
    """`groups`: how many rows there are of each kind, and how many that pass in each district and circle; `base`: the
    kinds, with what is asked of them; `cut`: whether there may be more rows than were seen."""
    of_row = {"is_open": f"coalesce(t.hours_id IN {OPEN_NOW}, false)"}
    of_row |= {f"ok_{name}": clause for name, clause in untold(asked).items()}
    told = "".join(
        f", {clause} AS ok_{name}" for name, clause in may_pass(asked).items() if f"ok_{name}" not in of_row
    )
    columns = ", ".join(f"{clause} AS {name}" for name, clause in of_row.items())
    names = ", ".join(f"t.{name}" for name in of_row)
    cut = (
        f"SELECT count(*) > {bounds.counted_hits} AS yes FROM hits"
        if asked.by_text
        else f"SELECT coalesce(sum(n), 0) > {looked_at} AS yes FROM groups WHERE way = {_BY_KIND}"
    )
    return [
        f"groups AS MATERIALIZED (SELECT grouping(t.kind, t.district_id, t.circle_id) AS way, t.kind, t.district_id,"
        f" t.circle_id, {names}, t.passes, count(*) AS n FROM (SELECT t.kind, t.district_id, t.circle_id, {columns},"
        f" {passing(asked, 't')} AS passes FROM seen t) t"
        f" GROUP BY GROUPING SETS ((t.kind, {names}), (t.district_id, t.passes), (t.circle_id, t.passes)))",
        f"cut AS MATERIALIZED ({cut})",
        f"base AS MATERIALIZED (SELECT k.*, {OF_CATEGORY}{told}"
        f" FROM groups k {JOIN_CATEGORY} WHERE k.way = {_BY_KIND})",
    ]


def _others(asked: Asked, kind: str) -> str:
    """The clause of all filters but a kind's own, over the kinds that were seen."""
    return " AND ".join(f"k.ok_{name}" for name in asked.filters if name != _own(kind)) or "true"


def _counts(asked: Asked, narrowed: bool) -> str:
    """`counts`: how many of the rows have each value of each kind, in as few passes as there are groupings."""
    single = [("total", ""), ("open", ""), ("deal", ""), ("bookable", "")]
    single += [("price", str(band)) for band in range(1, 5)]
    single += [("rating", f"{least:g}") for least in ranking.LEAST_RATINGS]
    single += [(f"without {name}", "") for name in asked.filters]

    def clause(kind: str, value: str) -> str:
        of = kinds.stars_class(float(value)) if kind == "rating" else value
        return f"{_others(asked, kind.removeprefix('without '))} AND {_CLAUSES.get(kind, 'true').format(value=of)}"

    columns = ", ".join(f"coalesce(sum(k.n) FILTER (WHERE {clause(*one)}), 0)" for one in single)
    names = ", ".join(f"n{number}" for number in range(len(single)))
    values = ", ".join(f"('{kind}', '{value}', s.n{number})" for number, (kind, value) in enumerate(single))
    own, key = ("category", "k.category_id") if narrowed else ("group", "k.root_category_id")
    tags = ", ".join(f"('{tag}', {kinds.tag_bits([tag])})" for tag in TAGS)
    return (
        f"singles({names}) AS MATERIALIZED (SELECT {columns} FROM base k),"
        f" counts(kind, id, value, n) AS MATERIALIZED (SELECT v.kind, NULL::int8, v.value, v.n::int8 FROM singles s,"
        f" LATERAL (VALUES {values}) v(kind, value, n)"
        f" UNION ALL SELECT '{own}', {key}, '', sum(k.n)::int8 FROM base k WHERE {_others(asked, own)} GROUP BY 2"
        f" UNION ALL SELECT 'district', g.district_id, '', g.n FROM groups g"
        f" WHERE g.way = {_BY_DISTRICT} AND g.passes AND g.district_id IS NOT NULL"
        f" UNION ALL SELECT 'circle', g.circle_id, '', g.n FROM groups g"
        f" WHERE g.way = {_BY_CIRCLE} AND g.passes AND g.circle_id IS NOT NULL"
        f" UNION ALL SELECT 'tags', NULL, v.tag, sum(k.n)::int8 FROM base k JOIN (VALUES {tags}) v(tag, bits)"
        f" ON k.kind & v.bits <> 0 WHERE {_others(asked, 'tags')} GROUP BY 3)"
    )
