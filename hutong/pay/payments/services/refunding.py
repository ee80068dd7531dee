"""Money back: request (in the caller's transaction), send (outside any), record (in the caller's again)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce

from hutong.kernel.money import Money
from hutong.pay.payments.models import Payment, Refund
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.patience import calling
from hutong.pay.payments.queries import refund_view
from hutong.pay.payments.rules import REFUND_OPEN, next_ask_at
from hutong.pay.payments.services.attempts import finish_attempt, open_attempt, resolve_attempts
from hutong.pay.payments.services.errors import (
    PaymentNotFound,
    RefundNotFailed,
    RefundNotFound,
    RefundTooLarge,
)
from hutong.pay.payments.types import (
    AttemptKind,
    AttemptState,
    Outcome,
    RefundRecorded,
    RefundReport,
    RefundRequest,
    RefundState,
    RefundView,
    ReportStatus,
)


def request_refund(
    *, payment_ref: str, amount: Money, unit_refs: Sequence[str], reason: str, at: datetime
) -> RefundView:
    """Take headroom from a captured payment for a refund that `send_refund` will carry out.

    Runs in the transaction that releases what was bought. However many ask at once, what is granted never
    exceeds what was captured. Raises `PaymentNotFound`, `RefundTooLarge`.
    """
    if amount.minor <= 0:
        raise RefundTooLarge
    with transaction.atomic():
        granted = Payment.objects.filter(
            public_id=payment_ref,
            unit=amount.unit,
            captured__gte=F("refunded") + F("disputed") + amount.minor,
        ).update(refunded=F("refunded") + amount.minor)
        payment = Payment.objects.filter(public_id=payment_ref).first()
        if payment is None:
            raise PaymentNotFound
        if not granted:
            raise RefundTooLarge
        return refund_view(_made(payment, amount, list(unit_refs), reason, at, from_suspense=False))


def request_suspense_refund(*, payment_ref: str, reason: str, at: datetime) -> RefundView:
    """Send all of a payment's suspense back: the money of a wrong amount or currency. Granted once, and not while a
    bank holds some of it.

    Raises `PaymentNotFound`, `RefundTooLarge`.
    """
    with transaction.atomic():
        granted = Payment.objects.filter(
            public_id=payment_ref,
            suspense__gt=0,
            suspense_refunded=0,
            captured__gte=F("refunded") + F("disputed"),
        ).update(suspense_refunded=F("suspense"))
        payment = Payment.objects.filter(public_id=payment_ref).first()
        if payment is None:
            raise PaymentNotFound
        if not granted:
            raise RefundTooLarge
        amount = Money(payment.suspense, payment.suspense_unit)
        return refund_view(_made(payment, amount, [], reason, at, from_suspense=True))


def request_again(*, refund_ref: str, at: datetime) -> RefundView:
    """A new refund of what a FAILED one did not send: same money, same units, new key.

    The same answer when it was asked before. In the caller's transaction, with the order locked. Raises
    `RefundNotFound`, `RefundNotFailed`, `RefundTooLarge` when the headroom has gone to others meanwhile.
    """
    with transaction.atomic():
        failed = _refund(refund_ref)
        again = Refund.objects.select_related("payment").filter(again_for=failed).first()
        if again is not None:
            return refund_view(again)
        if failed.state != RefundState.FAILED or failed.ended_by:
            raise RefundNotFailed
        payment_ref, reason = failed.payment.public_id, failed.reason
        if failed.from_suspense:
            made = request_suspense_refund(payment_ref=payment_ref, reason=reason, at=at)
        else:
            amount = Money(failed.amount, failed.unit)
            made = request_refund(
                payment_ref=payment_ref, amount=amount, unit_refs=failed.unit_refs, reason=reason, at=at
            )
        Refund.objects.filter(public_id=made.ref).update(again_for=failed)
        return made


def end_unsent(*, dispute_ref: str, payment_ref: str, amount: Money) -> tuple[RefundView, ...]:
    """A bank took `amount` of a payment for good: the failed refunds that it covers are not to be sent any more.

    The oldest first, each whole or not at all, and no more of them than `beyond_reach`: while as much is left of the
    payment, the bank may have taken something else, and they wait for the operator. In the caller's transaction, with
    the order locked.
    """
    payment = Payment.objects.filter(public_id=payment_ref).first()
    if payment is None:
        raise PaymentNotFound
    ended, left, beyond = [], amount.minor, beyond_reach(payment)
    for refund in _unsent(payment).filter(unit=amount.unit).select_related("payment").order_by("pk"):
        if beyond > 0 and refund.amount <= left:
            left -= refund.amount
            beyond -= refund.amount
            refund.ended_by = dispute_ref
            refund.save(update_fields=["ended_by"])
            ended.append(refund_view(refund))
    return tuple(ended)


def beyond_reach(payment: Payment) -> int:
    """How much of its failed refunds can never be sent, in minor units: what is left of the payment is less than they are.

    So much a bank has brought to the shopper. Not above nothing where all of them could be sent still.
    """
    came, went = payment.captured + payment.suspense, payment.refunded + payment.suspense_refunded
    owed: int = _unsent(payment).aggregate(owed=Coalesce(Sum("amount"), 0))["owed"]
    return owed - (came - went - payment.disputed)


def _unsent(payment: Payment) -> QuerySet[Refund]:
    return payment.refunds.filter(state=RefundState.FAILED, tried_again=None, ended_by="")


def _made(
    payment: Payment, amount: Money, unit_refs: list[str], reason: str, at: datetime, *, from_suspense: bool
) -> Refund:
    return Refund.objects.create(
        payment=payment,
        amount=amount.minor,
        unit=amount.unit,
        unit_refs=unit_refs,
        reason=reason[:200],
        from_suspense=from_suspense,
        created_at=at,
        # Should the job that sends it be lost, the janitor finds it.
        ask_at=next_ask_at(0, at),
    )


def send_refund(*, refund_ref: str, at: datetime) -> RefundReport:
    """Ask the provider to send the money back, and say what it answered. Never inside a transaction.

    Hand the report to `record_refund`, in the transaction of what follows from it. A provider that cannot
    be reached, or whose answer is lost, gives UNKNOWN and raises nothing: the janitor goes on asking. Safe
    to repeat: the same key goes with it. Raises `RefundNotFound`.
    """
    with transaction.atomic(durable=True):
        refund = _refund(refund_ref, lock=True)
        if refund.state == RefundState.DONE:
            return RefundReport(refund_ref, ReportStatus.DONE, refund.provider_ref)
        if refund.state == RefundState.FAILED:
            return RefundReport(refund_ref, ReportStatus.FAILED, refund.provider_ref)
        payment = refund.payment
        attempt = open_attempt(payment=payment, kind=AttemptKind.REFUND, request={}, at=at, refund=refund)
        Refund.objects.filter(pk=refund.pk).update(state=RefundState.UNKNOWN)
    request = RefundRequest(
        key=attempt.public_id,
        payment_ref=payment.public_id,
        provider_ref=payment.provider_ref,
        refund_ref=refund.public_id,
        amount=Money(refund.amount, refund.unit),
        reason=refund.reason,
    )
    try:
        with calling(payment.provider) as provider:
            return provider.refund(request)
    except ProviderRefused as error:
        return RefundReport(refund_ref, ReportStatus.FAILED, reason=str(error.details.get("reason", "")))
    except OutcomeUnknown as error:
        finish_attempt(attempt, AttemptState.UNKNOWN, at, repr(error.__cause__))
    except ProviderUnavailable as error:
        with transaction.atomic(durable=True):
            Refund.objects.filter(pk=refund.pk, state=RefundState.UNKNOWN).update(state=RefundState.PENDING)
            finish_attempt(attempt, AttemptState.FAILED, at, repr(error.__cause__))
    return RefundReport(refund_ref, ReportStatus.UNKNOWN)


def record_refund(*, report: RefundReport, at: datetime) -> RefundRecorded:
    """Write down how a refund ended; RECORDED once, for DONE or for FAILED.

    A failed refund gives its headroom back, also one that was DONE before: the shopper's bank sent the money back, days
    or weeks later (`returned_at`). DONE of such a one is old news. DONE of another that FAILED, and FAILED of one that is
    DONE without its number at the provider, change nothing and are a CONFLICT. Raises `RefundNotFound`.
    """
    with transaction.atomic():
        if report.status not in (ReportStatus.DONE, ReportStatus.FAILED):
            if report.status is ReportStatus.PENDING:
                _resolve(_refund(report.refund_ref), done=True, at=at)
                Refund.objects.filter(public_id=report.refund_ref, state__in=REFUND_OPEN).update(
                    state=RefundState.PENDING, failure=report.reason[:200]
                )
            return RefundRecorded(Outcome.STALE, refund_view(_refund(report.refund_ref)))
        done = report.status is ReportStatus.DONE
        end = RefundState.DONE if done else RefundState.FAILED
        changed = Refund.objects.filter(public_id=report.refund_ref, state__in=REFUND_OPEN).update(
            state=end,
            done_at=at if done else None,
            ask_at=None,
            provider_ref=report.provider_ref,
            failure="" if done else report.reason[:200],
        )
        if not changed and not done:
            changed = _came_back(report, at)
        refund = _refund(report.refund_ref)
        if not changed:
            return RefundRecorded(_old_news(refund, end), refund_view(refund))
        _resolve(refund, done=done, at=at)
        if not done:
            _give_headroom_back(refund)
        return RefundRecorded(Outcome.RECORDED, refund_view(refund))


def _came_back(report: RefundReport, at: datetime) -> int:
    """It had been sent: when it went stays known, since the bill of that day names it.

    Only what the provider says of the very refund that it had sent counts: a second call that it refused is none.
    """
    if not report.provider_ref:
        return 0
    sent = Refund.objects.filter(public_id=report.refund_ref, provider_ref=report.provider_ref)
    return sent.filter(state=RefundState.DONE).update(
        state=RefundState.FAILED, returned_at=at, failure=report.reason[:200]
    )


def _old_news(refund: Refund, end: RefundState) -> Outcome:
    if refund.state == end:
        return Outcome.REPEATED
    return Outcome.STALE if refund.returned_at else Outcome.CONFLICT


def _give_headroom_back(refund: Refund) -> None:
    column = "suspense_refunded" if refund.from_suspense else "refunded"
    changed = Payment.objects.filter(pk=refund.payment_id).update(**{column: F(column) - refund.amount})
    assert changed == 1


def _resolve(refund: Refund, *, done: bool, at: datetime) -> None:
    resolve_attempts(payment=refund.payment, refund=refund, done=done, at=at)


def _refund(refund_ref: str, *, lock: bool = False) -> Refund:
    found = Refund.objects.select_related("payment").filter(public_id=refund_ref)
    refund = (found.select_for_update(of=("self",)) if lock else found).first()
    if refund is None:
        raise RefundNotFound
    return refund
