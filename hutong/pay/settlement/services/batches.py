"""Batches of payouts: made of what is due, approved by one person or two, or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from django.db import transaction
from django.db.models import Sum

from hutong.kernel import audit
from hutong.kernel.locking import advisory
from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.kernel.text import clean
from hutong.pay.settlement.models import Payout, PayoutAccount, PayoutBatch, PayoutTerms
from hutong.pay.settlement.queries.accounts import terms_view
from hutong.pay.settlement.queries.claims import claims
from hutong.pay.settlement.queries.payouts import batch as batch_of
from hutong.pay.settlement.queries.payouts import newest_payouts_on, pending_merchants
from hutong.pay.settlement.rules.states import is_due, needs_two
from hutong.pay.settlement.services.claiming import Target, give_back, take_all
from hutong.pay.settlement.services.errors import (
    AnotherApproves,
    BatchMoved,
    BatchNotFound,
    NothingToPay,
    ReasonNeeded,
)
from hutong.pay.settlement.types import (
    BatchState,
    BatchView,
    Claim,
    NotDue,
    PayoutState,
    SiteTerms,
    Terms,
    Waiting,
)

NO_LEAST: Mapping[str, int] = MappingProxyType({})


class _TakenMeanwhile(Exception):
    """What was due is not any more: the merchant's payout is not made."""


def make_batch(
    *, unit: str, on: date, site: SiteTerms, by: str, at: datetime, least: Mapping[str, int] = NO_LEAST
) -> tuple[BatchView, list[Waiting]]:
    """A draft of payouts to everybody who is due in `unit`, and who is owed something and left out, with the reason.

    A merchant's payout is everything past its holdback, less what was undone or taken back after it was paid,
    with adjustments and payouts that bounced. Whose sum is nothing or less gets none; it is netted next time. So does
    one below the `least` that can be sent to its kind of account, in minor units.
    Raises NothingToPay.
    """
    with transaction.atomic():
        advisory("settlement.batches", unit)
        chosen, waiting = _chosen(unit=unit, on=on, site=site, at=at, least=least)
        batch = PayoutBatch.objects.create(on=on, unit=unit, needs_two=False, made_by=by, made_at=at)
        for claim, account_id in chosen:
            _make_payout(batch, claim, account_id, site=site, at=at)
        total = batch.payouts.aggregate(total=Sum("amount"))["total"]
        if not total:
            raise NothingToPay
        if needs_two(Money(total, unit), site.second_above):
            PayoutBatch.objects.filter(pk=batch.pk).update(needs_two=True)
        audit.record(
            action="payout_batch.made",
            subject=batch.public_id,
            by=by,
            at=at,
            after={"on": on, "total": total, "unit": unit, "payouts": batch.payouts.count()},
        )
        return _view(batch.public_id), waiting


# A worker that drafts at the same moment is waited for, and then there is nothing to draft.
_DRAFT_DAY = """
INSERT INTO settlement_draftday (unit, "on", at) VALUES (%(unit)s, %(due_on)s, %(at)s::timestamptz) ON CONFLICT DO NOTHING
"""


def draft_batch(
    *,
    unit: str,
    due_on: date,
    on: date,
    site: SiteTerms,
    by: str,
    at: datetime,
    least: Mapping[str, int] = NO_LEAST,
) -> BatchView | None:
    """The draft that was to be made on `due_on`, made on `on`, once; None where it was made before, or nobody is due."""
    with transaction.atomic():
        if not execute(_DRAFT_DAY, {"unit": unit, "due_on": due_on, "at": at}):
            return None
        try:
            made, _waiting = make_batch(unit=unit, on=on, site=site, by=by, at=at, least=least)
        except NothingToPay:
            return None
        return made


def approve_batch(*, batch_ref: str, by: str, at: datetime) -> BatchView:
    """Say yes to a batch. Above the limit it takes two people, and the second did not make it.

    Approving again what one has approved changes nothing. Raises BatchNotFound, BatchMoved, AnotherApproves.
    """
    with transaction.atomic():
        batch = _locked(batch_ref)
        if batch.state != BatchState.DRAFT.value:
            if by in (batch.approved_by, batch.seconded_by):
                return _view(batch_ref)
            raise BatchMoved
        if not batch.approved_by:
            batch.approved_by, batch.approved_at = by, at
        elif by in (batch.approved_by, batch.made_by):
            raise AnotherApproves
        else:
            batch.seconded_by, batch.seconded_at = by, at
        if batch.seconded_by or not batch.needs_two:
            batch.state = BatchState.APPROVED.value
        batch.save()
        audit.record(
            action="payout_batch.approved",
            subject=batch_ref,
            by=by,
            at=at,
            after={"state": batch.state, "second": bool(batch.seconded_by)},
        )
        return _view(batch_ref)


def drop_batch(*, batch_ref: str, reason: str, by: str, at: datetime) -> BatchView:
    """Give up a batch of which nothing was sent; what it was to pay waits for the next one.

    Raises BatchNotFound, BatchMoved, ReasonNeeded.
    """
    reason = clean(reason, limit=300)
    if not reason:
        raise ReasonNeeded
    with transaction.atomic():
        batch = _locked(batch_ref)
        waiting = batch.payouts.exclude(state=PayoutState.DROPPED.value)
        if batch.state not in (BatchState.DRAFT.value, BatchState.APPROVED.value) or (
            waiting.exclude(state=PayoutState.PENDING.value).exists()
        ):
            raise BatchMoved
        for payout in waiting.order_by("merchant_ref"):
            drop_payout(payout, reason=reason)
        batch.state = BatchState.DROPPED.value
        batch.save(update_fields=["state"])
        audit.record(action="payout_batch.dropped", subject=batch_ref, by=by, at=at, reason=reason)
        return _view(batch_ref)


def drop_payout(payout: Payout, *, reason: str) -> None:
    """Take one payout that was not sent out of its batch; its rows wait for the next. Raises BatchMoved.

    The guard is the WHERE: who sends it at this moment is waited for, and then it is pending no more.
    """
    moved = Payout.objects.filter(pk=payout.pk, state=PayoutState.PENDING.value).update(
        state=PayoutState.DROPPED.value, reason=reason
    )
    if not moved:
        raise BatchMoved
    give_back(Target(payout.pk, payout.merchant_ref, payout.unit))


def waiting_for(
    *, unit: str, on: date, site: SiteTerms, at: datetime, least: Mapping[str, int] = NO_LEAST
) -> tuple[list[Claim], list[Waiting]]:
    """Who would be in a batch made now, and who is owed something and would not; reads only. Five statements."""
    chosen, waiting = _chosen(unit=unit, on=on, site=site, at=at, least=least)
    return [claim for claim, _account in chosen], waiting


def _chosen(
    *, unit: str, on: date, site: SiteTerms, at: datetime, least: Mapping[str, int]
) -> tuple[list[tuple[Claim, int]], list[Waiting]]:
    pending, last_on = pending_merchants(unit), newest_payouts_on(unit)
    owed = [
        claim
        for claim in claims(unit=unit, holdback_days=site.holdback_days, at=at)
        if claim.due.minor > 0 and claim.merchant_ref not in pending
    ]
    refs = [claim.merchant_ref for claim in owed]
    accounts = {
        each.merchant_ref: each
        for each in PayoutAccount.objects.filter(merchant_ref__in=refs, replaced_at=None)
    }
    own = {each.merchant_ref: each for each in PayoutTerms.objects.filter(merchant_ref__in=refs)}
    chosen: list[tuple[Claim, int]] = []
    waiting: list[Waiting] = []
    for claim in owed:
        account = accounts.get(claim.merchant_ref)
        terms = terms_view(own.get(claim.merchant_ref), unit=unit, site=site)
        why = _why_not(claim, account, terms, on=on, last_on=last_on.get(claim.merchant_ref), at=at)
        if why is None and account is not None and claim.due.minor < least.get(account.kind, 0):
            why = NotDue.BELOW_LEAST
        if why is None and account is not None:
            chosen.append((claim, account.pk))
        elif why is not None:
            waiting.append(Waiting(claim, why))
    return chosen, waiting


def _why_not(
    claim: Claim, account: PayoutAccount | None, terms: Terms, *, on: date, last_on: date | None, at: datetime
) -> NotDue | None:
    if account is None:
        return NotDue.NO_ACCOUNT
    if account.usable_at > at:
        return NotDue.NEW_ACCOUNT
    if not is_due(terms.every, on=on, last_on=last_on):
        return NotDue.NOT_YET
    return NotDue.TOO_LITTLE if claim.due.minor < terms.minimum else None


def _make_payout(batch: PayoutBatch, claim: Claim, account_id: int, *, site: SiteTerms, at: datetime) -> None:
    """Make the payout of one merchant; none where what was due has gone back meanwhile."""
    try:
        with transaction.atomic():
            made = Payout.objects.create(
                batch=batch,
                merchant_ref=claim.merchant_ref,
                account_id=account_id,
                amount=claim.due.minor,
                unit=batch.unit,
                made_at=at,
            )
            target = Target(made.pk, claim.merchant_ref, batch.unit)
            amount = take_all(target, holdback_days=site.holdback_days, at=at)
            if amount <= 0:
                raise _TakenMeanwhile
            if amount != claim.due.minor:
                Payout.objects.filter(pk=made.pk).update(amount=amount)
    except _TakenMeanwhile:
        return


def _locked(batch_ref: str) -> PayoutBatch:
    batch = PayoutBatch.objects.select_for_update().filter(public_id=batch_ref).first()
    if batch is None:
        raise BatchNotFound
    return batch


def _view(batch_ref: str) -> BatchView:
    found = batch_of(batch_ref)
    assert found is not None, "it was made or locked a moment ago"
    return found
