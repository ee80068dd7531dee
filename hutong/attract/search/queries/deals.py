"""Deals near a place, each at its nearest store."""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hutong.attract.search import rules
from hutong.attract.search.queries.asked import CHOSEN, Asked, ask
from hutong.attract.search.queries.statements import (
    ARE_FEW,
    ARE_MANY,
    AROUND,
    FEW,
    HERE,
    HITS,
    CursorInvalid,
    Wanted,
    bounded,
    wanted,
)
from hutong.attract.search.rules import tokens
from hutong.attract.search.types import Circle, DealCard, DealSort, Found, Question
from hutong.kernel.geo import Place, distance_m, mercator
from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.kernel.text import clean
from hutong.town.pictures.types import Cover

# What a list is sorted by, the smallest first; the offer's ref breaks ties.
_KEYS = {
    DealSort.NEAREST: f"t.place <-> {HERE}",
    DealSort.PRICE: "t.price::float8",
    DealSort.DISCOUNT: "-t.discount_percent::float8",
    DealSort.SOLD: "-t.sold::float8",
}
_ON_SALE = "t.starts_at <= %(at)s AND (t.ends_at IS NULL OR t.ends_at > %(at)s)"
# A chain's offer is shown once, where it is nearest. The rivals are few, and found by search_deal_once.
_NEAREST_STORE = f"""NOT EXISTS (
  SELECT FROM search_searchdeal r WHERE r.offer_ref = t.offer_ref AND r.id <> t.id
     AND (r.place <-> {HERE}, r.id) < (t.place <-> {HERE}, t.id))"""

# With filters, so many of the nearest deals are looked at and no more.
LOOKED_AT = 10_000


def find_deals(question: Question, *, sort: DealSort, looked_at: int = LOOKED_AT) -> Found[DealCard]:
    """The deals on sale that answer a question, each once, at the nearest of its stores that does. One statement.

    With filters, or of a part of the map, the nearest `looked_at` are gone through. Price and promises are the deal's
    own, stars and hours its store's; `has_deal` asks for nothing here. Raises `CursorInvalid`, `QuestionInvalid`,
    `PlaceInvalid`.
    """
    asked = ask(replace(question, has_deal=False))
    if clean(question.text, limit=tokens.MAX_TYPED) and not asked.by_text:
        return Found((), None)  # signs and emoji, which nothing is called
    within = question.within
    if (
        isinstance(within, Circle)
        and within.place == question.place
        and not set(asked.filters) - {"category"}
    ):
        return deals_near(
            place=question.place,
            at=question.at,
            category=question.category,
            text=question.text,
            sort=sort,
            limit=question.limit,
            after=question.after,
            radius_m=within.radius_m,
        )
    size, params = bounded(question.limit), {**asked.params, "limit": bounded(question.limit) + 1}
    later = "true"
    if question.after:
        later = "(value, offer_ref) > (%(after_value)s::float8, %(after_ref)s::text)"
        try:
            params["after_value"], params["after_ref"] = rules.read_cursor(question.after)
        except ValueError as error:
            raise CursorInvalid from error
    found = rows(_filtered(asked, _KEYS[sort], later, looked_at), params)
    shown = found[:size]
    return Found(
        items=tuple(deal_card(entry, question.place) for entry in shown),
        next=rules.cursor_text(shown[-1]["value"], shown[-1]["offer_ref"]) if len(found) > size else None,
    )


def _filtered(asked: Asked, key: str, later: str, looked_at: int) -> str:
    """Outwards from the place, so many; or the hits of rare words. What fits of them, each offer where it is nearest."""
    within = f"{asked.within} AND {_ON_SALE}"
    outward = [
        f"(SELECT t.* FROM search_searchdeal t WHERE {{gate}}{one} AND {within}"
        f" ORDER BY t.place <-> {HERE} LIMIT {looked_at})"
        for one in asked.branches()
    ]
    ctes = [CHOSEN] if "category" in asked.filters else []
    if asked.by_text:
        # no index but that of the words may serve the hits, so the place is left for later
        ctes.append(HITS.format(table="search_searchdeal", where=asked.matches, few=FEW))
        sources = [f"(SELECT t.* FROM hits t WHERE {ARE_FEW} AND {within})"]
        sources += [one.format(gate=f"{ARE_MANY} AND ") for one in outward]
    else:
        sources = [one.format(gate="") for one in outward]
    fits = f"{asked.matches} AND {asked.filtered()}"
    columns = f"t.id, t.offer_ref, {key} AS value, t.place <-> {HERE} AS d"
    near = " UNION ALL ".join(f"SELECT {columns} FROM {one} t WHERE {fits}" for one in sources)
    ctes.append(f"near AS MATERIALIZED ({near})")
    ctes.append("once AS (SELECT DISTINCT ON (offer_ref) * FROM near ORDER BY offer_ref, d, id)")
    return (
        f"WITH {', '.join(ctes)} SELECT s.card, s.sold, p.value, p.offer_ref FROM (SELECT * FROM once WHERE {later}"
        " ORDER BY value, offer_ref LIMIT %(limit)s::int4) p JOIN search_searchdeal s ON s.id = p.id"
        " ORDER BY p.value, p.offer_ref"
    )


def deals_near(
    *,
    place: Place,
    at: datetime,
    category: str | None = None,
    text: str | None = None,
    sort: DealSort = DealSort.NEAREST,
    limit: int = rules.DEFAULT_LIMIT,
    after: str | None = None,
    radius_m: float = rules.DEFAULT_RADIUS_M,
) -> Found[DealCard]:
    """Deals that can be bought at `at` within the radius, each once, at its nearest store. One statement.

    Parameters as in `nearby`; a cursor is good for the same place and order. Raises `CursorInvalid`.
    """
    size = bounded(limit)
    question = wanted(
        table="search_searchdeal",
        place=place,
        category=category,
        text=text,
        limit=size + 1,
        radius_m=radius_m,
        after=after,
    )
    found = rows(_statement(question, sort, bool(after)), {**question.params, "at": at})
    shown = found[:size]
    more = len(found) > size
    return Found(
        items=tuple(deal_card(entry, place) for entry in shown),
        next=rules.cursor_text(shown[-1]["value"], shown[-1]["offer_ref"]) if more else None,
    )


def deals_of_store(*, store_ref: str, at: datetime) -> list[DealCard]:
    """The deals of one store that can be bought at `at`, the cheapest first. One statement."""
    found = rows(
        f"SELECT t.card, t.sold FROM search_searchdeal t WHERE t.store_ref = %(ref)s AND {_ON_SALE}"
        " ORDER BY t.price, t.offer_ref",
        {"ref": store_ref, "at": at},
    )
    return [deal_card(entry, None) for entry in found]


def deals_by_refs(*, refs: Sequence[str], place: Place, at: datetime) -> dict[str, DealCard]:
    """The cards of these deals by their offers' public ids, each at its nearest store. One statement.

    Those that cannot be bought at `at` are left out.
    """
    x, y = mercator(place)
    found = rows(
        f"SELECT DISTINCT ON (t.offer_ref) t.card, t.sold FROM search_searchdeal t"
        f" WHERE t.offer_ref = ANY(%(refs)s::text[]) AND {_ON_SALE} ORDER BY t.offer_ref, t.place <-> {HERE}, t.id",
        {"refs": list(refs), "at": at, "x": x, "y": y},
    )
    cards = [deal_card(entry, place) for entry in found]
    return {card.offer_ref: card for card in cards}


def offer_refs_of(*, store_refs: Sequence[str]) -> list[str]:
    """The offers that search shows in these stores; what their sold counts are asked for.

    Plan relied on: the stores by `search_store_ref`, their deals by `search_deal_store`.
    """
    found = rows(
        "SELECT DISTINCT d.offer_ref FROM search_searchstore t JOIN search_searchdeal d ON d.store_id = t.store_id"
        " WHERE t.store_ref = ANY(%s::text[]) ORDER BY 1",
        [list(store_refs)],
    )
    return [entry["offer_ref"] for entry in found]


def _statement(question: Wanted, sort: DealSort, after: bool) -> str:
    key = _KEYS[sort]
    clauses = [_ON_SALE, _NEAREST_STORE]
    if sort is not DealSort.NEAREST:  # which stops by itself; the other orders look at all deals around
        clauses.append(AROUND)
    if after:
        clauses.append(f"({key}, t.offer_ref) > (%(after_value)s::float8, %(after_ref)s::text)")
    branches = " UNION ALL ".join(
        f"(SELECT t.offer_ref, t.card, t.sold, {key} AS value, t.place <-> {HERE} AS d"
        f" FROM {branch.source} WHERE {' AND '.join([branch.where, *clauses])}"
        f" ORDER BY {key}, t.offer_ref LIMIT %(limit)s::int4)"
        for branch in question.branches
    )
    return (
        f"{question.prefix}SELECT * FROM ({branches}) u WHERE d <= %(cap)s::float8 ORDER BY value, offer_ref"
    )


def deal_card(entry: dict[str, Any], place: Place | None) -> DealCard:
    """The card of a row, with how far it is from `place`; `card` is JSON, or what was read out of it."""
    card = entry["card"] if isinstance(entry["card"], dict) else json.loads(entry["card"])
    there = Place(card["lon"], card["lat"])
    unit = card["unit"]
    return DealCard(
        offer_ref=card["offer_ref"],
        titles=card["titles"],
        emoji=card["emoji"],
        hue=card["hue"],
        price=Money(card["price"], unit),
        list_price=Money(card["list_price"], unit),
        discount_percent=card["discount_percent"],
        tags=tuple(card["tags"]),
        sold=entry["sold"],
        sample=card["sample"],
        ends_at=None if card["ends_at"] is None else datetime.fromisoformat(card["ends_at"]),
        store_ref=card["store_ref"],
        store_names=card["store_names"],
        category_slug=card["category"],
        category_names=card["category_names"],
        lon=there.lon,
        lat=there.lat,
        distance_m=distance_m(place or there, there),
        opening_hours=card["opening_hours"],
        zone=card["zone"],
        cover=Cover.read(card.get("cover")),
    )
