"""Reads of the catalog. Every question here is one statement, whatever the number of offers or stores."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django.db.models import QuerySet

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.town.catalog.models import Sketch
from hutong.town.catalog.rules import may_be_bought
from hutong.town.catalog.types import (
    Include,
    OfferKind,
    OfferMove,
    OfferState,
    OfferStoreView,
    OfferView,
    PriceWindow,
    SketchView,
    SpecialPrice,
)

# Plan: the offers by their index, then for each catalog_specialprice_position, catalog_offerstore_once and the primary
# key of its stores.
_OFFERS = """
SELECT o.id, o.public_id, o.merchant_id, m.public_id AS merchant_ref, m.names AS merchant_names,
       m.state = 'approved' AS merchant_approved, o.kind, o.state, o.titles, o.descriptions,
       o.list_price, o.price, o.unit, o.includes, o.emoji, o.hue, o.tags, o.starts_at, o.ends_at,
       o.per_person_limit, o.sample, o.created_at, o.submitted_at, o.steps_bind,
       coalesce((
         SELECT jsonb_agg(jsonb_build_array(x.price, x.from_quantity, x.windows) ORDER BY x.position)
           FROM catalog_specialprice x WHERE x.offer_id = o.id), '[]') AS special_prices,
       coalesce((
         SELECT jsonb_agg(jsonb_build_array(
                  s.id, s.public_id, s.names, s.lon, s.lat, s.address, s.city, s.phone, s.opening_hours,
                  s.region_id, r.slug, r.zone, s.state = 'open', c.slug) ORDER BY s.id)
           FROM catalog_offerstore p
           JOIN merchants_store s ON s.id = p.store_id
           JOIN regions_region r ON r.id = s.region_id
           JOIN merchants_category c ON c.id = s.category_id
          WHERE p.offer_id = o.id), '[]') AS stores
  FROM catalog_offer o JOIN merchants_merchant m ON m.id = o.merchant_id
"""

_OF_STORE = """
 WHERE o.state = 'live'
   AND o.id IN (SELECT p.offer_id FROM catalog_offerstore p
                  JOIN merchants_store s ON s.id = p.store_id WHERE s.public_id = %s)
 ORDER BY o.price, o.id
"""

_HISTORY = """
SELECT d.from_state, d.to_state, d.reason, d.at, p.public_id AS by_ref, coalesce(p.name, '') AS by_name
  FROM catalog_offerdecision d
  JOIN catalog_offer o ON o.id = d.offer_id
  LEFT JOIN people_person p ON p.id = d.by_id
 WHERE o.public_id = %s ORDER BY d.id
"""


def offer_by_ref(offer_ref: str) -> OfferView | None:
    """One offer in whatever state, with its stores; None when there is no such offer."""
    found = _views(_OFFERS + "WHERE o.public_id = %s", [offer_ref])
    return found[0] if found else None


def offers_by_refs(offer_refs: Iterable[str]) -> dict[str, OfferView]:
    """The offers that exist among `offer_refs`, by ref, in whatever state."""
    views = _views(_OFFERS + "WHERE o.public_id = ANY(%s::text[])", [list(offer_refs)])
    return {view.ref: view for view in views}


def sellable(offer_refs: Iterable[str], at: datetime) -> dict[str, OfferView]:
    """The offers among `offer_refs` that a shopper may buy at `at`; what is missing may not be bought."""
    return {ref: view for ref, view in offers_by_refs(offer_refs).items() if may_be_bought(view, at)}


def merchant_offers(merchant_ref: str) -> list[OfferView]:
    """All offers of a merchant, the newest first."""
    return _views(_OFFERS + "WHERE m.public_id = %s ORDER BY o.id DESC", [merchant_ref])


def store_offers(store_ref: str, at: datetime) -> list[OfferView]:
    """What can be bought for a store at `at`, the cheapest first."""
    return [view for view in _views(_OFFERS + _OF_STORE, [store_ref]) if may_be_bought(view, at)]


def pending_offers(limit: int = 200) -> list[OfferView]:
    """Offers that wait for the operator's decision, the longest waiting first."""
    return _views(
        _OFFERS + "WHERE o.state = 'submitted' ORDER BY o.submitted_at, o.id LIMIT %s::int4", [limit]
    )


def offer_history(offer_ref: str) -> list[OfferMove]:
    """Every move of an offer, the oldest first."""
    return [
        OfferMove(
            from_state=OfferState(entry["from_state"]),
            to_state=OfferState(entry["to_state"]),
            reason=entry["reason"],
            by_ref=entry["by_ref"],
            by_name=entry["by_name"],
            at=entry["at"],
        )
        for entry in rows(_HISTORY, [offer_ref])
    ]


def sketch(sketch_ref: str, merchant_ref: str) -> SketchView | None:
    """A merchant's draft in whatever state; None when there is none, or it is another merchant's."""
    found = _sketches(merchant_ref).filter(public_id=sketch_ref).first()
    return _sketch(found) if found else None


def sketches(merchant_ref: str) -> list[SketchView]:
    """The unfinished drafts of a merchant, the one changed last first."""
    found = _sketches(merchant_ref).filter(done_at=None, dropped_at=None)
    return [_sketch(one) for one in found.order_by("-changed_at", "-id")]


def _sketches(merchant_ref: str) -> "QuerySet[Sketch]":
    return Sketch.objects.filter(merchant__public_id=merchant_ref).select_related("merchant", "offer")


def _sketch(found: Sketch) -> SketchView:
    return SketchView(
        ref=found.public_id,
        merchant_ref=found.merchant.public_id,
        offer_ref=found.offer.public_id if found.offer else "",
        body=found.body,
        open=found.done_at is None and found.dropped_at is None,
        dropped=found.dropped_at is not None,
        created_at=found.created_at,
        changed_at=found.changed_at,
    )


def _views(sql: str, params: Sequence[Any]) -> list[OfferView]:
    return [_view(entry) for entry in rows(sql, params)]


def _view(entry: dict[str, Any]) -> OfferView:
    # In plain SQL, Django's connection hands jsonb over as text.
    unit = entry["unit"]
    return OfferView(
        offer_id=entry["id"],
        ref=entry["public_id"],
        merchant_id=entry["merchant_id"],
        merchant_ref=entry["merchant_ref"],
        merchant_names=json.loads(entry["merchant_names"]),
        merchant_approved=entry["merchant_approved"],
        kind=OfferKind(entry["kind"]),
        state=OfferState(entry["state"]),
        titles=json.loads(entry["titles"]),
        descriptions=json.loads(entry["descriptions"]),
        list_price=Money(entry["list_price"], unit),
        price=Money(entry["price"], unit),
        includes=tuple(_include(item, unit) for item in json.loads(entry["includes"])),
        emoji=entry["emoji"],
        hue=entry["hue"],
        tags=tuple(json.loads(entry["tags"])),
        starts_at=entry["starts_at"],
        ends_at=entry["ends_at"],
        per_person_limit=entry["per_person_limit"],
        sample=entry["sample"],
        created_at=entry["created_at"],
        submitted_at=entry["submitted_at"],
        stores=tuple(OfferStoreView(*fields) for fields in json.loads(entry["stores"])),
        special_prices=tuple(
            SpecialPrice(Money(price, unit), from_quantity, tuple(price_window(window) for window in windows))
            for price, from_quantity, windows in json.loads(entry["special_prices"])
        ),
        steps_bind=entry["steps_bind"],
    )


def price_window(said: dict[str, Any]) -> PriceWindow:
    """A window as it is stored."""
    return PriceWindow(
        weekdays=frozenset(said["weekdays"]),
        opens=time.fromisoformat(said["opens"]),
        closes=time.fromisoformat(said["closes"]),
    )


def _include(item: dict[str, Any], unit: str) -> Include:
    value = item.get("value")
    return Include(
        names=item["names"],
        quantity=item["quantity"],
        value=None if value is None else Money(value, unit),
    )
