"""Orders as flows and pages read them. A whole order is one statement; PostgreSQL gathers its parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.kernel.text import mask_phone
from hutong.pay.orders.types import (
    EventView,
    LineView,
    OrderedLine,
    OrderEventKind,
    OrderFacts,
    OrderState,
    OrderSummary,
    OrderView,
    PlacedOrder,
    SoldUnit,
    UnitState,
    UnitView,
)
from hutong.pay.pricing.rules import from_json
from hutong.pay.pricing.types import Quote

PARTIES = """
    o.public_id AS order_ref, o.state, o.total, o.stored, o.refunded, o.unit, o.person_id, o.merchant_id,
    o.remember_consent, o.created_at, o.expires_at, o.paid_at,
    p.public_id AS person_ref, p.name AS person_name, p.phone, m.public_id AS merchant_ref,
    m.names::text AS merchant_names, s.public_id AS store_ref, s.names::text AS store_names,
    r.public_id AS region_ref, r.zone
FROM orders_order o
JOIN people_person p ON p.id = o.person_id
JOIN merchants_merchant m ON m.id = o.merchant_id
JOIN regions_region r ON r.id = o.region_id
LEFT JOIN merchants_store s ON s.id = o.store_id
"""

_LINES = """
    (SELECT json_agg(json_build_object('offer_ref', l.offer_ref, 'titles', l.titles, 'quantity', l.quantity,
            'list_total', l.list_total, 'total', l.total, 'id', l.id) ORDER BY l.position)
     FROM orders_line l WHERE l.order_id = o.id)::text AS lines,
"""

# Whoever buys together with others orders nothing else with it.
_GROUP = " coalesce(o.quote #>> '{lines,0,group}', '') AS group_name, "

_UNITS_AND_EVENTS = """
    (SELECT json_agg(json_build_object('line', u.line_id, 'unit_ref', u.public_id, 'state', u.state,
            'paid', u.paid, 'paid_stored', u.paid_stored, 'used_at', u.used_at, 'refunded_at', u.refunded_at) ORDER BY u.id)
     FROM orders_unit u WHERE u.order_id = o.id)::text AS units,
    (SELECT json_agg(json_build_object('event', e.event, 'from', e.from_state, 'to', e.to_state,
            'by_ref', e.by_ref, 'at', e.at) ORDER BY e.id)
     FROM orders_orderevent e WHERE e.order_id = o.id)::text AS events,
"""


_DISCOUNTED = "coalesce(jsonb_array_length(o.quote->'discounts'), 0) > 0 AS discounted,"


def order_facts(order_ref: str, *, lock: bool = False) -> OrderFacts | None:
    """What flows need to know of an order, in one statement; with `lock`, its row stays locked."""
    # Lines never change, so reading them beside a lock that had to wait is safe; units do, and stay out.
    sql = f"SELECT {_LINES}{_DISCOUNTED}{_GROUP}{PARTIES} WHERE o.public_id = %s{' FOR UPDATE OF o' if lock else ''}"
    found = row(sql, [order_ref])
    if found is None:
        return None
    unit = found["unit"]
    return OrderFacts(
        order_ref=found["order_ref"],
        state=OrderState(found["state"]),
        total=Money(found["total"], unit),
        stored=Money(found["stored"], unit),
        refunded=Money(found["refunded"], unit),
        person_id=found["person_id"],
        person_ref=found["person_ref"],
        merchant_id=found["merchant_id"],
        merchant_ref=found["merchant_ref"],
        store_ref=found["store_ref"],
        region_ref=found["region_ref"],
        remember_consent=found["remember_consent"],
        discounted=found["discounted"],
        created_at=found["created_at"],
        group=found["group_name"],
        expires_at=found["expires_at"],
        paid_at=found["paid_at"],
        lines=tuple(
            OrderedLine(line["offer_ref"], line["titles"], line["quantity"])
            for line in json.loads(found["lines"])
        ),
    )


def placed_with_key(*, person_id: int, client_key: str) -> tuple[PlacedOrder, str] | None:
    """The order a person's click made, with the hash of its quote; None when that click made none."""
    found = row(
        """SELECT public_id, state, total, stored, unit, expires_at, quote_hash FROM orders_order
           WHERE person_id = %s::bigint AND client_key = %s""",
        [person_id, client_key],
    )
    if found is None:
        return None
    order = PlacedOrder(
        found["public_id"],
        OrderState(found["state"]),
        total=Money(found["total"], found["unit"]),
        stored=Money(found["stored"], found["unit"]),
        expires_at=found["expires_at"],
        created=False,
    )
    return order, found["quote_hash"]


def order_view(
    order_ref: str, *, person_id: int | None = None, merchant_id: int | None = None
) -> OrderView | None:
    """A whole order for its page, in one statement; None when there is none, or it is not that person's or
    that merchant's."""
    found = row(
        f"""SELECT {_LINES}{_UNITS_AND_EVENTS}{PARTIES}
            WHERE o.public_id = %(ref)s AND (%(person)s::bigint IS NULL OR o.person_id = %(person)s::bigint)
              AND (%(merchant)s::bigint IS NULL OR o.merchant_id = %(merchant)s::bigint)""",
        {"ref": order_ref, "person": person_id, "merchant": merchant_id},
    )
    return _order_view(found) if found else None


SUMMARY = """
    (SELECT l.titles::text FROM orders_line l WHERE l.order_id = o.id ORDER BY l.position LIMIT 1) AS titles,
    (SELECT l.offer_ref FROM orders_line l WHERE l.order_id = o.id ORDER BY l.position LIMIT 1) AS offer_ref,
    (SELECT sum(l.quantity)::int FROM orders_line l WHERE l.order_id = o.id) AS quantity,
"""


def orders_of(person_id: int, *, limit: int = 50) -> list[OrderSummary]:
    """A person's orders, the newest first. Index `orders_order_by_person`."""
    found = rows(
        f"SELECT {SUMMARY}{PARTIES} WHERE o.person_id = %s::bigint ORDER BY o.id DESC LIMIT %s::int4",
        [person_id, limit],
    )
    return [summary(order) for order in found]


def order_list(
    *,
    region_id: int | None = None,
    merchant_id: int | None = None,
    state: OrderState | None = None,
    text: str = "",
    phone: str = "",
    before_ref: str | None = None,
    limit: int = 50,
) -> list[OrderSummary]:
    """Orders of a region, of a merchant or of everybody, the newest first; `before_ref` is the last order
    of the page before. `text` finds a part of an order's ref, of the merchant's names or of the shopper's
    name; `phone` (E.164) the shopper's whole number, or either: for the operator alone."""
    # Public ids sort by the time of making, so that the cursor needs no look-up.
    found = rows(
        f"""SELECT {SUMMARY}{PARTIES}
            WHERE (%(region)s::bigint IS NULL OR o.region_id = %(region)s::bigint)
              AND (%(merchant)s::bigint IS NULL OR o.merchant_id = %(merchant)s::bigint)
              AND (%(state)s::text IS NULL OR o.state = %(state)s::text)
              AND (%(text)s::text IS NULL OR strpos(o.public_id, %(text)s::text) > 0
                OR EXISTS (SELECT 1 FROM jsonb_each_text(m.names) n
                           WHERE strpos(lower(n.value), %(text)s::text) > 0)
                OR strpos(lower(p.name), %(text)s::text) > 0
                OR p.phone = %(phone)s::text)
              AND (%(before)s::text IS NULL OR o.public_id < %(before)s::text)
            ORDER BY o.public_id DESC LIMIT %(limit)s::int4""",  # noqa: S608
        {
            "region": region_id,
            "merchant": merchant_id,
            "state": state.value if state else None,
            "text": text.strip().lower()[:80] or None,
            "phone": phone or None,
            "before": before_ref,
            "limit": limit,
        },
    )
    return [summary(order) for order in found]


_SOLD_UNITS = """
SELECT u.public_id AS unit_ref, o.public_id AS order_ref, m.public_id AS merchant_ref, l.offer_ref,
    l.titles::text AS titles, u.state, u.list, u.discount_merchant, u.discount_platform, u.paid, u.paid_stored,
    u.commission,
    u.commission_rate_ppm, u.commission_reason, u.commission_tax, u.provider_fee, u.tax, u.unit,
    u.points, u.points_unit
FROM orders_unit u
JOIN orders_line l ON l.id = u.line_id
JOIN orders_order o ON o.id = u.order_id
JOIN merchants_merchant m ON m.id = u.merchant_id
"""


def units_of(order_ref: str) -> tuple[SoldUnit, ...]:
    """The units of a paid order with all their amounts, in the order they were sold."""
    found = rows(f"{_SOLD_UNITS} WHERE o.public_id = %s ORDER BY u.id", [order_ref])
    return tuple(sold_unit(unit) for unit in found)


def quote_of(order_ref: str) -> Quote | None:
    """The quote as the shopper agreed to it, whatever was given back since; None for an unknown order.

    What a unit was sold for stands here for good: `Unit.paid` is what it is paid with now.
    """
    found = rows("SELECT quote::text AS quote FROM orders_order WHERE public_id = %s", [order_ref])
    return from_json(json.loads(found[0]["quote"])) if found else None


def unit_offers(order_ref: str) -> dict[str, str]:
    """The offer of each unit of a paid order: unit_ref -> offer_ref, in the order they were sold."""
    found = rows(
        """SELECT u.public_id, l.offer_ref FROM orders_order o JOIN orders_unit u ON u.order_id = o.id
           JOIN orders_line l ON l.id = u.line_id WHERE o.public_id = %s ORDER BY u.id""",
        [order_ref],
    )
    return {unit["public_id"]: unit["offer_ref"] for unit in found}


def units(unit_refs: list[str]) -> tuple[SoldUnit, ...]:
    """The units of these public ids; unknown ones are left out. One statement: the wallet's money."""
    found = rows(f"{_SOLD_UNITS} WHERE u.public_id = ANY (%s::text[]) ORDER BY u.id", [unit_refs])
    return tuple(sold_unit(unit) for unit in found)


def orders_to_expire(at: datetime, *, limit: int = 100, after: int = 0) -> list[str]:
    """Orders that still await payment though their time is over, without the first `after` of them.

    Index `orders_order_to_expire`.
    """
    found = rows(
        """SELECT public_id FROM orders_order
           WHERE state = 'awaiting_payment' AND expires_at <= %s::timestamptz
           ORDER BY expires_at LIMIT %s::int4 OFFSET %s::int4""",
        [at, limit, after],
    )
    return [order["public_id"] for order in found]


def sold_unit(found: dict[str, Any]) -> SoldUnit:
    """A row of a statement that reads or returns units, as the value that crosses the boundary."""
    unit = found["unit"]
    return SoldUnit(
        unit_ref=found["unit_ref"],
        order_ref=found["order_ref"],
        merchant_ref=found["merchant_ref"],
        offer_ref=found["offer_ref"],
        titles=json.loads(found["titles"]),
        state=UnitState(found["state"]),
        list=Money(found["list"], unit),
        discount_merchant=Money(found["discount_merchant"], unit),
        discount_platform=Money(found["discount_platform"], unit),
        paid=Money(found["paid"], unit),
        paid_stored=Money(found["paid_stored"], unit),
        commission=Money(found["commission"], unit),
        commission_rate_ppm=found["commission_rate_ppm"],
        commission_reason=found["commission_reason"],
        commission_tax=Money(found["commission_tax"], unit),
        provider_fee=Money(found["provider_fee"], unit),
        tax=Money(found["tax"], unit),
        points=points_of(found["points"], found["points_unit"]),
    )


def points_of(minor: int, unit: str) -> Money | None:
    """The points of a unit's columns; None for a unit that none bear."""
    return Money(minor, unit) if minor else None


def _order_view(found: dict[str, Any]) -> OrderView:
    unit = found["unit"]
    units = json.loads(found["units"] or "[]")
    lines = tuple(_line_view(line, units, unit) for line in json.loads(found["lines"]))
    return OrderView(
        order_ref=found["order_ref"],
        state=OrderState(found["state"]),
        total=Money(found["total"], unit),
        stored=Money(found["stored"], unit),
        list_total=sum((line.list_total for line in lines), Money(0, unit)),
        refunded=Money(found["refunded"], unit),
        person_ref=found["person_ref"],
        person_name=found["person_name"],
        masked_phone=mask_phone(found["phone"] or ""),
        merchant_ref=found["merchant_ref"],
        merchant_names=json.loads(found["merchant_names"]),
        store_ref=found["store_ref"],
        store_names=_names(found["store_names"]),
        region_ref=found["region_ref"],
        zone=found["zone"],
        remember_consent=found["remember_consent"],
        created_at=found["created_at"],
        expires_at=found["expires_at"],
        paid_at=found["paid_at"],
        lines=lines,
        events=tuple(_event_view(event) for event in json.loads(found["events"] or "[]")),
    )


def _line_view(line: dict[str, Any], units: Sequence[dict[str, Any]], unit: str) -> LineView:
    return LineView(
        offer_ref=line["offer_ref"],
        titles=line["titles"],
        quantity=line["quantity"],
        list_total=Money(line["list_total"], unit),
        total=Money(line["total"], unit),
        units=tuple(
            UnitView(
                unit_ref=sold["unit_ref"],
                state=UnitState(sold["state"]),
                paid=Money(sold["paid"], unit),
                paid_stored=Money(sold["paid_stored"], unit),
                used_at=_moment(sold["used_at"]),
                refunded_at=_moment(sold["refunded_at"]),
            )
            for sold in units
            if sold["line"] == line["id"]
        ),
    )


def _event_view(event: dict[str, Any]) -> EventView:
    return EventView(
        event=OrderEventKind(event["event"]),
        from_state=OrderState(event["from"]) if event["from"] else None,
        to_state=OrderState(event["to"]),
        by_ref=event["by_ref"],
        at=datetime.fromisoformat(event["at"]).astimezone(UTC),
    )


def summary(found: dict[str, Any]) -> OrderSummary:
    """A row of a statement that reads `SUMMARY` and `PARTIES`, as the value that crosses the boundary."""
    return OrderSummary(
        order_ref=found["order_ref"],
        state=OrderState(found["state"]),
        total=Money(found["total"], found["unit"]),
        refunded=Money(found["refunded"], found["unit"]),
        person_ref=found["person_ref"],
        person_name=found["person_name"],
        masked_phone=mask_phone(found["phone"] or ""),
        merchant_ref=found["merchant_ref"],
        merchant_names=json.loads(found["merchant_names"]),
        store_ref=found["store_ref"],
        store_names=_names(found["store_names"]),
        zone=found["zone"],
        offer_ref=found["offer_ref"],
        titles=json.loads(found["titles"]),
        quantity=found["quantity"],
        created_at=found["created_at"],
        paid_at=found["paid_at"],
    )


def _names(stored: str | None) -> dict[str, str] | None:
    """Names by language, of a store that may be missing."""
    return dict(json.loads(stored)) if stored else None


def _moment(text: str | None) -> datetime | None:
    """A moment inside gathered JSON."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
