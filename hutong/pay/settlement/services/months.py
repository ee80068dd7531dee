"""Closing a month: nothing is posted into it any more. What has to hold before is asked by `flows.close_month`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.pay.ledger import services as ledger
from hutong.pay.settlement.models import MonthClose
from hutong.pay.settlement.queries.months import month_view, newest_closed
from hutong.pay.settlement.services.errors import ReasonNeeded
from hutong.pay.settlement.types import MonthView

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when the books of a currency are closed whose months are all open again."""


class MonthRuns(Conflict):
    """A month is closed after its end."""

    code = "month_runs"
    message = _("This month is not over yet.")


class MonthOutOfOrder(Conflict):
    """Months are closed one after the other, and the last one is opened first."""

    code = "month_out_of_order"
    message = _("Months are closed in their order, and only the last one closed can be opened again.")


def close_month(
    *, on: date, unit: str, starts_at: datetime, ends_at: datetime, by: str, at: datetime
) -> MonthView:
    """Close the month that begins `on`, for one currency. Closed again, nothing changes.

    The first month closed may be any; after it the next one. Raises MonthRuns, MonthOutOfOrder.
    """
    if at < ends_at:
        raise MonthRuns
    with transaction.atomic():
        advisory("settlement.month", unit)
        last = newest_closed(unit)
        if last is not None and last.on == on:
            return last
        if last is not None and (last.ends_at != starts_at or last.on > on):
            raise MonthOutOfOrder
        row = MonthClose.objects.create(
            on=on, unit=unit, starts_at=starts_at, ends_at=ends_at, closed_by=by, closed_at=at
        )
        ledger.close_books(unit=unit, until=ends_at)
        audit.record(
            action="month.closed", subject=row.public_id, by=by, at=at, after={"month": on, "unit": unit}
        )
        return month_view(row)


def reopen_month(*, on: date, unit: str, reason: str, by: str, at: datetime) -> MonthView:
    """Open the last closed month of a currency again, with a reason that the log keeps.

    Raises ReasonNeeded, MonthOutOfOrder.
    """
    reason = clean(reason, limit=500)
    if not reason:
        raise ReasonNeeded
    with transaction.atomic():
        advisory("settlement.month", unit)
        last = newest_closed(unit)
        if last is None or last.on != on:
            raise MonthOutOfOrder
        row = MonthClose.objects.get(public_id=last.ref)
        row.reopened_by, row.reopened_at, row.reason = by, at, reason
        row.save(update_fields=["reopened_by", "reopened_at", "reason"])
        before = newest_closed(unit)
        ledger.close_books(unit=unit, until=before.ends_at if before else NEVER)
        audit.record(
            action="month.reopened",
            subject=row.public_id,
            by=by,
            at=at,
            after={"month": on, "unit": unit},
            reason=reason,
        )
        return month_view(row)
