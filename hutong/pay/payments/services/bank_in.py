"""What a provider paid into the platform's bank account: named by a bill, or entered by an operator."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.payments.models import BankIn
from hutong.pay.payments.queries import bank_in_view
from hutong.pay.payments.types import BankInView, BillPayout

NOTE_LIMIT = 500
# A bill may name what an operator has entered from a bank statement; the bank is some days behind the provider.
_SAME_WITHIN = timedelta(days=7)
OLDEST = timedelta(days=366)
PLATFORM = "platform"


class BankInInvalid(Invalid):
    """No amount, or a day that has not been or is long over."""

    code = "bank_in_invalid"
    message = _("Please name an amount above nothing, and a day of the last year.")


class BankInNotFound(NotFound):
    """Nothing like that was entered."""

    code = "bank_in_not_found"
    message = _("There is no such payment into the bank.")


class BankInUndone(Conflict):
    """It was taken back before, or a bill names it."""

    code = "bank_in_undone"
    message = _("This was taken back already, or a bill of the payment service names it.")


def enter_bank_in(
    *, provider: str, amount: Money, on: date, today: date, entry: str, note: str, by: str, at: datetime
) -> tuple[BankInView, bool]:
    """Write that `provider` paid `amount` into our bank account on a day; and whether that is new.

    `entry` names the form that was filled in: the same one again enters nothing. In the caller's transaction, which
    books it. Raises `BankInInvalid`.
    """
    if amount.minor <= 0 or not today - OLDEST <= on <= today or not entry:
        raise BankInInvalid
    advisory("payments.bank_in", entry)
    known = BankIn.objects.filter(entry=entry[:60]).first()
    if known is not None:
        return bank_in_view(known), False
    row = BankIn.objects.create(
        provider=provider,
        amount=amount.minor,
        unit=amount.unit,
        on=on,
        entry=entry[:60],
        note=clean(note, limit=NOTE_LIMIT),
        by=by,
        at=at,
    )
    audit.record(
        action="bank_in.entered",
        subject=row.public_id,
        by=by,
        at=at,
        after={"provider": provider, "amount": amount.minor, "unit": amount.unit, "on": on.isoformat()},
        reason=row.note,
    )
    return bank_in_view(row), True


def undo_bank_in(*, bank_in_ref: str, by: str, at: datetime) -> BankInView:
    """Take back what somebody entered; what a bill names stays. In the caller's transaction, which books it.

    Raises `BankInNotFound`, `BankInUndone`.
    """
    with transaction.atomic():
        found = BankIn.objects.filter(public_id=bank_in_ref)
        changed = found.filter(undone_at=None, provider_ref="").update(undone_at=at)
        row = found.first()
        if row is None:
            raise BankInNotFound
        if not changed:
            raise BankInUndone
        audit.record(
            action="bank_in.undone",
            subject=bank_in_ref,
            by=by,
            at=at,
            before={"undone": False},
            after={"undone": True, "amount": row.amount, "unit": row.unit},
        )
    return bank_in_view(row)


def keep_payouts(*, provider: str, payouts: Sequence[BillPayout], at: datetime) -> tuple[BankInView, ...]:
    """Keep the payouts that a bill names, each once; those that are to be booked.

    One that an operator entered before is that one, and was booked then.
    """
    new = []
    for payout in payouts:
        if BankIn.objects.filter(provider=provider, provider_ref=payout.provider_ref).exists():
            continue
        if not _adopt(provider, payout):
            row = BankIn.objects.create(
                provider=provider,
                amount=payout.amount.minor,
                unit=payout.amount.unit,
                on=payout.at.date(),
                provider_ref=payout.provider_ref,
                entry=f"{provider}:{payout.provider_ref}"[:60],
                by=PLATFORM,
                at=at,
            )
            new.append(bank_in_view(row))
    return tuple(new)


def _adopt(provider: str, payout: BillPayout) -> bool:
    on = payout.at.date()
    entered = (
        BankIn.objects.filter(
            provider=provider,
            provider_ref="",
            undone_at=None,
            amount=payout.amount.minor,
            unit=payout.amount.unit,
            on__range=(on - _SAME_WITHIN, on + _SAME_WITHIN),
        )
        .order_by("on", "pk")
        .first()
    )
    return entered is not None and bool(
        BankIn.objects.filter(pk=entered.pk, provider_ref="").update(provider_ref=payout.provider_ref)
    )
