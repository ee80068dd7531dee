"""The janitor: outcomes that are not known are asked for until they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from hutong.pay.payments.models import Payment, Refund
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.patience import calling, not_now
from hutong.pay.payments.rules import next_ask_at
from hutong.pay.payments.services.errors import PaymentNotFound, RefundNotFound
from hutong.pay.payments.services.recording import record_report
from hutong.pay.payments.services.refunding import record_refund, send_refund
from hutong.pay.payments.types import PaymentReport, RefundReport, RefundState, ReportStatus

_TROUBLE = (ProviderUnavailable, OutcomeUnknown, ProviderRefused)
_ENDED = (ReportStatus.DONE, ReportStatus.FAILED)
LEASE = timedelta(minutes=2)
"""How long a worker has a turn for itself: longer than a question and what follows may take."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A payment or a refund that is to be asked about now. Until `until` nobody else asks, and `then` is its next turn."""

    ref: str
    is_refund: bool
    until: datetime
    then: datetime


def ask(*, payment_ref: str, at: datetime) -> PaymentReport:
    """What the provider says of a payment now; UNKNOWN when it cannot be reached. Never in a transaction.

    Everything but a capture is recorded here. A report of DONE is the caller's to record (`record_report`)
    in the transaction that pays the order. Raises `PaymentNotFound`.
    """
    payment = Payment.objects.filter(public_id=payment_ref).first()
    if payment is None:
        raise PaymentNotFound
    try:
        with calling(payment.provider) as provider:
            report = provider.query(payment_ref=payment_ref, provider_ref=payment.provider_ref)
    except _TROUBLE:
        # Not swallowed: UNKNOWN is the answer, the payment keeps its place in the janitor's plan.
        return PaymentReport(payment_ref, ReportStatus.UNKNOWN)
    if report.status is not ReportStatus.DONE:
        record_report(report=report, at=at)
    return report


def ask_refund(*, refund_ref: str, at: datetime) -> RefundReport:
    """What the provider says of a refund now. One it never heard of is sent (again), with the same key.

    A report of DONE or FAILED is the caller's to record (`record_refund`). Raises `RefundNotFound`.
    """
    refund = Refund.objects.select_related("payment").filter(public_id=refund_ref).first()
    if refund is None:
        raise RefundNotFound
    try:
        with calling(refund.payment.provider) as provider:
            report = provider.query_refund(
                refund_ref=refund_ref,
                payment_ref=refund.payment.public_id,
                provider_ref=refund.provider_ref,
            )
    except _TROUBLE:
        return RefundReport(refund_ref, ReportStatus.UNKNOWN)
    if report.status is ReportStatus.ABSENT and refund.state in (RefundState.PENDING, RefundState.UNKNOWN):
        return send_refund(refund_ref=refund_ref, at=at)
    if report.status not in _ENDED:
        record_refund(report=report, at=at)
    return report


def take_turn(*, refunds: bool, at: datetime) -> Turn | None:
    """The payment (or refund) that has been due longest, taken to be asked about; None when none is due.

    Its turns are after 5 s, 15 s, 60 s, 5 min, 1 h, then daily. Two janitors never have the same one, and nobody has one
    of a provider that is not to be asked just now (`patience.not_now`). Who dies with a turn has lost nothing: it is due
    again after `LEASE`, and those after it were not taken. Never inside a transaction.
    """
    model: type[Payment] | type[Refund] = Refund if refunds else Payment
    with transaction.atomic(durable=True):
        # What has ended has no moment at which it is asked for.
        due = model._default_manager.select_for_update(skip_locked=True, of=("self",)).filter(ask_at__lte=at)
        # Who does not answer just now keeps the others waiting no more, and the turns of its own are still to come.
        due = due.exclude(**{f"{'payment__' if refunds else ''}provider__in": not_now()})
        row = due.order_by("ask_at", "pk").first()
        if row is None:
            return None
        then = next_ask_at(row.asked + 1, at)
        until = min(then, at + LEASE)
        model._default_manager.filter(pk=row.pk).update(asked=row.asked + 1, ask_at=until)
    return Turn(row.public_id, refunds, until, then)


def ask_soon(*, order_ref: str, at: datetime) -> None:
    """Have the payment that is under way for an order or gift card asked about at once: it has ended, and is called off.

    In the transaction that ends an order, which it has locked: should nobody come to call it off, the janitor does.
    """
    Payment.objects.filter(order_ref=order_ref, ask_at__isnull=False).update(ask_at=at, asked=0)


def end_turn(turn: Turn) -> None:
    """It was asked about, and what was learned is recorded. Where it has not ended it waits for its next turn."""
    if turn.then != turn.until:
        model = Refund if turn.is_refund else Payment
        model._default_manager.filter(public_id=turn.ref, ask_at=turn.until).update(ask_at=turn.then)
