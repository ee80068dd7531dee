"""Sending payouts, and what the bank says of them. Each payout is a transaction of its own: a batch that was
interrupted is sent on by sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from django.db import transaction
from django.utils.translation import gettext

from hutong.kernel import audit
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.ledger import queries as ledger_read
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement.models import Payout, PayoutBatch
from hutong.pay.settlement.queries.payouts import batch as batch_of
from hutong.pay.settlement.queries.payouts import payout as payout_of
from hutong.pay.settlement.rules.states import may_become
from hutong.pay.settlement.services.adjusting import note_adjustment
from hutong.pay.settlement.services.batches import NO_LEAST, drop_payout
from hutong.pay.settlement.services.claiming import Target, take_less
from hutong.pay.settlement.services.errors import (
    BatchMoved,
    BatchNotFound,
    PayoutMoved,
    PayoutNotFound,
    PayoutTooLarge,
    ReasonNeeded,
)
from hutong.pay.settlement.types import (
    AdjustmentReason,
    BatchState,
    BatchView,
    PayoutState,
    PayoutView,
)

REASON_LIMIT = 300
BY_FILES: Mapping[str, str] = MappingProxyType({})


def send_batch(
    *,
    batch_ref: str,
    by: str,
    at: datetime,
    through: Mapping[str, str] = BY_FILES,
    least: Mapping[str, int] = NO_LEAST,
) -> BatchView:
    """Send every payout of an approved batch that was not sent yet; never inside a transaction that may be lost.

    What was undone or taken back since a payout was made lowers it. One that would be nothing, or whose bank
    account changed, or that is below the `least` sent to its kind of account, is dropped. `through` names the provider that
    sends to a kind of account; the others are for files.
    A batch that was sent already is given back as it is. Raises BatchNotFound, BatchMoved, PayoutTooLarge.
    """
    batch = PayoutBatch.objects.filter(public_id=batch_ref).first()
    if batch is None:
        raise BatchNotFound
    if batch.state in (BatchState.SENT.value, BatchState.CLOSED.value):
        return _batch_view(batch_ref)
    if batch.state != BatchState.APPROVED.value:
        raise BatchMoved
    refs = batch.payouts.filter(state=PayoutState.PENDING.value).order_by("merchant_ref")
    for payout_ref in list(refs.values_list("public_id", flat=True)):
        send_payout(payout_ref=payout_ref, at=at, through=through, least=least)
    with transaction.atomic():
        _batch_is_sent(batch, by=by, at=at)
    return _batch_view(batch_ref)


@retrying
def send_payout(
    *,
    payout_ref: str,
    at: datetime,
    through: Mapping[str, str] = BY_FILES,
    least: Mapping[str, int] = NO_LEAST,
) -> bool:
    """Post one payout, once however many ask for it; whether it was posted now."""
    with transaction.atomic():
        found = Payout.objects.filter(public_id=payout_ref)
        merchant_ref = found.values_list("merchant_ref", flat=True).first()
        if merchant_ref is None:
            raise PayoutNotFound
        payout = (
            found.select_related("account", "batch")
            .select_for_update(of=("self",))
            .filter(state=PayoutState.PENDING.value, batch__state=BatchState.APPROVED.value)
            .first()
        )
        if payout is None:
            return False  # somebody else sent or dropped it
        if payout.account.replaced_at is not None or payout.account.usable_at > at:
            drop_payout(payout, reason=gettext("The bank account changed."))
            return False
        amount = take_less(Target(payout.pk, merchant_ref, payout.unit))
        if amount <= 0:
            drop_payout(payout, reason=gettext("What was to be paid went back."))
            return False
        if amount < least.get(payout.account.kind, 0):
            drop_payout(payout, reason=gettext("It is less than the payment service sends."))
            return False
        assert amount <= payout.amount, "what was approved never grows"
        money = Money(amount, payout.unit)
        if money > ledger_read.balance(AccountKind.PAYABLE, merchant_ref, payout.unit):
            raise PayoutTooLarge(payout=payout_ref)
        via = through.get(payout.account.kind, "")
        found.update(state=PayoutState.SENT.value, sent_at=at, amount=amount, via=via, to_hand_over=bool(via))
        ledger.post(
            kind=TransactionKind.PAYOUT_SENT,
            reference=f"payout_sent:{payout_ref}",
            transfers=[
                TransferSpec(AccountKind.PAYABLE, merchant_ref, AccountKind.PAYOUT, merchant_ref, money)
            ],
            at=at,
        )
    return True


def handed_over(*, payout_ref: str) -> None:
    """The provider by which a payout goes is told to send it, in the caller's transaction."""
    Payout.objects.filter(public_id=payout_ref).update(to_hand_over=False)


def confirm_paid(*, payout_ref: str, by: str, at: datetime, of_provider: bool = False) -> PayoutView:
    """The bank says that a payout arrived; said again, nothing changes.

    Of one that goes by a provider only that one says so (`of_provider`), out of what it holds. Raises PayoutNotFound,
    PayoutMoved.
    """
    with transaction.atomic():
        payout = _locked(payout_ref)
        if payout.state == PayoutState.PAID.value:
            return _view(payout_ref)
        if payout.state not in may_become(PayoutState.PAID) or bool(payout.via) != of_provider:
            raise PayoutMoved
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.PAID.value, paid_at=at)
        paid_from = AccountKind.CLEARING if payout.via else AccountKind.BANK
        _post(payout, TransactionKind.PAYOUT_PAID, AccountKind.PAYOUT, paid_from, at)
        _said(payout, "payout.paid", by=by, at=at)
        _close_when_done(payout.batch_id, at=at)
        return _view(payout_ref)


def paid_after_all(*, payout_ref: str, by: str, at: datetime) -> PayoutView:
    """The provider did send a payout that was given up, or said to have failed.

    It stays what it was, so that older statements stay as they were. What was sent stands from now on against what the
    merchant is owed: against the payout itself, as that is owed again, or where another has paid it since, against
    what comes next. Said again, nothing changes. Raises PayoutNotFound, PayoutMoved.
    """
    with transaction.atomic():
        payout = _locked(payout_ref)
        if not payout.via or payout.state != PayoutState.BOUNCED.value:
            raise PayoutMoved
        posted = _post(payout, TransactionKind.PAYOUT_PAID, AccountKind.PAYABLE, AccountKind.CLEARING, at)
        note_adjustment(
            merchant_ref=payout.merchant_ref,
            amount=-Money(payout.amount, payout.unit),
            reason=AdjustmentReason.CORRECTION,
            reference=posted,
            by=by,
            at=at,
            subject_ref=payout_ref,
            note=gettext("A payout that had been given up arrived after all."),
        )
        return _view(payout_ref)


def mark_bounced(
    *, payout_ref: str, reason: str, by: str, at: datetime, of_provider: bool = False
) -> PayoutView:
    """The bank sent a payout back, perhaps after it said that it arrived: it is owed again, and in the next batch.

    One that goes by a provider bounces only after that one was asked (`of_provider`). Said again, nothing changes.
    Raises PayoutNotFound, PayoutMoved, ReasonNeeded.
    """
    reason = clean(reason, limit=REASON_LIMIT)
    if not reason:
        raise ReasonNeeded
    with transaction.atomic():
        payout = _locked(payout_ref)
        if payout.state == PayoutState.BOUNCED.value:
            return _view(payout_ref)
        if payout.state not in may_become(PayoutState.BOUNCED) or bool(payout.via) != of_provider:
            raise PayoutMoved
        if payout.via and payout.state == PayoutState.PAID.value:
            raise PayoutMoved  # from an account at the provider nothing comes back by itself
        lies = AccountKind.BANK if payout.state == PayoutState.PAID.value else AccountKind.PAYOUT
        Payout.objects.filter(pk=payout.pk).update(
            state=PayoutState.BOUNCED.value, bounced_at=at, reason=reason
        )
        _post(payout, TransactionKind.PAYOUT_BOUNCED, lies, AccountKind.PAYABLE, at)
        _said(payout, "payout.bounced", by=by, at=at, reason=reason)
        _close_when_done(payout.batch_id, at=at)
        return _view(payout_ref)


def _post(
    payout: Payout, kind: TransactionKind, from_kind: AccountKind, to_kind: AccountKind, at: datetime
) -> str:
    """Post all of a payout once; under which reference."""
    owners = {AccountKind.BANK: PLATFORM, AccountKind.CLEARING: payout.via}
    reference = f"{kind.value}:{payout.public_id}"
    ledger.post(
        kind=kind,
        reference=reference,
        transfers=[
            TransferSpec(
                from_kind,
                owners.get(from_kind, payout.merchant_ref),
                to_kind,
                owners.get(to_kind, payout.merchant_ref),
                Money(payout.amount, payout.unit),
            )
        ],
        at=at,
    )
    return reference


def _said(payout: Payout, action: str, *, by: str, at: datetime, reason: str = "") -> None:
    audit.record(
        action=action,
        subject=payout.public_id,
        by=by,
        at=at,
        after={"amount": payout.amount, "unit": payout.unit},
        merchant=payout.merchant_ref,
        reason=reason,
    )


def _batch_is_sent(batch: PayoutBatch, *, by: str, at: datetime) -> None:
    """Move a batch whose payouts have all left or were dropped; of two who send it at once, one."""
    if batch.payouts.filter(state=PayoutState.PENDING.value).exists():
        return  # one of them could not be sent, or a rival is at it
    left = batch.payouts.exclude(state=PayoutState.DROPPED.value).exists()
    ready = PayoutBatch.objects.filter(pk=batch.pk, state=BatchState.APPROVED.value)
    if not left:
        ready.update(state=BatchState.DROPPED.value)
    elif ready.update(state=BatchState.SENT.value, sent_at=at):
        audit.record(action="payout_batch.sent", subject=batch.public_id, by=by, at=at)
        _close_when_done(batch.pk, at=at)


def _close_when_done(batch_id: int, *, at: datetime) -> None:
    """A batch is closed once the bank has answered for each of its payouts."""
    open_states = (PayoutState.PENDING.value, PayoutState.SENT.value)
    if not Payout.objects.filter(batch_id=batch_id, state__in=open_states).exists():
        PayoutBatch.objects.filter(pk=batch_id, state=BatchState.SENT.value).update(
            state=BatchState.CLOSED.value, closed_at=at
        )


def _locked(payout_ref: str) -> Payout:
    """The payout under its batch's lock: the last two payouts of a batch close it one after the other."""
    batch_id = Payout.objects.filter(public_id=payout_ref).values_list("batch_id", flat=True).first()
    if batch_id is None:
        raise PayoutNotFound
    PayoutBatch.objects.select_for_update().get(pk=batch_id)
    return Payout.objects.select_for_update().get(public_id=payout_ref)


def _view(payout_ref: str) -> PayoutView:
    found = payout_of(payout_ref)
    assert found is not None, "its row is locked"
    return found


def _batch_view(batch_ref: str) -> BatchView:
    found = batch_of(batch_ref)
    assert found is not None, "batches are never deleted"
    return found
