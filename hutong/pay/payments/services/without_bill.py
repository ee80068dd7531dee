"""Two operators say that a provider gives no bill of some days: then nobody waits for one any more."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, second
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.pay.payments.models import WithoutBill
from hutong.pay.payments.queries import without_bill_view
from hutong.pay.payments.services.bank_in import BILLS_LOCK
from hutong.pay.payments.types import WithoutBillState, WithoutBillView

WHY_LIMIT = 500


class WhyNoBill(Invalid):
    """That there is no bill is said with a reason."""

    code = "why_no_bill"
    message = _("Please say why there is no bill of these days.")


class WithoutBillNotFound(NotFound):
    """Nobody said so."""

    code = "without_bill_not_found"
    message = _("Nobody said that there is no bill of these days.")


class WithoutBillDecided(Conflict):
    """Somebody agreed to it, declined it or took it back already."""

    code = "without_bill_decided"
    message = _("This was decided already.")


class WithoutBillSaid(Conflict):
    """Somebody said so of one of these days already."""

    code = "without_bill_said"
    message = _("Of some of these days it was said already that there is no bill.")


def ask_without_bill(
    *, provider: str, first_on: date, last_on: date, reason: str, by: str, at: datetime
) -> WithoutBillView:
    """Say that there is no bill of the days up to `last_on`. Nothing changes before a second operator agrees.

    Raises `WhyNoBill`, `WithoutBillSaid`.
    """
    reason = clean(reason, limit=WHY_LIMIT)
    if not reason:
        raise WhyNoBill
    with transaction.atomic():
        advisory(BILLS_LOCK, provider)
        said = (WithoutBillState.WAITING.value, WithoutBillState.AGREED.value)
        known = WithoutBill.objects.filter(provider=provider, state__in=said)
        if known.filter(first_on__lte=last_on, last_on__gte=first_on).exists():
            raise WithoutBillSaid
        row = WithoutBill.objects.create(
            provider=provider, first_on=first_on, last_on=last_on, reason=reason, asked_by=by, asked_at=at
        )
        _record("bill.none_asked", row, by=by, at=at, reason=reason)
        return without_bill_view(row)


def agree_without_bill(*, ref: str, by: str, at: datetime) -> WithoutBillView:
    """A second operator agrees: the days are asked for no more, and no month waits for their bills.

    Raises `WithoutBillNotFound`, `WithoutBillDecided`, and `SecondPersonNeeded` for who said so.
    """
    with transaction.atomic():
        row = _locked(ref, WithoutBillState.WAITING)
        second.agree(asked_by=row.asked_by, by=by)
        return _decide(row, WithoutBillState.AGREED, "bill.none_agreed", by=by, at=at)


def decline_without_bill(*, ref: str, by: str, at: datetime) -> WithoutBillView:
    """An operator, also the one who said so, gives it up. Raises `WithoutBillNotFound`, `WithoutBillDecided`."""
    with transaction.atomic():
        row = _locked(ref, WithoutBillState.WAITING)
        return _decide(row, WithoutBillState.DECLINED, "bill.none_declined", by=by, at=at)


def take_back_without_bill(*, ref: str, by: str, at: datetime) -> WithoutBillView:
    """There is a bill after all: its days are missing again, and asked for. Raises as `decline_without_bill`."""
    with transaction.atomic():
        row = _locked(ref, WithoutBillState.AGREED)
        row.state = WithoutBillState.TAKEN_BACK.value
        row.save(update_fields=["state"])
        _record("bill.none_taken_back", row, by=by, at=at)
        return without_bill_view(row)


def _locked(ref: str, state: WithoutBillState) -> WithoutBill:
    row = WithoutBill.objects.select_for_update().filter(public_id=ref).first()
    if row is None:
        raise WithoutBillNotFound
    if row.state != state.value:
        raise WithoutBillDecided
    return row


def _decide(
    row: WithoutBill, state: WithoutBillState, action: str, *, by: str, at: datetime
) -> WithoutBillView:
    row.state, row.decided_by, row.decided_at = state.value, by, at
    row.save(update_fields=["state", "decided_by", "decided_at"])
    _record(action, row, by=by, at=at)
    return without_bill_view(row)


def _record(action: str, row: WithoutBill, *, by: str, at: datetime, reason: str = "") -> None:
    audit.record(
        action=action,
        subject=row.public_id,
        by=by,
        at=at,
        after={
            "provider": row.provider,
            "first_on": row.first_on,
            "last_on": row.last_on,
            "asked_by": row.asked_by,
        },
        reason=reason,
    )
