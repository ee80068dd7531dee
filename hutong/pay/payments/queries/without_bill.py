"""Days without a bill, and the payments and refunds of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from hutong.kernel.clock import day_bounds
from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.payments.models import FetchedBill, WithoutBill
from hutong.pay.payments.types import Explained, Unbilled, UnbilledSum, WithoutBillState, WithoutBillView

_DAY = timedelta(days=1)
Zones = Callable[[str], str]
"""In whose days a provider bills, by its name."""


def without_bill_view(row: WithoutBill) -> WithoutBillView:
    """A row as the value that crosses the boundary. Makes no query."""
    return WithoutBillView(
        ref=row.public_id,
        provider=row.provider,
        first_on=row.first_on,
        last_on=row.last_on,
        reason=row.reason,
        state=WithoutBillState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def waiting_without_bill() -> list[WithoutBillView]:
    """What waits for a second operator, the oldest first."""
    found = WithoutBill.objects.filter(state=WithoutBillState.WAITING.value)
    return [without_bill_view(row) for row in found.order_by("pk")]


def agreed_without_bill(
    *, until: date | None = None, since: date | None = None, limit: int = 50
) -> list[WithoutBillView]:
    """What two operators agreed on, the newest days first; of the days from `since` to `until`, where these are named."""
    found = WithoutBill.objects.filter(state=WithoutBillState.AGREED.value)
    if until is not None:
        found = found.filter(first_on__lte=until)
    if since is not None:
        found = found.filter(last_on__gte=since)
    return [without_bill_view(row) for row in found.order_by("-first_on", "-pk")[:limit]]


def days_without_bill(provider: str, *, since: date) -> set[date]:
    """The days from `since` on of which two operators said that a provider has no bill."""
    found = WithoutBill.objects.filter(
        provider=provider, state=WithoutBillState.AGREED.value, last_on__gte=since
    )
    return {
        row.first_on + number * _DAY
        for row in found
        for number in range((row.last_on - row.first_on).days + 1)
    }


# A payment or refund belongs to the day on which it was done; it may stand on the bill of another day all the same.
_UNBILLED = """
WITH span AS (
    SELECT * FROM unnest(%(refs)s::text[], %(providers)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS each (span_ref, provider, starts_at, ends_at)
), moved AS (
    SELECT s.span_ref, p.public_id AS ref, p.order_ref, p.captured_at AS at, p.captured AS minor, p.unit
    FROM span s JOIN payments_payment p ON p.provider = s.provider
     AND p.captured_at >= s.starts_at AND p.captured_at < s.ends_at
    UNION ALL
    SELECT s.span_ref, p.public_id, p.order_ref, p.suspense_at, p.suspense, p.suspense_unit
    FROM span s JOIN payments_payment p ON p.provider = s.provider
     AND p.suspense_at >= s.starts_at AND p.suspense_at < s.ends_at
    UNION ALL
    SELECT s.span_ref, r.public_id, p.order_ref, r.done_at, -r.amount, r.unit
    FROM span s JOIN payments_payment p ON p.provider = s.provider
    JOIN payments_refund r ON r.payment_id = p.id AND r.done_at >= s.starts_at AND r.done_at < s.ends_at
    UNION ALL
    SELECT s.span_ref, r.public_id || ':back', p.order_ref, r.returned_at, r.amount, r.unit
    FROM span s JOIN payments_payment p ON p.provider = s.provider
    JOIN payments_refund r ON r.payment_id = p.id AND r.returned_at >= s.starts_at AND r.returned_at < s.ends_at
), unbilled AS (
    SELECT * FROM moved m WHERE NOT EXISTS (SELECT 1 FROM payments_billedmoney b WHERE b.ref = m.ref)
)
"""

_SUMS = """
SELECT span_ref, unit, count(*) AS number, coalesce(sum(minor) FILTER (WHERE minor > 0), 0)::int8 AS came,
       coalesce(-sum(minor) FILTER (WHERE minor < 0), 0)::int8 AS went
FROM unbilled GROUP BY 1, 2 ORDER BY 1, 2
"""


def sums_on_no_bill(found: Iterable[WithoutBillView], *, zone: Zones) -> dict[str, list[UnbilledSum]]:
    """By the ref of each of them: what was done on its days and stands on no bill, a sum for each unit.

    Of the day before, too, where that has its bill: what was done at its end would stand on the bill that is not there.
    """
    spans = _spans(found, zone)
    sums: dict[str, list[UnbilledSum]] = {}
    for row in rows(_UNBILLED + _SUMS, _named(spans)) if spans else []:
        unit = row["unit"]
        each = UnbilledSum(row["number"], Money(row["came"], unit), Money(row["went"], unit))
        sums.setdefault(row["span_ref"], []).append(each)
    return sums


_LIST = "SELECT ref, order_ref, at, minor, unit FROM unbilled ORDER BY at, ref LIMIT %(limit)s"


def on_no_bill(found: WithoutBillView, *, zone: Zones, limit: int = 100) -> list[Unbilled]:
    """The payments and refunds that `sums_on_no_bill` adds up, the oldest first."""
    return [
        Unbilled(row["ref"], row["order_ref"], Money(row["minor"], row["unit"]), row["at"])
        for row in rows(_UNBILLED + _LIST, _named(_spans([found], zone)) | {"limit": limit})
    ]


_MOVED = """
SELECT count(*) AS number, coalesce(sum(minor), 0)::int8 AS minor FROM (
    SELECT captured AS minor FROM payments_payment
    WHERE unit = %(unit)s AND captured_at >= %(starts_at)s::timestamptz AND captured_at < %(ends_at)s::timestamptz
    UNION ALL
    SELECT suspense FROM payments_payment WHERE suspense_unit = %(unit)s
       AND suspense_at >= %(starts_at)s::timestamptz AND suspense_at < %(ends_at)s::timestamptz
    UNION ALL
    SELECT amount FROM payments_refund WHERE unit = %(unit)s
       AND done_at >= %(starts_at)s::timestamptz AND done_at < %(ends_at)s::timestamptz
    UNION ALL
    SELECT amount FROM payments_refund WHERE unit = %(unit)s
       AND returned_at >= %(starts_at)s::timestamptz AND returned_at < %(ends_at)s::timestamptz
) AS moved
"""


def explained(*, unit: str, starts_at: datetime, ends_at: datetime, zone: Zones) -> Explained:
    """How much of the money of a span has a bill, and how much is of days that two operators said have none."""
    moved = rows(_MOVED, {"unit": unit, "starts_at": starts_at, "ends_at": ends_at})[0]
    agreed = agreed_without_bill(
        until=(ends_at + _DAY).date(), since=(starts_at - 2 * _DAY).date(), limit=1_000
    )
    spans = [
        (ref, provider, max(since, starts_at), min(until, ends_at))
        for ref, provider, since, until in _spans(agreed, zone)
    ]
    number = minor = 0
    for row in rows(_UNBILLED + _SUMS, _named(spans)) if spans else []:
        if row["unit"] == unit:
            number += row["number"]
            minor += row["came"] + row["went"]
    return Explained(moved["number"], Money(moved["minor"], unit), number, Money(minor, unit))


_Span = tuple[str, str, datetime, datetime]


def _spans(found: Iterable[WithoutBillView], zone: Zones) -> list[_Span]:
    """From when to when money of these days may lack its bill, as each provider counts days."""
    spans = []
    for each in found:
        before = each.first_on - _DAY
        here = FetchedBill.objects.filter(provider=each.provider, on=before).exists()
        days_of = zone(each.provider)
        starts_at = day_bounds(before if here else each.first_on, days_of)[0]
        spans.append((each.ref, each.provider, starts_at, day_bounds(each.last_on, days_of)[1]))
    return spans


def _named(spans: Sequence[_Span]) -> dict[str, Any]:
    refs, providers, starts, ends = zip(*spans, strict=True)
    return {"refs": list(refs), "providers": list(providers), "starts": list(starts), "ends": list(ends)}
