"""Months whose books are closed, and the days of a month that lack a provider's bill."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hutong.kernel.rows import rows
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.settlement.models import MonthClose
from hutong.pay.settlement.types import MonthView


def closed_month(unit: str, on: date) -> MonthView | None:
    """The closing of a month that holds, or None."""
    row = MonthClose.objects.filter(unit=unit, on=on, reopened_at=None).first()
    return month_view(row) if row else None


def newest_closed(unit: str) -> MonthView | None:
    """The last month of a currency that is closed, or None."""
    row = MonthClose.objects.filter(unit=unit, reopened_at=None).order_by("-on").first()
    return month_view(row) if row else None


def newest_closed_of_all() -> list[MonthView]:
    """The last month that is closed, of each currency that has one."""
    found = MonthClose.objects.filter(reopened_at=None).order_by("unit", "-on").distinct("unit")
    return [month_view(row) for row in found]


def last_bill_on(*, ends_at: datetime, provider: str) -> date:
    """The day of the last bill that a month which ends then waits for: the one after its last, as the provider counts."""
    last = ends_at - timedelta(microseconds=1)
    return last.astimezone(ZoneInfo(bill_zone(provider))).date() + timedelta(days=1)


def months(*, unit: str, limit: int = 24) -> list[MonthView]:
    """Every closing of a currency, those that were taken back too, the newest first."""
    return [month_view(row) for row in MonthClose.objects.filter(unit=unit).order_by("-pk")[:limit]]


def month_view(row: MonthClose) -> MonthView:
    """A row as the value that crosses the boundary."""
    return MonthView(
        ref=row.public_id,
        on=row.on,
        unit=row.unit,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        reopened_by=row.reopened_by,
        reopened_at=row.reopened_at,
        reason=row.reason,
    )


_MONEY = """
SELECT provider, min(at) AS first_at FROM (
    SELECT provider, captured_at AS at FROM payments_payment
    WHERE captured_at IS NOT NULL AND captured_at < %(to)s::timestamptz
    UNION ALL
    SELECT provider, suspense_at FROM payments_payment
    WHERE suspense_at IS NOT NULL AND suspense_at < %(to)s::timestamptz
    UNION ALL
    SELECT p.provider, r.done_at FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.done_at IS NOT NULL AND r.done_at < %(to)s::timestamptz
    UNION ALL
    SELECT p.provider, r.returned_at FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.returned_at IS NOT NULL AND r.returned_at < %(to)s::timestamptz
) AS moved GROUP BY provider HAVING max(at) >= %(from)s::timestamptz ORDER BY provider
"""


def missing_bills(*, starts_at: datetime, ends_at: datetime) -> list[tuple[str, date]]:
    """Days of a span, as each provider counts them, that lack a bill: of providers that moved money in it, from
    the first day they ever did, and without the days of which two operators said that there is none.

    The day after the span is one of them: only when its bill is kept is found what the last day's lacks.
    """
    missing: list[tuple[str, date]] = []
    for moved in rows(_MONEY, {"from": starts_at, "to": ends_at}):
        found = rows(
            """SELECT day::date AS missing_on FROM generate_series(
                   (greatest(%(from)s::timestamptz, %(first)s::timestamptz) AT TIME ZONE %(zone)s)::date,
                   ((%(to)s::timestamptz - interval '1 microsecond') AT TIME ZONE %(zone)s)::date + 1,
                   interval '1 day') AS day
               WHERE NOT EXISTS (SELECT 1 FROM payments_fetchedbill b
                                 WHERE b.provider = %(provider)s AND b."on" = day::date)
                 AND NOT EXISTS (SELECT 1 FROM payments_withoutbill w WHERE w.provider = %(provider)s
                                 AND w.state = 'agreed' AND day::date BETWEEN w.first_on AND w.last_on)
               ORDER BY day""",
            {
                "from": starts_at,
                "to": ends_at,
                "first": moved["first_at"],
                "zone": bill_zone(moved["provider"]),
                "provider": moved["provider"],
            },
        )
        missing += [(moved["provider"], each["missing_on"]) for each in found]
    return missing
