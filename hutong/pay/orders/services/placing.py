"""An order is placed, once for each click."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from hutong.kernel import rows
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.orders import queries
from hutong.pay.orders.services.errors import ClientKeyReused, SellerUnknown
from hutong.pay.orders.types import OrderEventKind, OrderState, PlacedOrder
from hutong.pay.pricing.rules import to_json
from hutong.pay.pricing.types import Quote
from hutong.town.people.models import Person

# One statement makes the order, its lines and the first step of its history. The unique key (person,
# client_key) makes a second click wait for the first and then insert nothing.
_PLACE = """
WITH placed AS (
    INSERT INTO orders_order (public_id, person_id, merchant_id, store_id, region_id, state, total, stored, refunded,
        unit, quote, quote_version, quote_hash, client_key, remember_consent, created_at, expires_at)
    SELECT %(order_ref)s, %(person_id)s::bigint, m.id, s.id, coalesce(s.region_id, m.region_id), %(state)s,
        %(total)s::bigint, %(stored)s::bigint, 0, %(unit)s, %(quote)s::jsonb, %(quote_version)s::smallint, %(quote_hash)s,
        %(client_key)s, %(remember_consent)s::boolean, %(at)s::timestamptz, %(expires_at)s::timestamptz
    FROM merchants_merchant m
    LEFT JOIN merchants_store s ON s.merchant_id = m.id AND s.public_id = %(store_ref)s::text
    WHERE m.public_id = %(merchant_ref)s AND (%(store_ref)s::text IS NULL OR s.id IS NOT NULL)
    ON CONFLICT (person_id, client_key) DO NOTHING
    RETURNING id
), logged AS (
    INSERT INTO orders_orderevent (order_id, event, from_state, to_state, by_ref, at)
    SELECT id, %(event)s, '', %(state)s, %(by)s, %(at)s::timestamptz FROM placed
)
INSERT INTO orders_line (order_id, position, offer_ref, titles, quantity, list_total, total)
SELECT placed.id, l.position, l.offer_ref, l.titles, l.quantity, l.list_total, l.total
FROM placed, jsonb_to_recordset(%(lines)s::jsonb)
    AS l (position smallint, offer_ref text, titles jsonb, quantity smallint, list_total bigint, total bigint)
"""


def place_order(
    *,
    person: Person,
    merchant_ref: str,
    store_ref: str | None,
    quote: Quote,
    expires_at: datetime,
    client_key: str,
    at: datetime,
    remember_consent: bool = False,
    stored: Money | None = None,
) -> PlacedOrder:
    """Store what `person` agrees to buy, awaiting payment until `expires_at`; the quote is kept with it.

    Idempotent by `client_key` for one person: the same click again, also in parallel, returns the order of
    the first one with `created=False`. `stored` is what gift cards bear of the total; the caller sets it
    aside. The region is the store's, or the merchant's without a store.
    One statement, two for a repeated click. Raises ClientKeyReused, SellerUnknown.
    """
    if any(line.merchant_ref != merchant_ref for line in quote.lines):
        raise ValueError("an order has one merchant, and so has every line of its quote")
    borne = stored or Money(0, quote.unit)
    if not 0 <= borne.minor <= quote.total.minor:
        raise ValueError("gift cards bear at most the total")
    order_ref = new_id("ord")
    with transaction.atomic(savepoint=False):
        placed = rows.execute(
            _PLACE,
            {
                "order_ref": order_ref,
                "person_id": person.pk,
                "merchant_ref": merchant_ref,
                "store_ref": store_ref,
                "state": OrderState.AWAITING_PAYMENT.value,
                "total": quote.total.minor,
                "stored": borne.minor,
                "unit": quote.unit,
                "quote": json.dumps(to_json(quote)),
                "quote_version": quote.version,
                "quote_hash": quote.hash,
                "client_key": client_key,
                "remember_consent": remember_consent,
                "at": at,
                "expires_at": expires_at,
                "event": OrderEventKind.PLACED.value,
                "by": person.public_id,
                "lines": _lines_json(quote),
            },
        )
        if placed == 0:
            return _placed_before(person, merchant_ref, quote, client_key)
    return PlacedOrder(order_ref, OrderState.AWAITING_PAYMENT, quote.total, borne, expires_at, created=True)


def _lines_json(quote: Quote) -> str:
    return json.dumps(
        [
            {
                "position": position,
                "offer_ref": line.offer_ref,
                "titles": dict(line.titles),
                "quantity": line.quantity,
                "list_total": line.list_total.minor,
                "total": line.total.minor,
            }
            for position, line in enumerate(quote.lines)
        ]
    )


def _placed_before(person: Person, merchant_ref: str, quote: Quote, client_key: str) -> PlacedOrder:
    """The order of an earlier click with this key; without one, the seller was not found."""
    found = queries.placed_with_key(person_id=person.pk, client_key=client_key)
    if found is None:
        raise SellerUnknown(merchant_ref=merchant_ref)
    order, quote_hash = found
    if quote_hash != quote.hash:
        raise ClientKeyReused(order_ref=order.order_ref)
    return order
