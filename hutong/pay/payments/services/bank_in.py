"""What a provider paid into the platform's bank account: named by a bill, or entered by an operator."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.payments.models import BankIn, FetchedBill
from hutong.pay.payments.providers.registry import provider_names
from hutong.pay.payments.queries import bank_in_view
from hutong.pay.payments.types import BankInView, BillPayout

NOTE_LIMIT = 500
# A bill may name what an operator has entered from a bank statement; the bank is some days behind the provider.
_SAME_WITHIN = timedelta(days=7)
OLDEST = timedelta(days=366)
PLATFORM = "platform"
# Held while a bill of a provider is kept, while somebody enters what it paid or opens something of a bill again, and
# while a month is closed that waited for bills.
BILLS_LOCK = "payments.bills"


class BankInInvalid(Invalid):
    """No amount, or a day that has not been or is long over."""

    code = "bank_in_invalid"
    message = _("Please name an amount above nothing, and a day of the last year.")


class BankInBilled(Conflict):
    """A bill named this payment already, and it was booked then."""

    code = "bank_in_billed"
    message = _(
        "A bill of this payment service names this already: %(amount)s on %(on)s, %(provider_ref)s."
        " Nothing was entered. If it is another one, say so."
    )


class BankInNotFound(NotFound):
    """Nothing like that was entered."""

    code = "bank_in_not_found"
    message = _("There is no such payment into the bank.")


class BankInUndone(Conflict):
    """It was taken back before, or a bill names it."""

    code = "bank_in_undone"
    message = _("This was taken back already, or a bill of the payment service names it.")


def enter_bank_in(
    *,
    provider: str,
    amount: Money,
    on: date,
    today: date,
    entry: str,
    another: bool = False,
    note: str,
    by: str,
    at: datetime,
) -> tuple[BankInView, bool]:
    """Write that `provider` paid `amount` into our bank account on a day; and whether that is new.

    `entry` names the form that was filled in: the same one again enters nothing. `another` says that it is not what a
    bill names. In the caller's transaction, which books it. Raises `BankInInvalid`, `BankInBilled`.
    """
    if amount.minor <= 0 or not today - OLDEST <= on <= today or not entry:
        raise BankInInvalid
    # The lock of the provider's bills: one that is being kept now either finds this entry, or is found here.
    advisory(BILLS_LOCK, provider)
    known = BankIn.objects.filter(entry=entry[:60]).first()
    if known is not None:
        return bank_in_view(known), False
    if not another:
        _refuse_billed(provider, amount, on)
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


def hold_bills(*, provider: str = "") -> None:
    """Nobody else keeps a bill of a provider, or opens something of one again, until the caller's transaction ends; of
    every provider, where none is named.
    """
    every = {*provider_names(), *FetchedBill.objects.values_list("provider", flat=True).distinct()}
    for name in sorted(every if not provider else {provider}):
        advisory(BILLS_LOCK, name)


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
    entered = _alike(provider, payout.amount, payout.at.date()).filter(provider_ref="", undone_at=None)
    # Somebody may take an entry back between the look and the change: then it is none, and the next one is tried.
    return any(
        BankIn.objects.filter(pk=row.pk, undone_at=None).update(provider_ref=payout.provider_ref)
        for row in entered
    )


def _refuse_billed(provider: str, amount: Money, on: date) -> None:
    """Where a bill brought the row itself, and so nobody has entered it, it may be what is entered now."""
    billed = _alike(provider, amount, on).exclude(provider_ref="").filter(by=PLATFORM).first()
    if billed is not None:
        raise BankInBilled(
            amount=f"{amount.major_text} {amount.unit}",
            on=billed.on.isoformat(),
            provider_ref=billed.provider_ref,
        )


def _alike(provider: str, amount: Money, on: date) -> QuerySet[BankIn]:
    return BankIn.objects.filter(
        provider=provider,
        amount=amount.minor,
        unit=amount.unit,
        on__range=(on - _SAME_WITHIN, on + _SAME_WITHIN),
    ).order_by("on", "pk")
