"""What a tile of the map shows: a pin for each store where there are few, else clusters with how many and from which price.

Whatever is asked, no more is looked at than is named here:

- *cells*: squares that are kept counted (`SearchCell`), for a question that asks for no more than a category and a deal.
- *look*: the stores of the tile themselves, index-only along `search_store_around`, where `SearchCell` says that there
  are no more than `LOOKED_AT`. This answers every question exactly.
- *hits*: with words that few stores have, all of those along `search_store_words`.
- *sample*: else so many stores in each of 16 parts of the tile; a count is then "at least", and the answer says `more`.

A branch that does not apply is never run: its gate is a one-time filter.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.attract.search.queries.asked import CHOSEN, TABLE, Asked, ask
from hutong.attract.search.queries.paths import told_of
from hutong.attract.search.rules import tiles
from hutong.attract.search.rules.tiles import Tile
from hutong.attract.search.types import Bounds, Question
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Datum, Place, from_datum, to_datum
from hutong.kernel.rows import scalar

# The most stores that are looked at: in a tile, in a tile for their words (which no index has with the place), of all
# that have rare words, and in one of 16 parts of a tile.
LOOKED_AT, LOOKED_AT_TEXT, HITS, SAMPLED = 4_000, 1_000, 1_000, 250
# Changes when the answer to the same question about the same stores does: it is part of each version.
FORMAT = 1
SLICE_S = 300
_WORLD_M = 40_075_016.685578488
_PARTS = 4
# What squares know by themselves.
_COUNTED = {"category", "deal"}


class TileInvalid(Invalid):
    """A tile that is not on the map, or not asked for at this distance."""

    code = "tile_invalid"
    message = _("The map has tiles of the levels 8 to 18, each from 0 to 2^level - 1 across and down.")


def read_tile(z: int, x: int, y: int) -> Tile:
    """The tile of these numbers. Raises `TileInvalid`."""
    try:
        return Tile(z, x, y)
    except ValueError as error:
        raise TileInvalid from error


def tile_moment(at: datetime) -> datetime:
    """The moment that "open now" is asked of: the last whole slice, so that an answer holds for as long."""
    return datetime.fromtimestamp(at.timestamp() // SLICE_S * SLICE_S, at.tzinfo)


def tile_answer(question: Question, tile: Tile, datum: Datum = Datum.WGS84) -> tuple[str, Callable[[], str]]:
    """The version of a tile's answer, and what makes the answer. One statement, and those of `tile_json` when made."""
    asked_of = f"-{question.open_at.timestamp():.0f}" if question.open_at else ""
    return tile_version(tile, datum) + asked_of, lambda: tile_json(question, tile, datum)


def tile_version(tile: Tile, datum: Datum = Datum.WGS84) -> str:
    """A text that is another one after any change of what the tile shows. One statement that reads a row, or a few."""
    level = min(tile.z, tiles.FINEST)
    squares = {under.square(level) for under in _under(tile, datum)}
    sql = "SELECT max(version) FROM search_searchtile WHERE level = %s::int2 AND cell = ANY(%s::int8[])"
    return f"{FORMAT}-{scalar(sql, [level, sorted(squares)]) or 0}"


def tile_json(question: Question, tile: Tile, datum: Datum = Datum.WGS84) -> str:
    """The tile as the text of a GeoJSON FeatureCollection, made by PostgreSQL. One statement; of a map drawn in another
    datum one for each tile of ours under it, at most nine and mostly four.

    Of the question, the place, what it looks within, order, page and cursor play no part. A feature is a pin, whose
    properties are of a store's card, or a cluster: how many `stores`, whether there are `more`, the least
    price (`price_from` in minor units of `unit`, null without a deal) and the `bounds` they lie in. Raises
    `QuestionInvalid`.
    """
    found = [_json(question, under) for under in _under(tile, datum)]
    return found[0] if datum is Datum.WGS84 else json.dumps(_moved(found, tile, datum), ensure_ascii=False)


def _json(question: Question, tile: Tile) -> str:
    sql, params = tile_statement(replace(question, within=tile.bounds), tile)
    return str(scalar(sql, params))


def _under(tile: Tile, datum: Datum) -> list[Tile]:
    """Our tiles under one of a map in another datum. A datum bends a tile a little: hence the margin."""
    if datum is Datum.WGS84:
        return [tile]
    box = tile.bounds
    margin = (box.east - box.west) / 20, (box.north - box.south) / 20
    sides = [from_datum(corner, datum) for corner in box.corners]
    wide = Bounds(
        max(-180.0, sides[0].lon - margin[0]),
        sides[0].lat - margin[1],
        min(180.0, sides[1].lon + margin[0]),
        sides[1].lat + margin[1],
    )
    return tiles.tiles_in(tile.z, wide)


def _moved(found: list[str], tile: Tile, datum: Datum) -> dict[str, Any]:
    """What lies in the tile of the map, where the map draws it. Each pin and cluster lies in one tile."""
    collections = [json.loads(text) for text in found]
    features = []
    for feature in (feature for one in collections for feature in one["features"]):
        there = to_datum(Place(*feature["geometry"]["coordinates"]), datum)
        if tiles.tile_at(tile.z, there.lon, there.lat) != tile:
            continue
        feature["geometry"]["coordinates"] = [round(there.lon, 6), round(there.lat, 6)]
        if "bounds" in feature["properties"]:
            west, south, east, north = feature["properties"]["bounds"]
            ends = to_datum(Place(west, south), datum), to_datum(Place(east, north), datum)
            feature["properties"]["bounds"] = [round(side, 6) for end in ends for side in (end.lon, end.lat)]
        features.append(feature)
    return {
        "type": "FeatureCollection",
        "more": any(one["more"] for one in collections),
        "features": features,
    }


def tile_statement(question: Question, tile: Tile) -> tuple[str, dict[str, Any]]:
    """The statement of `tile_json` and its parameters."""
    asked = ask(question)
    level = min(tile.z + tiles.DEEPER, tiles.FINEST) if tile.z < tiles.CLOSE else tile.z + tiles.DEEPER
    up = min(tile.z, tiles.FINEST)
    params = {
        **asked.params, "level": level, "up": up, "square": tile.square(up), "tile_x": tile.x, "tile_y": tile.y,
        "across": float(2**tile.z), "finer": float(2**level), "pins": tile.most_pins,
    }  # fmt: skip
    if tile.z < tiles.CLOSE:
        params["first"], params["last"] = tile.squares(level)
    ctes = [CHOSEN] if "category" in asked.filters else []
    ctes += _sources(asked, tile)
    ctes.append(
        "seen AS MATERIALIZED (SELECT count(*) AS n, coalesce(bool_or(m.bound), false) AS more FROM met m)"
    )
    each = "true" if tile.z == tiles.NEAREST else "(SELECT n FROM seen) <= %(pins)s::int4"
    known = any(cte.startswith("part ") for cte in ctes)
    return f"WITH {', '.join(ctes)}{_answer(each, known)}", params


def _sources(asked: Asked, tile: Tile) -> list[str]:
    """The CTEs up to `part`, the squares that apply, and `met`, the stores that were found."""
    close, by_text = tile.z >= tiles.CLOSE, asked.by_text
    bound = LOOKED_AT_TEXT if by_text else LOOKED_AT
    known = not by_text and set(asked.filters) <= _COUNTED and not close
    category = "(SELECT id FROM chosen)" if "category" in asked.filters else "0::int8"
    with_deal = " AND c.unit <> ''" if "deal" in asked.filters else ""
    small = "true" if close else f"(SELECT n FROM every) <= {bound}"
    look, large = f"NOT (SELECT yes FROM rare) AND {small}", f"NOT (SELECT yes FROM rare) AND NOT {small}"
    ctes = [
        "every AS MATERIALIZED (SELECT coalesce(sum(c.stores), 0) AS n FROM search_searchcell c"
        " WHERE c.level = %(up)s::int2 AND c.category_id = 0 AND c.cell = %(square)s::int8)",
        f"rare AS MATERIALIZED (SELECT t.rare AS yes FROM ({told_of(asked.pieces)}) t)",
    ]
    if known:
        ctes += [
            "counted AS MATERIALIZED (SELECT c.* FROM search_searchcell c WHERE c.level = %(level)s::int2"
            f" AND c.category_id = {category} AND c.cell BETWEEN %(first)s::int8 AND %(last)s::int8 AND {large})",
            "few AS MATERIALIZED (SELECT coalesce(sum(c.stores), 0) <= %(pins)s::int4 AS yes FROM counted c)",
            f"part AS MATERIALIZED (SELECT c.* FROM counted c WHERE NOT (SELECT yes FROM few){with_deal})",
        ]
    branches = [_met(asked, f"SELECT {asked.columns} FROM {TABLE} t WHERE {look} AND {asked.within}", bound)]
    if known and "category" in asked.filters:
        # Few in all of the category: its index leads to them, and to no others.
        few = f"SELECT {asked.columns} FROM {TABLE} t WHERE {large} AND (SELECT yes FROM few)"
        branches += [
            _met(asked, f"{few} AND {branch} AND {asked.within}", bound) for branch in asked.branches()
        ]
    elif not known and not close:
        branches.append(_sampled(asked, large))
    if by_text:
        branches.append(
            _met(
                asked,
                f"SELECT {asked.columns} FROM {TABLE} t WHERE (SELECT yes FROM rare) AND {asked.matches}",
                HITS,
            )
        )
    return [*ctes, f"met AS MATERIALIZED ({' UNION ALL '.join(branches)})"]


def _met(asked: Asked, source: str, bound: int) -> str:
    """The stores of a source that are in the tile and answer; `bound` is whether the source was cut off."""
    return (
        f"(SELECT t.store_id, t.place, t.price_from, t.deals, t.n > {bound} AS bound"
        f" FROM (SELECT t.*, count(*) OVER () AS n FROM ({source} LIMIT {bound + 1}) t) t WHERE {_answers(asked)})"
    )


def _sampled(asked: Asked, gate: str) -> str:
    """So many stores of each part of the tile."""
    side = f"{_WORLD_M!r}::float8 / (%(across)s::float8 * {_PARTS})"
    corner = (
        f"(%(tile_x)s::int4 * {_PARTS} + {{x}}) * {side} - {_WORLD_M / 2!r}::float8,"
        f" {_WORLD_M / 2!r}::float8 - (%(tile_y)s::int4 * {_PARTS} + {{y}}) * {side}"
    )
    box = f"box(point({corner.format(x='i', y='j')}), point({corner.format(x='(i + 1)', y='(j + 1)')}))"
    return (
        f"(SELECT t.store_id, t.place, t.price_from, t.deals, t.n > {SAMPLED} AS bound"
        f" FROM generate_series(0, {_PARTS - 1}) i, generate_series(0, {_PARTS - 1}) j, LATERAL ("
        f"SELECT t.*, count(*) OVER () AS n FROM (SELECT {asked.columns} FROM {TABLE} t"
        f" WHERE {gate} AND t.place <@ {box} LIMIT {SAMPLED + 1}) t) t"
        f" WHERE {_answers(asked)} AND {_number('x', 'across', _PARTS)} = %(tile_x)s::int4 * {_PARTS} + i"
        f" AND {_number('y', 'across', _PARTS)} = %(tile_y)s::int4 * {_PARTS} + j)"
    )


def _answers(asked: Asked) -> str:
    inside = f"{_number('x', 'across')} = %(tile_x)s::int4 AND {_number('y', 'across')} = %(tile_y)s::int4"
    return f"{inside} AND {asked.matches} AND {asked.filtered()}"


def _number(axis: str, across: str, times: int = 1) -> str:
    """The number of the square that a row lies in, of so many across the world; as `search_square` has it."""
    metres = {
        "x": f"(t.place[0] + {_WORLD_M / 2!r}::float8)",
        "y": f"({_WORLD_M / 2!r}::float8 - t.place[1])",
    }
    return f"floor({metres[axis]} / {_WORLD_M!r}::float8 * (%({across})s::float8 * {times}))"


_POINT = "json_build_object('type', 'Point', 'coordinates', json_build_array({lon}, {lat}))"
_LON, _LAT = "({x} / 111319.49079327358)", "degrees(2 * atan(exp({y} / 6378137.0)) - pi() / 2)"
# A square on a border has prices in two currencies, of which none is the least.
_ONE_UNIT = "count(DISTINCT c.unit) FILTER (WHERE c.price_from IS NOT NULL) = 1"
_WEST = "{x} / %(finer)s::float8 * 360 - 180"
_NORTH = "degrees(atan(sinh(pi() * (1 - 2 * {y} / %(finer)s::float8))))"


def _degrees(value: str) -> str:
    return f"round(({value})::numeric, 6)"


def _box(west: str, south: str, east: str, north: str) -> str:
    return f"json_build_array({', '.join(_degrees(side) for side in (west, south, east, north))})"


def _answer(each: str, known: bool) -> str:
    """The end of the statement: the pins, the clusters of stores and the clusters of squares as one collection."""
    pin_point = _POINT.format(lon=_degrees("s.lon"), lat=_degrees("s.lat"))
    pins = f"""
SELECT 0 AS kind, (s.price_from IS NULL)::int AS later, s.store_id AS key, json_build_object(
         'type', 'Feature', 'geometry', {pin_point}, 'properties', json_build_object(
           'kind', 'pin', 'ref', s.card->'ref', 'names', s.card->'names', 'category', s.card->'category',
           'emoji', s.card->'emoji', 'price_from', s.card->'price_from', 'unit', s.card->'unit',
           'deals', s.deals, 'rating', s.rating, 'reviews', s.reviews)) AS feature
  FROM met m JOIN {TABLE} s ON s.store_id = m.store_id WHERE {each}"""
    return f""", groups AS MATERIALIZED (
  SELECT {_number("x", "finer")} AS cx, {_number("y", "finer")} AS cy, count(*) AS stores, bool_or(t.bound) AS more,
         avg(t.place[0]) AS x, avg(t.place[1]) AS y, min(t.place[0]) AS x0, min(t.place[1]) AS y0,
         max(t.place[0]) AS x1, max(t.place[1]) AS y1,
         (array_agg(t.store_id ORDER BY t.price_from) FILTER (WHERE t.price_from IS NOT NULL AND t.deals > 0))[1] AS cheapest
    FROM met t WHERE NOT ({each}) GROUP BY 1, 2),
pins AS ({pins} ORDER BY later, key LIMIT {tiles.CLOSE_PINS}),
features AS (
  SELECT * FROM pins
  UNION ALL
  {_of_groups()}{f" UNION ALL {_of_squares()}" if known else ""})
SELECT json_build_object('type', 'FeatureCollection', 'more',
  (SELECT more FROM seen) OR ({each}) AND (SELECT n FROM seen) > {tiles.CLOSE_PINS},
  'features', coalesce(json_agg(f.feature ORDER BY f.kind, f.later, f.key), '[]'))::text FROM features f"""


def _of_groups() -> str:
    point = _POINT.format(lon=_degrees(_LON.format(x="g.x")), lat=_degrees(_LAT.format(y="g.y")))
    box = _box(_LON.format(x="g.x0"), _LAT.format(y="g.y0"), _LON.format(x="g.x1"), _LAT.format(y="g.y1"))
    return f"""SELECT 1, 0, (g.cy * %(finer)s::float8 + g.cx)::int8, json_build_object(
         'type', 'Feature', 'geometry', {point}, 'properties', json_build_object(
           'kind', 'cluster', 'stores', g.stores, 'more', g.more, 'price_from', s.card->'price_from',
           'unit', s.card->'unit', 'bounds', {box}))
    FROM groups g LEFT JOIN {TABLE} s ON s.store_id = g.cheapest"""


def _of_squares() -> str:
    point = _POINT.format(lon=_degrees("p.lon"), lat=_degrees("p.lat"))
    west, east = _WEST.format(x="p.cx"), _WEST.format(x="(p.cx + 1)")
    south, north = _NORTH.format(y="(p.cy + 1)"), _NORTH.format(y="p.cy")
    return f"""SELECT 1, 0, p.cell, json_build_object(
         'type', 'Feature', 'geometry', {point}, 'properties', json_build_object(
           'kind', 'cluster', 'stores', p.stores, 'more', false, 'price_from', p.price_from,
           'unit', p.unit, 'bounds', {_box(west, south, east, north)}))
    FROM (SELECT c.*, floor((c.lon + 180) / 360 * %(finer)s::float8) AS cx,
                 floor((1 - asinh(tan(radians(c.lat))) / pi()) / 2 * %(finer)s::float8) AS cy
            FROM (SELECT c.cell, sum(c.stores) AS stores, (sum(c.sum_lon) / sum(c.stores) / 1e7)::float8 AS lon,
                         (sum(c.sum_lat) / sum(c.stores) / 1e7)::float8 AS lat,
                         CASE WHEN {_ONE_UNIT} THEN min(c.price_from) END AS price_from,
                         CASE WHEN {_ONE_UNIT} THEN max(c.unit) FILTER (WHERE c.price_from IS NOT NULL) END AS unit
                    FROM part c GROUP BY c.cell) c) p"""
