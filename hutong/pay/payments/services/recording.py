"""Writing down what a provider says about a payment. Runs in the transaction of what follows from it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from hutong.kernel.money import Money
from hutong.pay.payments.models import Payment
from hutong.pay.payments.queries import payment_view
from hutong.pay.payments.rules import event_of, next_state, states_before
from hutong.pay.payments.services.attempts import resolve_attempts
from hutong.pay.payments.services.errors import PaymentNotFound
from hutong.pay.payments.types import (
    Outcome,
    PaymentEvent,
    PaymentReport,
    PaymentState,
    Recorded,
    ReportStatus,
)


def record_report(*, report: PaymentReport, at: datetime) -> Recorded:
    """Move the payment by what its provider says; each piece of news counts once, in whatever order.

    RECORDED with `money` set: the order's money is here. MISMATCH: it is not the amount or the currency
    that was asked; it lies in the payment's suspense and the payment has FAILED. Raises `PaymentNotFound`.
    """
    if report.status is ReportStatus.DONE:
        assert report.captured is not None, "a report of DONE names the money"
        return record_capture(
            payment_ref=report.payment_ref,
            captured=report.captured,
            at=at,
            provider_ref=report.provider_ref,
        )
    with transaction.atomic():
        payment = _payment(report.payment_ref)
        if report.status is ReportStatus.UNKNOWN:
            return Recorded(Outcome.STALE, payment_view(payment))
        event = event_of(report.status)
        to_state = next_state(PaymentState(payment.state), event)
        if to_state is None:
            return Recorded(Outcome.STALE, payment_view(payment))
        changed = Payment.objects.filter(pk=payment.pk, state=payment.state).update(
            state=to_state,
            ask_at=F("ask_at") if to_state is PaymentState.PENDING else None,
            provider_ref=Coalesce(F("provider_ref"), Value(report.provider_ref)),
            redirect_url=report.redirect_url or payment.redirect_url,
        )
        if changed:
            resolve_attempts(payment=payment, done=report.status is not ReportStatus.ABSENT, at=at)
        # Not changed: somebody moved it between our two statements, and their news is at least as new.
        payment.refresh_from_db()
        return Recorded(Outcome.RECORDED if changed else Outcome.STALE, payment_view(payment))


def record_capture(
    *, payment_ref: str, captured: Money, at: datetime, provider_ref: str | None = None
) -> Recorded:
    """The provider holds `captured` for us. See `record_report`."""
    with transaction.atomic():
        asked_for = Payment.objects.filter(
            public_id=payment_ref,
            amount=captured.minor,
            unit=captured.unit,
            suspense=0,
            state__in=states_before(PaymentEvent.CAPTURED),
        )
        changed = asked_for.update(
            state=PaymentState.CAPTURED,
            captured=F("amount"),
            captured_at=at,
            ask_at=None,
            provider_ref=Coalesce(F("provider_ref"), Value(provider_ref)),
        )
        payment = _payment(payment_ref)
        if changed:
            resolve_attempts(payment=payment, done=True, at=at)
            return Recorded(Outcome.RECORDED, payment_view(payment), captured)
        if payment.state == PaymentState.CAPTURED:
            same = captured == Money(payment.amount, payment.unit)
            return Recorded(Outcome.REPEATED if same else Outcome.CONFLICT, payment_view(payment), captured)
        return _record_mismatch(payment, captured, at, provider_ref)


def _record_mismatch(payment: Payment, captured: Money, at: datetime, provider_ref: str | None) -> Recorded:
    if captured.minor <= 0:
        return Recorded(Outcome.CONFLICT, payment_view(payment), captured)
    changed = Payment.objects.filter(
        pk=payment.pk, suspense=0, state__in=states_before(PaymentEvent.MISMATCHED)
    ).update(
        state=PaymentState.FAILED,
        suspense=captured.minor,
        suspense_unit=captured.unit,
        suspense_at=at,
        ask_at=None,
        provider_ref=Coalesce(F("provider_ref"), Value(provider_ref)),
    )
    payment.refresh_from_db()
    if changed:
        resolve_attempts(payment=payment, done=True, at=at)
        return Recorded(Outcome.MISMATCH, payment_view(payment), captured)
    same = captured == Money(payment.suspense, payment.suspense_unit)
    return Recorded(Outcome.REPEATED if same else Outcome.CONFLICT, payment_view(payment), captured)


def _payment(payment_ref: str) -> Payment:
    payment = Payment.objects.filter(public_id=payment_ref).first()
    if payment is None:
        raise PaymentNotFound
    return payment
