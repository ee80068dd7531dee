"""The janitor: outcomes that are not known are asked for until they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from hutong.pay.payments.models import Payment, Refund
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.rules import next_ask_at
from hutong.pay.payments.services.errors import PaymentNotFound, RefundNotFound
from hutong.pay.payments.services.recording import record_report
from hutong.pay.payments.services.refunding import record_refund, send_refund
from hutong.pay.payments.types import PaymentReport, RefundReport, RefundState, ReportStatus

_TROUBLE = (ProviderUnavailable, OutcomeUnknown, ProviderRefused)
_ENDED = (ReportStatus.DONE, ReportStatus.FAILED)
_WAITING = (ReportStatus.PENDING, ReportStatus.ABSENT)  # absent, as long as nobody opens the provider's page
Row = TypeVar("Row", Payment, Refund)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the janitor learned and the caller has to record, with what follows, like a webhook's news.

    `waiting` are the payments that nobody has paid: where nothing is sold for them any more, the caller calls them off.
    """

    payments: list[PaymentReport]
    refunds: list[RefundReport]
    waiting: list[str]


def ask(*, payment_ref: str, at: datetime) -> PaymentReport:
    """What the provider says of a payment now; UNKNOWN when it cannot be reached. Never in a transaction.

    Everything but a capture is recorded here. A report of DONE is the caller's to record (`record_report`)
    in the transaction that pays the order. Raises `PaymentNotFound`.
    """
    payment = Payment.objects.filter(public_id=payment_ref).first()
    if payment is None:
        raise PaymentNotFound
    try:
        report = provider_called(payment.provider).query(
            payment_ref=payment_ref, provider_ref=payment.provider_ref
        )
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
        report = provider_called(refund.payment.provider).query_refund(
            refund_ref=refund_ref, payment_ref=refund.payment.public_id, provider_ref=refund.provider_ref
        )
    except _TROUBLE:
        return RefundReport(refund_ref, ReportStatus.UNKNOWN)
    if report.status is ReportStatus.ABSENT and refund.state in (RefundState.PENDING, RefundState.UNKNOWN):
        return send_refund(refund_ref=refund_ref, at=at)
    if report.status not in _ENDED:
        record_refund(report=report, at=at)
    return report


def ask_unknown(*, at: datetime, limit: int = 50) -> Asked:
    """Ask for every payment and refund whose turn has come: after 5 s, 15 s, 60 s, 5 min, 1 h, then daily.

    Each is booked for its next turn before it is asked, so a crash asks again later, and two janitors
    never ask the same one. Never inside a transaction.
    """
    payment_refs = _take(Payment, at, limit)
    refund_refs = _take(Refund, at, limit)
    payments = [ask(payment_ref=ref, at=at) for ref in payment_refs]
    refunds = [ask_refund(refund_ref=ref, at=at) for ref in refund_refs]
    return Asked(
        payments=[report for report in payments if report.status is ReportStatus.DONE],
        refunds=[report for report in refunds if report.status in _ENDED],
        waiting=[report.payment_ref for report in payments if report.status in _WAITING],
    )


def _take(model: type[Row], at: datetime, limit: int) -> list[str]:
    # What has ended has no moment at which it is asked for.
    with transaction.atomic(durable=True):
        due = list(
            model._default_manager.select_for_update(skip_locked=True)
            .filter(ask_at__lte=at)
            .order_by("ask_at")[:limit]
        )
        for row in due:
            row.asked += 1
            row.ask_at = next_ask_at(row.asked, at)
        model._default_manager.bulk_update(due, ["asked", "ask_at"])
    return [row.public_id for row in due]
