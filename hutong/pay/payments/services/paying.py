"""Asking for money: create, start, close."""

from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Value, When

from hutong.kernel.money import Money
from hutong.pay.payments.models import Attempt, Payment
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.patience import calling
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.queries import payment_view
from hutong.pay.payments.rules import UNDER_WAY, next_ask_at, states_before
from hutong.pay.payments.services.attempts import finish_attempt, open_attempt
from hutong.pay.payments.services.errors import AlreadyPaid, PaymentNotFound, PaymentNotPayable
from hutong.pay.payments.services.recording import record_report
from hutong.pay.payments.types import (
    IN_APP,
    AttemptKind,
    AttemptState,
    Device,
    Payer,
    PaymentEvent,
    PaymentReport,
    PaymentState,
    PaymentView,
    ReportStatus,
    Started,
    StartRequest,
)


def create_payment(*, order_ref: str, provider: str, amount: Money, at: datetime) -> PaymentView:
    """A payment for an order, in the caller's transaction; the one under way if there is one already.

    The caller holds the order's lock. Raises `AlreadyPaid`, or `ProviderNotFound`.
    """
    provider_called(provider)
    earlier = Payment.objects.filter(order_ref=order_ref, state__in=[*UNDER_WAY, PaymentState.CAPTURED])
    row = earlier.order_by("id").first()
    if row is None:
        row = Payment.objects.create(
            order_ref=order_ref, provider=provider, amount=amount.minor, unit=amount.unit, created_at=at
        )
    elif row.state == PaymentState.CAPTURED:
        raise AlreadyPaid(order_ref=order_ref)
    return payment_view(row)


def start(
    *,
    payment_ref: str,
    return_url: str,
    at: datetime,
    payee: str = "Hutong",
    description: str = "",
    language: str = "en",
    expires_at: datetime | None = None,
    payer: Payer | None = None,
    code_url: str = "",
) -> str:
    """Ask the provider for the money; the address of the page where the shopper pays.

    That is `code_url`, our page, where the provider gives a code to scan, or something for its app that shows our page.
    Never inside a transaction. Safe to repeat, also after a time-out: the repetition carries the same key
    and the very same request. Raises `AlreadyPaid`, `PaymentNotPayable`, `ProviderUnavailable` (nothing
    happened), `OutcomeUnknown` (repeat it, or let the janitor ask), `ProviderRefused` (the payment failed).
    """
    payer = payer or Payer()
    request = {
        "return_url": return_url,
        "payee": payee,
        "description": description,
        "language": language,
        "expires_at": expires_at.isoformat() if expires_at else None,
        "address": payer.address,
        "device": payer.device.value,
        **({"openid": payer.openid} if payer.openid else {}),
    }
    with transaction.atomic(durable=True):
        payment = _to_start(payment_ref)
        if payment.state == PaymentState.PENDING:
            return (payment_view(payment).here and code_url) or payment.redirect_url
        attempt = open_attempt(payment=payment, kind=AttemptKind.START, request=request, at=at)
        _mark_called(payment, at)
    try:
        started = provider_called(payment.provider).start(_start_request(payment, attempt))
    except ProviderUnavailable as error:
        _call_failed(payment, attempt, PaymentState.CREATED, error, at)
        raise
    except ProviderRefused as error:
        _call_failed(payment, attempt, PaymentState.FAILED, error, at)
        raise
    except OutcomeUnknown as error:
        finish_attempt(attempt, AttemptState.UNKNOWN, at, _why(error))
        raise
    _record_started(payment, attempt, started, at)
    here = started.to_scan or started.redirect_url.startswith(IN_APP)
    return (here and code_url) or started.redirect_url


def close(*, payment_ref: str, at: datetime) -> PaymentReport:
    """Call a payment off at the provider, so that it cannot be paid late. Never inside a transaction.

    A payment the provider never heard of is closed here. The report says DONE when the shopper was faster:
    the caller records that capture with what follows from it. Raises `ProviderUnavailable`,
    `OutcomeUnknown`; safe to repeat.
    """
    with transaction.atomic(durable=True):
        payment = Payment.objects.select_for_update().filter(public_id=payment_ref).first()
        if payment is None:
            raise PaymentNotFound
        if payment.state not in UNDER_WAY:
            return _as_report(payment)
        if payment.state == PaymentState.CREATED:
            report = PaymentReport(payment_ref, ReportStatus.CLOSED)
            record_report(report=report, at=at)
            return report
        attempt = open_attempt(payment=payment, kind=AttemptKind.CLOSE, request={}, at=at)
        _mark_called(payment, at)
    try:
        with calling(payment.provider) as provider:
            report = provider.close(
                payment_ref=payment_ref, provider_ref=payment.provider_ref, key=attempt.public_id
            )
    except (ProviderUnavailable, ProviderRefused) as error:
        _call_failed(payment, attempt, PaymentState(payment.state), error, at)
        raise
    except OutcomeUnknown as error:
        finish_attempt(attempt, AttemptState.UNKNOWN, at, _why(error))
        raise
    finish_attempt(attempt, AttemptState.DONE, at)
    if report.status is ReportStatus.ABSENT:
        # The start never arrived and, with the payment closed here, is not sent again.
        report = PaymentReport(payment_ref, ReportStatus.CLOSED)
    if report.status is not ReportStatus.DONE:
        record_report(report=report, at=at)
    return report


def _to_start(payment_ref: str) -> Payment:
    # The payment's lock comes first, always: two taps at once would otherwise wait for each other.
    payment = Payment.objects.select_for_update().filter(public_id=payment_ref).first()
    if payment is None:
        raise PaymentNotFound
    if payment.state == PaymentState.CAPTURED:
        raise AlreadyPaid(order_ref=payment.order_ref)
    closing = payment.state == PaymentState.UNKNOWN and payment.redirect_url
    if payment.state not in UNDER_WAY or closing:
        raise PaymentNotPayable
    return payment


def _start_request(payment: Payment, attempt: Attempt) -> StartRequest:
    # What was sent first is sent again: a key belongs to one request.
    sent = attempt.request
    return StartRequest(
        key=attempt.public_id,
        payment_ref=payment.public_id,
        amount=Money(payment.amount, payment.unit),
        return_url=sent["return_url"],
        payee=sent["payee"],
        description=sent["description"],
        language=sent["language"],
        expires_at=datetime.fromisoformat(sent["expires_at"]) if sent["expires_at"] else None,
        # An attempt of an older version does not know who pays.
        payer=Payer(
            sent.get("address", ""), Device(sent.get("device", Device.DESKTOP)), sent.get("openid", "")
        ),
    )


def _mark_called(payment: Payment, at: datetime) -> None:
    Payment.objects.filter(pk=payment.pk, state__in=states_before(PaymentEvent.CALLED)).update(
        state=PaymentState.UNKNOWN, ask_at=next_ask_at(0, at), asked=0
    )


def _call_failed(
    payment: Payment, attempt: Attempt, state: PaymentState, error: Exception, at: datetime
) -> None:
    """The call had no effect: the payment goes to `state`, unless news from elsewhere moved it meanwhile."""
    with transaction.atomic(durable=True):
        asked_on = F("ask_at") if state in (PaymentState.PENDING, PaymentState.UNKNOWN) else Value(None)
        Payment.objects.filter(pk=payment.pk, state=PaymentState.UNKNOWN).update(state=state, ask_at=asked_on)
        finish_attempt(attempt, AttemptState.FAILED, at, _why(error))


def _record_started(payment: Payment, attempt: Attempt, started: Started, at: datetime) -> None:
    # A webhook may have been faster than this answer: then the state stays, and only the facts are added.
    moved = Case(
        When(state__in=states_before(PaymentEvent.STARTED), then=Value(PaymentState.PENDING.value)),
        default=F("state"),
    )
    with transaction.atomic(durable=True):
        Payment.objects.filter(pk=payment.pk).update(
            state=moved,
            provider_ref=started.provider_ref,
            redirect_url=started.redirect_url,
            to_scan=started.to_scan,
        )
        finish_attempt(attempt, AttemptState.DONE, at)


def _as_report(payment: Payment) -> PaymentReport:
    status = {
        PaymentState.CAPTURED: ReportStatus.DONE,
        PaymentState.FAILED: ReportStatus.FAILED,
        PaymentState.CLOSED: ReportStatus.CLOSED,
    }[PaymentState(payment.state)]
    captured = Money(payment.captured, payment.unit) if payment.captured else None
    return PaymentReport(payment.public_id, status, captured, payment.provider_ref)


def _why(error: Exception) -> str:
    details = getattr(error, "details", {})
    return f"{type(error).__name__} {details.get('reason', '')}: {error.__cause__!r}"
