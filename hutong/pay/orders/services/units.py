"""Units sold become used, sold again, or refunded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel import rows
from hutong.pay.orders import queries
from hutong.pay.orders.rules import UnitPrice
from hutong.pay.orders.services.errors import UnitsNotSold, UnitsNotUsed
from hutong.pay.orders.services.states import lock_order, move_order
from hutong.pay.orders.types import OrderEventKind, SoldUnit, UnitState

# `held` takes the rows in id order, so that two batches never wait for each other in a ring.
_CHANGE_UNITS = """
WITH held AS (
    SELECT id FROM orders_unit WHERE public_id = ANY (%(unit_refs)s::text[]) ORDER BY id FOR UPDATE
)
UPDATE orders_unit u
SET state = %(to_state)s::text, refunded_at = %(refunded_at)s::timestamptz,
    used_at = CASE WHEN %(to_state)s::text = 'refunded' THEN u.used_at ELSE %(used_at)s::timestamptz END
FROM held, orders_line l, orders_order o, merchants_merchant m
WHERE u.id = held.id AND u.state = ANY (%(from_states)s::text[])
    AND l.id = u.line_id AND o.id = u.order_id AND m.id = u.merchant_id
    AND (%(order_ref)s::text IS NULL OR o.public_id = %(order_ref)s::text)
RETURNING u.public_id AS unit_ref, o.public_id AS order_ref, m.public_id AS merchant_ref, l.offer_ref,
    l.titles::text AS titles, u.state, u.list, u.discount_merchant, u.discount_platform, u.paid, u.paid_stored,
    u.commission,
    u.commission_rate_ppm, u.commission_reason, u.commission_tax, u.provider_fee, u.tax, u.unit,
    u.points, u.points_unit,
    (SELECT count(*) FROM orders_unit r
     WHERE r.order_id = u.order_id AND r.state <> 'refunded') AS open_before
"""


def _change_units(
    unit_refs: Sequence[str],
    from_states: Sequence[UnitState],
    to_state: UnitState,
    at: datetime,
    order_ref: str | None = None,
) -> list[dict[str, Any]]:
    """Move the units that are in one of `from_states`; the caller compares how many came back."""
    return rows.rows(
        _CHANGE_UNITS,
        {
            "unit_refs": list(unit_refs),
            "from_states": [state.value for state in from_states],
            "to_state": to_state.value,
            "used_at": at if to_state is UnitState.USED else None,
            "refunded_at": at if to_state is UnitState.REFUNDED else None,
            "order_ref": order_ref,
        },
    )


def lock_units(*, order_ref: str) -> tuple[SoldUnit, ...]:
    """The units of a paid order as they are and stay until the transaction ends, in the order they were sold.

    For whoever has locked the order and the vouchers before: a scan takes its voucher first, then its units.
    """
    rows.execute(
        """SELECT 1 FROM orders_unit u JOIN orders_order o ON o.id = u.order_id
           WHERE o.public_id = %s ORDER BY u.id FOR UPDATE OF u""",
        [order_ref],
    )
    return queries.units_of(order_ref)


# The order is locked, and nothing but giving a part back changes amounts: so they are those that were read before.
_PRICE_AGAIN = """
UPDATE orders_unit u
SET paid = n.paid, paid_stored = n.stored, discount_merchant = n.merchant, discount_platform = n.platform, tax = n.tax
FROM unnest(%(refs)s::text[], %(paid)s::bigint[], %(stored)s::bigint[], %(merchant)s::bigint[], %(platform)s::bigint[],
    %(tax)s::bigint[]) AS n (ref, paid, stored, merchant, platform, tax), orders_order o
WHERE u.public_id = n.ref AND o.id = u.order_id AND o.public_id = %(order_ref)s
"""


def _price_again(
    order_ref: str, changed: list[dict[str, Any]], prices: Sequence[UnitPrice]
) -> list[dict[str, Any]]:
    """Give the units their new amounts; the `changed` ones with them."""
    columns = {
        "paid": [each.paid.minor for each in prices],
        "stored": [each.paid_stored.minor for each in prices],
        "merchant": [each.discount_merchant.minor for each in prices],
        "platform": [each.discount_platform.minor for each in prices],
        "tax": [each.tax.minor for each in prices],
    }
    refs = [each.unit_ref for each in prices]
    if rows.execute(_PRICE_AGAIN, {"order_ref": order_ref, "refs": refs, **columns}) != len(refs):
        raise UnitsNotSold(unit_refs=refs)
    new = {each.unit_ref: each for each in prices}
    return [
        unit
        if (price := new.get(unit["unit_ref"])) is None
        else {
            **unit,
            "paid": price.paid.minor,
            "paid_stored": price.paid_stored.minor,
            "discount_merchant": price.discount_merchant.minor,
            "discount_platform": price.discount_platform.minor,
            "tax": price.tax.minor,
        }
        for unit in changed
    ]


def mark_units_used(*, unit_refs: Sequence[str], at: datetime) -> tuple[SoldUnit, ...]:
    """Sold units become used, all or none; returns them with their amounts, for settlement.

    One statement. Raises UnitsNotSold when one is unknown, used already, or refunded.
    """
    with transaction.atomic(savepoint=False):
        changed = _change_units(unit_refs, [UnitState.SOLD], UnitState.USED, at)
        if len(changed) != len(set(unit_refs)):
            raise UnitsNotSold(unit_refs=list(unit_refs))
    return tuple(queries.sold_unit(unit) for unit in changed)


def mark_units_unused(*, unit_refs: Sequence[str], at: datetime) -> tuple[SoldUnit, ...]:
    """Used units become sold again, because their redemption was undone; all or none.

    One statement. Raises UnitsNotUsed.
    """
    with transaction.atomic(savepoint=False):
        changed = _change_units(unit_refs, [UnitState.USED], UnitState.SOLD, at)
        if len(changed) != len(set(unit_refs)):
            raise UnitsNotUsed(unit_refs=list(unit_refs))
    return tuple(queries.sold_unit(unit) for unit in changed)


def mark_units_refunded(
    *,
    order_ref: str,
    unit_refs: Sequence[str],
    by: str,
    at: datetime,
    used_too: bool = False,
    prices: Sequence[UnitPrice] = (),
) -> tuple[SoldUnit, ...]:
    """Sold units of one order become refunded, all or none; the order's `refunded` grows by what was paid
    for them, and its state becomes refunded once no other unit is left, else partly refunded. With `used_too`
    used units, too, which keep the moment of their use. `prices` are the units' amounts from now on, where some change
    (`rules.priced_again`): those refunded are returned with them.

    Locks the order. Three statements, four with prices. Raises UnitsNotSold, OrderUnknown, OrderMoved.
    """
    if not unit_refs:
        raise ValueError("a refund names its units")
    with transaction.atomic(savepoint=False):
        order = lock_order(order_ref=order_ref)
        states = [UnitState.SOLD, *([UnitState.USED] if used_too else [])]
        changed = _change_units(unit_refs, states, UnitState.REFUNDED, at, order_ref)
        if len(changed) != len(set(unit_refs)):
            raise UnitsNotSold(unit_refs=list(unit_refs))
        if prices:
            changed = _price_again(order_ref, changed, prices)
        nothing_left = changed[0]["open_before"] == len(changed)
        event = OrderEventKind.REFUNDED if nothing_left else OrderEventKind.PARTLY_REFUNDED
        amount = sum(unit["paid"] for unit in changed)
        move_order(order_ref, order.state, event, by=by, at=at, refund=amount)
    return tuple(queries.sold_unit(unit) for unit in changed)
