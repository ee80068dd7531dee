"""Figures of a day, and a merchant's takings: sums over spans that start and end in local time."""

from __future__ import annotations

from datetime import date, datetime

from hutong.kernel.clock import day_bounds
from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.pay.orders.types import DayFigures, OfferSales, Takings
from hutong.town.regions.types import RegionView


def figures(*, region: RegionView, on: date) -> DayFigures:
    """The figures of one calendar day of a region, in its zone and currency. One statement."""
    starts_at, ends_at = day_bounds(on, region.zone)
    found = row(
        """
        SELECT
            (SELECT count(*) FROM orders_order WHERE region_id = %(region)s::bigint AND unit = %(unit)s
                AND created_at >= %(from)s::timestamptz AND created_at < %(to)s::timestamptz) AS ordered,
            paid.*, refunds.*, redeemed.*
        FROM (SELECT count(*) AS paid, coalesce(sum(total), 0)::bigint AS gmv,
                     count(DISTINCT person_id) AS shoppers
              FROM orders_order WHERE region_id = %(region)s::bigint AND unit = %(unit)s
                AND paid_at >= %(from)s::timestamptz AND paid_at < %(to)s::timestamptz) paid,
             (SELECT count(*) AS refunded_units, coalesce(sum(u.paid), 0)::bigint AS refunds
              FROM orders_unit u JOIN orders_order o ON o.id = u.order_id
              WHERE o.region_id = %(region)s::bigint AND u.unit = %(unit)s
                AND u.refunded_at >= %(from)s::timestamptz AND u.refunded_at < %(to)s::timestamptz) refunds,
             (SELECT count(*) AS redeemed_units, coalesce(sum(u.paid), 0)::bigint AS redeemed
              FROM orders_unit u JOIN orders_order o ON o.id = u.order_id
              WHERE o.region_id = %(region)s::bigint AND u.unit = %(unit)s
                AND u.used_at >= %(from)s::timestamptz AND u.used_at < %(to)s::timestamptz) redeemed
        """,
        {"region": region.region_id, "unit": region.currency, "from": starts_at, "to": ends_at},
    )
    assert found is not None, "a statement of aggregates always has one row"
    return DayFigures(
        ordered=found["ordered"],
        paid=found["paid"],
        gmv=Money(found["gmv"], region.currency),
        shoppers=found["shoppers"],
        refunded_units=found["refunded_units"],
        refunds=Money(found["refunds"], region.currency),
        redeemed_units=found["redeemed_units"],
        redeemed=Money(found["redeemed"], region.currency),
    )


def counts_by_state(*, since: datetime) -> dict[str, int]:
    """How many orders made since then stand in each state, over all regions; one statement.

    Plan: `orders_order_by_region_created`, once for each region.
    """
    found = rows(
        """SELECT state, count(*) AS n FROM orders_order
           WHERE region_id = ANY (SELECT id FROM regions_region) AND created_at >= %s::timestamptz
           GROUP BY state""",
        [since],
    )
    return {entry["state"]: entry["n"] for entry in found}


def takings(*, merchant_id: int, unit: str, starts_at: datetime, ends_at: datetime) -> Takings:
    """What a merchant sold, saw used and gave back in a half-open span. One statement."""
    found = row(
        """
        SELECT sold.*, used.*, refunded.*
        FROM (SELECT count(u.id) AS sold_units, coalesce(sum(u.paid), 0)::bigint AS sold
              FROM orders_order o JOIN orders_unit u ON u.order_id = o.id
              WHERE o.merchant_id = %(merchant)s::bigint AND o.unit = %(unit)s
                AND o.paid_at >= %(from)s::timestamptz AND o.paid_at < %(to)s::timestamptz) sold,
             (SELECT count(*) AS used_units, coalesce(sum(paid), 0)::bigint AS used
              FROM orders_unit WHERE merchant_id = %(merchant)s::bigint AND unit = %(unit)s
                AND used_at >= %(from)s::timestamptz AND used_at < %(to)s::timestamptz) used,
             (SELECT count(*) AS refunded_units, coalesce(sum(paid), 0)::bigint AS refunded
              FROM orders_unit WHERE merchant_id = %(merchant)s::bigint AND unit = %(unit)s
                AND refunded_at >= %(from)s::timestamptz AND refunded_at < %(to)s::timestamptz) refunded
        """,
        {"merchant": merchant_id, "unit": unit, "from": starts_at, "to": ends_at},
    )
    assert found is not None, "a statement of aggregates always has one row"
    return Takings(
        sold_units=found["sold_units"],
        sold=Money(found["sold"], unit),
        used_units=found["used_units"],
        used=Money(found["used"], unit),
        refunded_units=found["refunded_units"],
        refunded=Money(found["refunded"], unit),
    )


def sold_by_offer(merchant_id: int) -> dict[str, OfferSales]:
    """How many units of each of a merchant's offers were sold, used and given back, ever. One statement."""
    found = rows(
        """SELECT l.offer_ref, count(*) AS sold, count(*) FILTER (WHERE u.state = 'used') AS used,
                  count(*) FILTER (WHERE u.state = 'refunded') AS refunded
           FROM orders_unit u JOIN orders_line l ON l.id = u.line_id
           WHERE u.merchant_id = %s::bigint GROUP BY l.offer_ref""",
        [merchant_id],
    )
    return {
        one["offer_ref"]: OfferSales(sold=one["sold"], used=one["used"], refunded=one["refunded"])
        for one in found
    }
