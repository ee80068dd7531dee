"""What was sold in a month and what was kept of it, alike lines together."""

from __future__ import annotations

from datetime import date
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.orders.types import ChargedLines

# A day of sale is one of the region's own calendar. What alike lines have in common decides what a rule would
# have made of them, so that a month of any size comes as few rows.
# Plan: for each region its paid orders by orders_order_by_region_paid, then the units of each.
_CHARGED = """
WITH line AS (
    SELECT m.public_id AS merchant_ref, l.offer_ref, (o.paid_at AT TIME ZONE g.zone)::date AS sold_on, o.unit,
        count(*) AS units, sum(u.paid + u.discount_platform)::bigint AS price, sum(u.commission)::bigint AS commission,
        sum(u.commission_tax)::bigint AS commission_tax, sum(u.provider_fee)::bigint AS provider_fee
    FROM regions_region g
    JOIN orders_order o ON o.region_id = g.id
        AND o.paid_at >= %(first)s::timestamp AT TIME ZONE g.zone
        AND o.paid_at < %(last)s::timestamp AT TIME ZONE g.zone
    JOIN orders_unit u ON u.order_id = o.id
    JOIN orders_line l ON l.id = u.line_id
    JOIN merchants_merchant m ON m.id = o.merchant_id
    WHERE %(merchant)s::text IN ('', m.public_id) AND %(offer)s::text IN ('', l.offer_ref)
    GROUP BY l.id, m.public_id, g.zone, o.paid_at, o.unit
)
SELECT merchant_ref, offer_ref, sold_on, unit, units, price, count(*) AS lines, sum(commission)::bigint AS commission,
    sum(commission_tax)::bigint AS commission_tax, sum(provider_fee)::bigint AS provider_fee
FROM line GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 5, 6
"""


def charged(
    first_on: date, until_on: date, *, merchant_ref: str = "", offer_ref: str = ""
) -> list[ChargedLines]:
    """The lines paid from `first_on` until before `until_on`, refunded since or not; one row for all alike lines.

    One statement, whatever the number of regions.
    """
    found = rows(
        _CHARGED,
        {
            "first": first_on.isoformat(),
            "last": until_on.isoformat(),
            "merchant": merchant_ref,
            "offer": offer_ref,
        },
    )
    return [_lines(one) for one in found]


def _lines(found: dict[str, Any]) -> ChargedLines:
    unit = found["unit"]
    return ChargedLines(
        merchant_ref=found["merchant_ref"],
        offer_ref=found["offer_ref"],
        sold_on=found["sold_on"],
        lines=found["lines"],
        units_each=found["units"],
        price_each=Money(found["price"], unit),
        commission=Money(found["commission"], unit),
        commission_tax=Money(found["commission_tax"], unit),
        provider_fee=Money(found["provider_fee"], unit),
    )
