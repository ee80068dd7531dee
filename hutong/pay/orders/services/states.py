"""An order takes the steps of its table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from hutong.kernel import rows
from hutong.kernel.money import Money
from hutong.pay.orders import queries, rules
from hutong.pay.orders.models import Unit
from hutong.pay.orders.services.errors import OrderMoved, OrderUnknown
from hutong.pay.orders.types import OrderEventKind, OrderFacts, OrderState, SoldUnit, UnitState
from hutong.pay.pricing.rules import from_json
from hutong.pay.pricing.types import Quote, UnitAmounts


def lock_order(*, order_ref: str) -> OrderFacts:
    """Lock the order's row until the transaction ends, and say what it is. Raises OrderUnknown.

    The first thing a flow does that touches an order; only inside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a lock without a transaction holds nothing")
    facts = queries.order_facts(order_ref, lock=True)
    if facts is None:
        raise OrderUnknown(order_ref=order_ref)
    return facts


# The guard is the WHERE: who comes second finds no row in the expected state. History in the same statement.
_MOVE = """
WITH moved AS (
    UPDATE orders_order
    SET state = %(to_state)s, refunded = refunded + %(refund)s::bigint,
        paid_at = coalesce(%(paid_at)s::timestamptz, paid_at)
    WHERE public_id = %(order_ref)s AND state = %(from_state)s
        AND (NOT %(only_expired)s::boolean OR expires_at <= %(at)s::timestamptz)
    RETURNING id, quote, merchant_id, stored
), logged AS (
    INSERT INTO orders_orderevent (order_id, event, from_state, to_state, by_ref, at)
    SELECT id, %(event)s, %(from_state)s, %(to_state)s, %(by)s, %(at)s::timestamptz FROM moved
)
SELECT moved.id, moved.quote::text AS quote, moved.merchant_id, moved.stored, array(
    SELECT l.id FROM orders_line l WHERE l.order_id = moved.id ORDER BY l.position) AS line_ids
FROM moved
"""


def move_order(
    order_ref: str,
    from_state: OrderState,
    event: OrderEventKind,
    *,
    by: str,
    at: datetime,
    refund: int = 0,
    only_expired: bool = False,
) -> dict[str, Any]:
    """Take one step of the table and write it down; raise OrderMoved when the order is elsewhere by now."""
    try:
        to_state = rules.next_state(from_state, event)
    except rules.TransitionRefused as error:
        raise OrderMoved(order_ref=order_ref, state=str(from_state)) from error
    newly_paid = to_state in rules.PAID_STATES and from_state not in rules.PAID_STATES
    moved = rows.row(
        _MOVE,
        {
            "order_ref": order_ref,
            "from_state": from_state.value,
            "to_state": to_state.value,
            "event": event.value,
            "refund": refund,
            "paid_at": at if newly_paid else None,
            "only_expired": only_expired,
            "by": by,
            "at": at,
        },
    )
    if moved is None:
        raise OrderMoved(order_ref=order_ref, event=event.value)
    return moved


def mark_paid(*, order_ref: str, by: str, at: datetime, late: bool = False) -> tuple[SoldUnit, ...]:
    """Turn an order that awaits payment into a paid one, and write one row for each unit sold.

    With `late`, an expired order is honoured instead; the caller has taken the stock again. The amounts
    come from the stored quote; what gift cards bear of the order is split over its units by what was paid for
    them. Two statements. Raises OrderMoved when the order is in another state.
    """
    event = OrderEventKind.LATE_PAYMENT_HONOURED if late else OrderEventKind.PAID
    from_state = OrderState.EXPIRED if late else OrderState.AWAITING_PAYMENT
    with transaction.atomic(savepoint=False):
        moved = move_order(order_ref, from_state, event, by=by, at=at)
        quote = from_json(json.loads(moved["quote"]))
        borne = iter(rules.borne_by_cards(moved["stored"], quote))
        units = [
            Unit(
                order_id=moved["id"],
                line_id=line_id,
                merchant_id=moved["merchant_id"],
                position=position,
                list=amounts.list.minor,
                discount_merchant=amounts.discount_merchant.minor,
                discount_platform=amounts.discount_platform.minor,
                paid=amounts.paid.minor,
                paid_stored=next(borne),
                commission=amounts.commission.minor,
                commission_rate_ppm=amounts.commission_rate_ppm,
                commission_reason=amounts.commission_reason,
                commission_tax=amounts.commission_tax.minor,
                provider_fee=amounts.provider_fee.minor,
                tax=amounts.tax.minor,
                unit=quote.unit,
                **_points(amounts),
            )
            for line_id, line in zip(moved["line_ids"], quote.lines, strict=True)
            for position, amounts in enumerate(line.units)
        ]
        Unit.objects.bulk_create(units)
    return _sold(order_ref, quote, units)


def _points(amounts: UnitAmounts) -> dict[str, Any]:
    """The columns for the points that the unit's quote has spent on it."""
    spent = [part.points for part in amounts.discounts if part.points]
    return {"points": sum(one.minor for one in spent), "points_unit": spent[0].unit if spent else ""}


def _sold(order_ref: str, quote: Quote, units: Sequence[Unit]) -> tuple[SoldUnit, ...]:
    lines = [line for line in quote.lines for _unit in line.units]
    return tuple(
        SoldUnit(
            unit_ref=unit.public_id,
            order_ref=order_ref,
            merchant_ref=line.merchant_ref,
            offer_ref=line.offer_ref,
            titles=line.titles,
            state=UnitState.SOLD,
            list=Money(unit.list, unit.unit),
            discount_merchant=Money(unit.discount_merchant, unit.unit),
            discount_platform=Money(unit.discount_platform, unit.unit),
            paid=Money(unit.paid, unit.unit),
            paid_stored=Money(unit.paid_stored, unit.unit),
            commission=Money(unit.commission, unit.unit),
            commission_rate_ppm=unit.commission_rate_ppm,
            commission_reason=unit.commission_reason,
            commission_tax=Money(unit.commission_tax, unit.unit),
            provider_fee=Money(unit.provider_fee, unit.unit),
            tax=Money(unit.tax, unit.unit),
            points=queries.points_of(unit.points, unit.points_unit),
        )
        for line, unit in zip(lines, units, strict=True)
    )


def expire_order(*, order_ref: str, by: str, at: datetime) -> None:
    """End an order whose time to pay is over. One statement. Raises OrderMoved when it was paid meanwhile,
    or still has time."""
    with transaction.atomic(savepoint=False):
        move_order(
            order_ref, OrderState.AWAITING_PAYMENT, OrderEventKind.EXPIRED, by=by, at=at, only_expired=True
        )


def cancel_order(*, order_ref: str, by: str, at: datetime) -> None:
    """End an order that was not paid, because its shopper wants no more of it. Raises OrderMoved."""
    with transaction.atomic(savepoint=False):
        move_order(order_ref, OrderState.AWAITING_PAYMENT, OrderEventKind.CANCELLED, by=by, at=at)


def note_late_payment_returned(*, order_ref: str, by: str, at: datetime) -> None:
    """Write down that money came for an ended order and goes back. The state stays. Raises OrderMoved."""
    with transaction.atomic(savepoint=False):
        state = lock_order(order_ref=order_ref).state
        move_order(order_ref, state, OrderEventKind.LATE_PAYMENT_RETURNED, by=by, at=at)
