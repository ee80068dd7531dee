"""Stores near a place."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.attract.search import rules
from hutong.attract.search.queries.deals import deals_near
from hutong.attract.search.queries.statements import DISTANCE_M, HERE, Wanted, bounded, wanted
from hutong.attract.search.types import Found, HomeFeed, NearStore, StoreCard
from hutong.kernel.geo import Place, distance_m
from hutong.kernel.money import Money
from hutong.kernel.rows import rows, scalar
from hutong.town.merchants.rules import open_state
from hutong.town.pictures.types import Cover

_TABLE = "search_searchstore"


def nearby(
    *,
    place: Place,
    at: datetime,
    category: str | None = None,
    text: str | None = None,
    open_now: bool = False,
    limit: int = rules.DEFAULT_LIMIT,
    after: str | None = None,
    radius_m: float = rules.DEFAULT_RADIUS_M,
) -> Found[StoreCard]:
    """The nearest open stores (of business, not of hour) in exact order. One statement.

    `category` is the slug of a group or of one of its categories; `text` finds stores with every word of it, or with
    words that begin so, in any script or by its sound. `open_now` keeps those that are open at `at` by their hours; it
    looks at five pages' worth of stores, so a page may come out short and still have a `next`. `after` is the
    cursor of the page before, good for the same place. Raises `CursorInvalid`.
    """
    size = bounded(limit)
    looked_at = size * rules.OPEN_NOW_FACTOR if open_now else size
    # One row more than is shown tells whether there is a next page.
    question = wanted(
        table=_TABLE,
        place=place,
        category=category,
        text=text,
        limit=looked_at + 1,
        radius_m=radius_m,
        after=after,
    )
    found = rows(f"{_nearest(question, bool(after))} ORDER BY d, store_ref", question.params)
    shown: list[StoreCard] = []
    last = None
    for entry in found[:looked_at]:
        card = store_card(json.loads(entry["card"]), place, at)
        if not open_now or card.open.open:
            shown.append(card)
        last = entry
        if len(shown) == size:
            break
    more = last is not None and last is not found[-1]
    cursor = rules.cursor_text(last["d"], last["store_ref"]) if last is not None and more else None
    return Found(items=tuple(shown), next=cursor)


def nearby_json(
    *,
    place: Place,
    category: str | None = None,
    text: str | None = None,
    limit: int = rules.DEFAULT_LIMIT,
    after: str | None = None,
    radius_m: float = rules.DEFAULT_RADIUS_M,
) -> str:
    """`nearby` as JSON text that PostgreSQL makes: `{"items": [...], "next": cursor or null}`.

    An item is the card of `services.index_stores` with `distance_m` in whole metres. One statement.
    """
    sql, params = nearby_json_statement(
        place=place, category=category, text=text, limit=limit, after=after, radius_m=radius_m
    )
    return str(scalar(sql, params))


def nearby_json_statement(
    *, place: Place, category: str | None, text: str | None, limit: int, after: str | None, radius_m: float
) -> tuple[str, dict[str, Any]]:
    """The statement of `nearby_json` and its parameters: the bench sends the very same one by itself."""
    size = bounded(limit)
    question = wanted(
        table=_TABLE,
        place=place,
        category=category,
        text=text,
        limit=size + 1,
        radius_m=radius_m,
        after=after,
    )
    nearest = _nearest(question, bool(after))
    distance = DISTANCE_M.format(row="n")
    sql = f"""
SELECT json_build_object(
  'items', coalesce(
    json_agg(n.card || jsonb_build_object('distance_m', round({distance})) ORDER BY n.position) FILTER (
      WHERE n.position <= %(size)s::int4), '[]'),
  'next', max(n.d::text || '~' || n.store_ref) FILTER (
    WHERE n.position = %(size)s::int4 AND n.total > n.position)
)::text
FROM (SELECT f.*, row_number() OVER (ORDER BY f.d, f.store_ref) AS position, count(*) OVER () AS total
        FROM ({nearest}) f) n
"""  # noqa: S608 - constants only
    return sql, {**question.params, "size": size}


def home_feed(
    *, place: Place, at: datetime, deals: int = 12, stores: int = 12, radius_m: float = rules.DEFAULT_RADIUS_M
) -> HomeFeed:
    """What the home page shows around a place: the nearest deals and the nearest stores. Two statements."""
    return HomeFeed(
        deals=deals_near(place=place, at=at, limit=deals, radius_m=radius_m),
        stores=nearby(place=place, at=at, limit=stores, radius_m=radius_m),
    )


def nearest_stores(*, place: Place, limit: int) -> Found[NearStore]:
    """The nearest open stores without what is slow to tell of many: their cards come by `cards_of`. One statement."""
    size = bounded(limit)
    question = wanted(
        table=_TABLE,
        place=place,
        category=None,
        text=None,
        limit=size + 1,
        radius_m=rules.DEFAULT_RADIUS_M,
        after=None,
    )
    found = rows(f"{_nearest(question, after=False)} ORDER BY d, store_ref", question.params)
    stored = [json.loads(entry["card"]) for entry in found[:size]]
    last = found[size - 1] if len(found) > size else None
    return Found(
        items=tuple(
            NearStore(card["ref"], card["category"], distance_m(place, Place(card["lon"], card["lat"])), card)
            for card in stored
        ),
        next=rules.cursor_text(last["d"], last["store_ref"]) if last else None,
    )


def cards_of(stores: Sequence[NearStore], *, place: Place, at: datetime) -> list[StoreCard]:
    """The cards of these stores, with whether they are open at `at`. No statement."""
    return [store_card(one.stored, place, at) for one in stores]


def stores_by_refs(*, refs: Sequence[str], place: Place, at: datetime) -> dict[str, StoreCard]:
    """The cards of these stores by their public ids, without those that nobody can find any more. One statement."""
    found = rows("SELECT t.card FROM search_searchstore t WHERE t.store_ref = ANY(%s::text[])", [list(refs)])
    cards = [store_card(json.loads(entry["card"]), place, at) for entry in found]
    return {card.ref: card for card in cards}


def _nearest(question: Wanted, after: bool) -> str:
    """The nearest rows of every branch, then those of all branches within the radius; at one distance all of them.

    By the distance alone, which an index knows: with a key beside it PostgreSQL 15 sorts all stores of a category.
    """
    cursor = f" AND (t.place <-> {HERE}, t.store_ref) > (%(after_value)s::float8, %(after_ref)s::text)"
    branches = " UNION ALL ".join(
        f"(SELECT t.store_ref, t.card, t.lon, t.lat, t.place <-> {HERE} AS d FROM {branch.source}"  # noqa: S608
        f" WHERE {branch.where}{cursor if after else ''}"
        f" ORDER BY t.place <-> {HERE} FETCH FIRST (%(limit)s::int4) ROWS WITH TIES)"
        for branch in question.branches
    )
    return f"{question.prefix}SELECT * FROM ({branches}) u WHERE d <= %(cap)s::float8"  # noqa: S608


def store_card(card: dict[str, Any], place: Place, at: datetime) -> StoreCard:
    """A store's card, with how far it is from `place` and whether it is open at `at`."""
    lon, lat, price = card["lon"], card["lat"], card["price_from"]
    return StoreCard(
        ref=card["ref"],
        names=card["names"],
        category_slug=card["category"],
        category_names=card["category_names"],
        emoji=card["emoji"],
        address=card["address"],
        lon=lon,
        lat=lat,
        distance_m=distance_m(place, Place(lon, lat)),
        opening_hours=card["opening_hours"],
        zone=card["zone"],
        open=open_state(card["opening_hours"], zone=card["zone"], at=at, lon=lon, lat=lat),
        price_from=None if price is None else Money(price, card["unit"]),
        deals=card["deals"],
        claimed=card["claimed"],
        sample=card["sample"],
        cover=Cover.read(card.get("cover")),
    )
