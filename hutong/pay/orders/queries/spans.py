"""Figures of two stretches of time side by side: sums, steps of a chart, and broken down. One statement each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.pay.orders.types import (
    Breakdown,
    Compared,
    Grouping,
    OrderSteps,
    Scope,
    Slice,
    SpanFigures,
    Stretch,
)

MOST_SLICES = 20

# Everything that happened to units, one row each time. Stretches may overlap: a unit then counts in both.
# Plan: what was sold by orders_order_by_region_paid, then the units of each order; what was used and refunded
# by orders_unit_used and orders_unit_refunded, once for each merchant that has anything in the region.
_HAPPENED = """
WITH span (number, starts_at, ends_at) AS (
    VALUES (0, %(from)s::timestamptz, %(to)s::timestamptz), (1, %(from_then)s::timestamptz, %(to_then)s::timestamptz)
), seller AS (
    SELECT id FROM merchants_merchant WHERE region_id = %(region)s::bigint
    UNION
    SELECT merchant_id FROM merchants_store WHERE region_id = %(region)s::bigint AND merchant_id IS NOT NULL
), event AS (
    SELECT span.number, 'sold' AS what, o.paid_at AS at, u.order_id, u.line_id, u.paid, u.commission, u.state,
        o.person_id, o.merchant_id, o.store_id
    FROM span
    JOIN orders_order o ON o.region_id = %(region)s::bigint
        AND o.paid_at >= span.starts_at AND o.paid_at < span.ends_at
    JOIN orders_unit u ON u.order_id = o.id
    WHERE o.unit = %(unit)s
    UNION ALL
    SELECT span.number, 'used', u.used_at, u.order_id, u.line_id, u.paid, u.commission, u.state,
        o.person_id, o.merchant_id, o.store_id
    FROM span CROSS JOIN seller
    JOIN orders_unit u ON u.merchant_id = seller.id AND u.used_at >= span.starts_at AND u.used_at < span.ends_at
    JOIN orders_order o ON o.id = u.order_id
    WHERE o.region_id = %(region)s::bigint AND u.unit = %(unit)s
    UNION ALL
    SELECT span.number, 'refunded', u.refunded_at, u.order_id, u.line_id, u.paid, u.commission, u.state,
        o.person_id, o.merchant_id, o.store_id
    FROM span CROSS JOIN seller
    JOIN orders_unit u ON u.merchant_id = seller.id
        AND u.refunded_at >= span.starts_at AND u.refunded_at < span.ends_at
    JOIN orders_order o ON o.id = u.order_id
    WHERE o.region_id = %(region)s::bigint AND u.unit = %(unit)s
)"""
# Each shop and offer is looked up once, however many units there are.
_LOCATED = """
, happened AS (
    SELECT e.*, coalesce(e.store_id, 0) AS at_store, l.offer_ref
    FROM event e JOIN orders_line l ON l.id = e.line_id
), spot AS MATERIALIZED (
    SELECT known.*, s.public_id AS shop, c.slug AS category, coalesce(g.slug, c.slug) AS category_group,
        coalesce(btrim(s.postcode), '') AS area
    FROM (SELECT DISTINCT offer_ref, merchant_id, at_store FROM happened) known
    LEFT JOIN merchants_store s ON s.id = coalesce(
        nullif(known.at_store, 0),
        (SELECT min(p.store_id) FROM catalog_offerstore p JOIN catalog_offer f ON f.id = p.offer_id
         WHERE f.public_id = known.offer_ref),
        (SELECT min(own.id) FROM merchants_store own WHERE own.merchant_id = known.merchant_id))
    LEFT JOIN merchants_category c ON c.id = s.category_id
    LEFT JOIN merchants_category g ON g.id = c.parent_id
), located AS (
    SELECT happened.*, spot.shop, spot.category, spot.category_group, spot.area
    FROM happened JOIN spot USING (offer_ref, merchant_id, at_store)
    WHERE (%(category)s::text = '' OR %(category)s::text IN (spot.category, spot.category_group))
        AND (%(area)s::text IS NULL OR spot.area = %(area)s::text)
)"""
_SUMS = """
    count(DISTINCT order_id) FILTER (WHERE what = 'sold') AS orders,
    count(DISTINCT person_id) FILTER (WHERE what = 'sold') AS shoppers,
    count(*) FILTER (WHERE what = 'sold') AS sold_units,
    coalesce(sum(paid) FILTER (WHERE what = 'sold'), 0)::bigint AS sold,
    count(*) FILTER (WHERE what = 'sold' AND state = 'used') AS used_of_sold,
    count(*) FILTER (WHERE what = 'sold' AND state = 'refunded') AS refunded_of_sold,
    count(*) FILTER (WHERE what = 'used') AS redeemed_units,
    coalesce(sum(paid) FILTER (WHERE what = 'used'), 0)::bigint AS redeemed,
    coalesce(sum(commission) FILTER (WHERE what = 'used'), 0)::bigint AS commission,
    count(*) FILTER (WHERE what = 'refunded') AS refunded_units,
    coalesce(sum(paid) FILTER (WHERE what = 'refunded'), 0)::bigint AS refunds"""
_STEP = {
    # Days are those of the wall, so that one of 23 or 25 hours is one step; hours are steps of real time.
    "day": """(at AT TIME ZONE %(zone)s)::date - (CASE number WHEN 0 THEN %(from)s::timestamptz
        ELSE %(from_then)s::timestamptz END AT TIME ZONE %(zone)s)::date""",
    "hour": """floor(extract(epoch FROM at - CASE number WHEN 0 THEN %(from)s::timestamptz
        ELSE %(from_then)s::timestamptz END) / 3600)::int""",
}
_KEY = {
    Grouping.CATEGORY: "CASE WHEN %(category)s::text = '' THEN category_group ELSE category END",
    Grouping.AREA: "area",
    Grouping.SHOP: "shop",
    Grouping.DEAL: "offer_ref",
}
_NAMES = {
    Grouping.CATEGORY: "c.names || c.own_names AS names, '' AS merchant_ref, '{}'::jsonb AS merchant_names "
    "FROM slice LEFT JOIN merchants_category c ON c.slug = slice.key",
    Grouping.AREA: "'{}'::jsonb AS names, '' AS merchant_ref, '{}'::jsonb AS merchant_names FROM slice",
    Grouping.SHOP: "s.names, m.public_id AS merchant_ref, m.names AS merchant_names FROM slice "
    "LEFT JOIN merchants_store s ON s.public_id = slice.key LEFT JOIN merchants_merchant m ON m.id = s.merchant_id",
    Grouping.DEAL: "f.titles AS names, m.public_id AS merchant_ref, m.names AS merchant_names FROM slice "
    "LEFT JOIN catalog_offer f ON f.public_id = slice.key LEFT JOIN merchants_merchant m ON m.id = f.merchant_id",
}
# An order counts where it has an offer that holds in at least one such shop.
_ORDERS_OF_SOME = """
    AND EXISTS (
        SELECT 1 FROM orders_line l JOIN catalog_offer f ON f.public_id = l.offer_ref
        JOIN catalog_offerstore p ON p.offer_id = f.id JOIN merchants_store s ON s.id = p.store_id
        JOIN merchants_category c ON c.id = s.category_id LEFT JOIN merchants_category g ON g.id = c.parent_id
        WHERE l.order_id = o.id
            AND (%(category)s::text = '' OR %(category)s::text IN (c.slug, g.slug))
            AND (%(area)s::text IS NULL OR btrim(s.postcode) = %(area)s::text))"""


def compared(scope: Scope, now: Stretch, then: Stretch) -> Compared:
    """The figures of both stretches, which may overlap. One statement."""
    found = rows(
        f"{_events(scope)} SELECT number, {_SUMS} FROM located GROUP BY number",  # noqa: S608  # constants above
        _params(scope, now, then),
    )
    return _compared(found, scope.currency)


def steps(scope: Scope, now: Stretch, then: Stretch, *, by_hour: bool) -> dict[tuple[int, int], SpanFigures]:
    """The figures of every day (or hour) in which anything happened. One statement.

    Keys are 0 for `now` and 1 for `then`, and the number of the step in its stretch, from 0.
    """
    step = _STEP["hour" if by_hour else "day"]
    found = rows(
        f"{_events(scope)} SELECT number, {step} AS step, {_SUMS} FROM located GROUP BY 1, 2",  # noqa: S608  # constants above
        _params(scope, now, then) | ({} if by_hour else {"zone": scope.zone}),
    )
    return {(one["number"], one["step"]): _figures(one, scope.currency) for one in found}


def breakdown(
    scope: Scope, now: Stretch, then: Stretch, *, by: Grouping, limit: int = MOST_SLICES
) -> Breakdown:
    """The figures by category, area, shop or deal: the largest by what was sold `now`. One statement."""
    found = rows(
        f"""{_HAPPENED}{_LOCATED}, slice AS (
            SELECT number, coalesce({_KEY[by]}, '') AS key, {_SUMS} FROM located GROUP BY 1, 2
        ), standing AS (
            SELECT key, row_number() OVER (ORDER BY
                coalesce(sum(sold) FILTER (WHERE number = 0), 0) DESC,
                coalesce(sum(redeemed) FILTER (WHERE number = 0), 0) DESC,
                coalesce(sum(sold) FILTER (WHERE number = 1), 0) DESC, key) AS place,
                count(*) OVER () AS every
            FROM slice GROUP BY key
        ), named AS (SELECT slice.*, {_NAMES[by]})
        SELECT named.*, standing.every FROM named JOIN standing USING (key)
        WHERE standing.place <= %(limit)s::int ORDER BY standing.place""",  # noqa: S608  # constants above
        _params(scope, now, then) | _places(scope) | {"limit": limit},
    )
    by_key: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_key.setdefault(one["key"], []).append(one)
    return Breakdown(
        slices=tuple(
            Slice(
                key=key,
                names=json.loads(parts[0]["names"] or "{}"),
                merchant_ref=parts[0]["merchant_ref"] or "",
                merchant_names=json.loads(parts[0]["merchant_names"] or "{}"),
                figures=_compared(parts, scope.currency),
            )
            for key, parts in by_key.items()
        ),
        every=found[0]["every"] if found else 0,
    )


def order_steps(scope: Scope, now: Stretch) -> OrderSteps:
    """What became of the orders made in a stretch. One statement.

    Within a category or area those count whose offers hold in such a shop, whichever shop was chosen: looks at
    a deal are counted by offer, too, and a funnel keeps to one measure.
    Plan: orders_order_by_region_created, then the units of each order.
    """
    limited = bool(scope.category) or scope.area is not None
    found = row(
        f"""SELECT count(*) AS ordered, count(o.paid_at) AS paid,
            count(*) FILTER (WHERE o.paid_at IS NOT NULL AND EXISTS (
                SELECT 1 FROM orders_unit u WHERE u.order_id = o.id AND u.used_at IS NOT NULL)) AS redeemed
        FROM orders_order o
        WHERE o.region_id = %(region)s::bigint AND o.unit = %(unit)s
            AND o.created_at >= %(from)s::timestamptz AND o.created_at < %(to)s::timestamptz
            {_ORDERS_OF_SOME if limited else ""}""",  # noqa: S608  # constants above
        {
            "region": scope.region_id,
            "unit": scope.currency,
            "from": now.starts_at,
            "to": now.ends_at,
            **(_places(scope) if limited else {}),
        },
    )
    assert found is not None, "a statement of aggregates always has one row"
    return OrderSteps(ordered=found["ordered"], paid=found["paid"], redeemed=found["redeemed"])


def _events(scope: Scope) -> str:
    """The rows to add up, named `located`; where all shops count nothing is looked up."""
    limited = bool(scope.category) or scope.area is not None
    return _HAPPENED + (_LOCATED if limited else ", located AS (SELECT * FROM event)")  # noqa: S608


def _params(scope: Scope, now: Stretch, then: Stretch) -> dict[str, Any]:
    limited = bool(scope.category) or scope.area is not None
    return {
        "region": scope.region_id,
        "unit": scope.currency,
        "from": now.starts_at,
        "to": now.ends_at,
        "from_then": then.starts_at,
        "to_then": then.ends_at,
        **(_places(scope) if limited else {}),
    }


def _places(scope: Scope) -> dict[str, str | None]:
    return {"category": scope.category, "area": scope.area}


def _compared(found: Sequence[dict[str, Any]], unit: str) -> Compared:
    by_number = {one["number"]: _figures(one, unit) for one in found}
    nothing = no_figures(unit)
    return Compared(now=by_number.get(0, nothing), then=by_number.get(1, nothing))


def no_figures(unit: str) -> SpanFigures:
    """What a stretch in which nothing happened has."""
    nothing = Money(0, unit)
    return SpanFigures(0, 0, 0, nothing, 0, 0, 0, nothing, nothing, 0, nothing)


def _figures(found: dict[str, Any], unit: str) -> SpanFigures:
    return SpanFigures(
        orders=found["orders"],
        shoppers=found["shoppers"],
        sold_units=found["sold_units"],
        sold=Money(found["sold"], unit),
        used_of_sold=found["used_of_sold"],
        refunded_of_sold=found["refunded_of_sold"],
        redeemed_units=found["redeemed_units"],
        redeemed=Money(found["redeemed"], unit),
        commission=Money(found["commission"], unit),
        refunded_units=found["refunded_units"],
        refunds=Money(found["refunds"], unit),
    )
