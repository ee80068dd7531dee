"""Deals near a place, each at its nearest store."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.attract.search import rules
from hutong.attract.search.queries.statements import AROUND, HERE, Wanted, bounded, wanted
from hutong.attract.search.types import DealCard, DealSort, Found
from hutong.kernel.geo import Place, distance_m
from hutong.kernel.money import Money
from hutong.kernel.rows import rows
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
        items=tuple(_card(entry, place) for entry in shown),
        next=rules.cursor_text(shown[-1]["value"], shown[-1]["offer_ref"]) if more else None,
    )


def deals_of_store(*, store_ref: str, at: datetime) -> list[DealCard]:
    """The deals of one store that can be bought at `at`, the cheapest first. One statement."""
    found = rows(
        f"SELECT t.card, t.sold FROM search_searchdeal t WHERE t.store_ref = %(ref)s AND {_ON_SALE}"  # noqa: S608
        " ORDER BY t.price, t.offer_ref",
        {"ref": store_ref, "at": at},
    )
    return [_card(entry, None) for entry in found]


def offer_refs_of(*, store_refs: Sequence[str] | None = None, region_id: int | None = None) -> list[str]:
    """The offers that search shows in these stores, or in a region; what their sold counts are asked for."""
    found = rows(
        "SELECT DISTINCT t.offer_ref FROM search_searchdeal t"
        " WHERE t.store_ref = ANY(%(refs)s::text[]) OR t.region_id = %(region)s::int8 ORDER BY t.offer_ref",
        {"refs": list(store_refs or ()), "region": region_id},
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
        f"(SELECT t.offer_ref, t.card, t.sold, {key} AS value, t.place <-> {HERE} AS d"  # noqa: S608
        f" FROM {branch.source} WHERE {' AND '.join([branch.where, *clauses])}"
        f" ORDER BY {key}, t.offer_ref LIMIT %(limit)s::int4)"
        for branch in question.branches
    )
    return (
        f"{question.prefix}SELECT * FROM ({branches}) u WHERE d <= %(cap)s::float8"  # noqa: S608
        " ORDER BY value, offer_ref"
    )


def _card(entry: dict[str, Any], place: Place | None) -> DealCard:
    card = json.loads(entry["card"])
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
