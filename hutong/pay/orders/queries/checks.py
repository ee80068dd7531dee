"""What must hold over all orders; part of `hutong books check`."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.rows import rows
from hutong.pay.orders.rules import PAID_STATES

# One row for each order with the sums of its units, against each thing that can be wrong with it; compared
# here and not by constraints, because it goes over several tables.
_PROBLEMS = """
WITH every AS MATERIALIZED (
    SELECT o.public_id, o.state, o.state = ANY (%(paid_states)s::text[]) AS is_paid, o.total, o.refunded,
        o.stored, o.paid_at, coalesce(sum(u.paid_stored), 0) AS units_stored,
        count(u.id) AS units, coalesce(sum(u.paid), 0) AS units_total,
        coalesce(sum(u.paid) FILTER (WHERE u.state = 'refunded'), 0) AS units_refunded,
        count(u.id) FILTER (WHERE u.state = 'refunded') AS refunded_units,
        count(u.id) FILTER (WHERE u.unit <> o.unit) AS foreign_units,
        (SELECT coalesce(sum(l.total), 0) FROM orders_line l WHERE l.order_id = o.id) AS lines_total,
        (SELECT coalesce(sum(l.quantity), 0) FROM orders_line l WHERE l.order_id = o.id) AS quantity,
        (SELECT e.to_state FROM orders_orderevent e WHERE e.order_id = o.id
         ORDER BY e.id DESC LIMIT 1) AS last_state
    FROM {orders} LEFT JOIN orders_unit u ON u.order_id = o.id
    GROUP BY o.id
)
SELECT every.public_id, test.what
FROM every CROSS JOIN LATERAL (VALUES
    ('paid_at and state disagree', (paid_at IS NOT NULL) <> is_paid),
    ('its lines do not add up to its total', lines_total <> total),
    ('its units do not add up to its total', is_paid AND units_total <> total),
    ('it has another number of units than was ordered', units <> CASE WHEN is_paid THEN quantity ELSE 0 END),
    ('what gift cards bore is not the sum of its units', is_paid AND units_stored <> stored),
    ('a unit is of another currency', foreign_units > 0),
    ('what was refunded is not the sum of its refunded units', units_refunded <> refunded),
    ('its state does not follow from its refunded units', is_paid AND state <> CASE
        WHEN refunded_units = 0 THEN 'paid' WHEN refunded_units = units THEN 'refunded'
        ELSE 'partly_refunded' END),
    ('its history ends in another state', last_state IS DISTINCT FROM state)
) AS test (what, wrong)
WHERE test.wrong ORDER BY every.public_id, test.what
"""


_EVERY_ORDER = "orders_order o"
_THESE_ORDERS = "unnest(%(order_refs)s::text[]) AS asked (ref) JOIN orders_order o ON o.public_id = asked.ref"


def problems(order_refs: Iterable[str] | None = None) -> list[str]:
    """Re-add every order, or these; one line for each thing that cannot be. Empty when all is right."""
    values: dict[str, list[str]] = {"paid_states": [state.value for state in PAID_STATES]}
    if order_refs is None:
        found = rows(_PROBLEMS.format(orders=_EVERY_ORDER), values)
    else:
        values["order_refs"] = sorted(set(order_refs))
        found = rows(_PROBLEMS.format(orders=_THESE_ORDERS), values)
    return [f"orders: {problem['public_id']}: {problem['what']}" for problem in found]


def unredeemed() -> dict[tuple[str, str], int]:
    """What was paid for units neither used nor refunded, in minor units, by (merchant_ref, unit)."""
    found = rows(
        """SELECT m.public_id, u.unit, sum(u.paid)::bigint AS paid
           FROM orders_unit u JOIN merchants_merchant m ON m.id = u.merchant_id
           WHERE u.state = 'sold' GROUP BY m.public_id, u.unit"""
    )
    return {(sold["public_id"], sold["unit"]): int(sold["paid"]) for sold in found}


def merchant_of_orders(order_refs: Iterable[str]) -> dict[str, str]:
    """The merchant of each order: order_ref -> merchant_ref; unknown orders are left out."""
    found = rows(
        """SELECT o.public_id AS order_ref, m.public_id AS merchant_ref
           FROM orders_order o JOIN merchants_merchant m ON m.id = o.merchant_id
           WHERE o.public_id = ANY (%s::text[])""",
        [list(order_refs)],
    )
    return {order["order_ref"]: order["merchant_ref"] for order in found}


def all_refs() -> set[str]:
    """The public ids of all orders."""
    return {order["public_id"] for order in rows("SELECT public_id FROM orders_order")}


def all_unit_refs() -> set[str]:
    """The public ids of all units sold."""
    return {unit["public_id"] for unit in rows("SELECT public_id FROM orders_unit")}
