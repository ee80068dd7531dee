"""Payments and refunds as pages and flows see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from hutong.kernel.money import Money
from hutong.kernel.rows import rows, values
from hutong.pay.payments.models import (
    Payment,
    Refund,
)
from hutong.pay.payments.rules import without_back
from hutong.pay.payments.types import (
    PaymentState,
    PaymentView,
    RefundState,
    RefundView,
)


def payment_view(row: Payment) -> PaymentView:
    """A row as the frozen value that crosses the boundary. Makes no query."""
    return PaymentView(
        ref=row.public_id,
        order_ref=row.order_ref,
        provider=row.provider,
        state=PaymentState(row.state),
        amount=Money(row.amount, row.unit),
        captured=row.captured,
        refunded=row.refunded,
        suspense=Money(row.suspense, row.suspense_unit) if row.suspense else None,
        suspense_refunded=row.suspense_refunded,
        provider_ref=row.provider_ref,
        redirect_url=row.redirect_url,
        to_scan=row.to_scan,
        created_at=row.created_at,
        captured_at=row.captured_at,
    )


def refund_view(row: Refund) -> RefundView:
    """A row as the frozen value that crosses the boundary. Its payment must be loaded with it."""
    return RefundView(
        ref=row.public_id,
        payment_ref=row.payment.public_id,
        order_ref=row.payment.order_ref,
        provider=row.payment.provider,
        amount=Money(row.amount, row.unit),
        state=RefundState(row.state),
        reason=row.reason,
        unit_refs=tuple(row.unit_refs),
        from_suspense=row.from_suspense,
        created_at=row.created_at,
        # What came back has not gone; when it went is for bills alone.
        done_at=None if row.returned_at else row.done_at,
        failure=row.failure,
        ended_by=row.ended_by,
        returned_at=row.returned_at,
    )


def payment_by_ref(ref: str) -> PaymentView | None:
    """The payment `ref`, or None."""
    row = Payment.objects.filter(public_id=ref).first()
    return payment_view(row) if row else None


def order_of_payment(text: str) -> str | None:
    """The order of the payment or refund with this public id, or with this id at its provider; else None."""
    text = without_back(text)
    if not text:
        return None
    payment = Payment.objects.filter(Q(public_id=text) | Q(provider_ref=text)).values_list(
        "order_ref", flat=True
    )
    refund = Refund.objects.filter(Q(public_id=text) | Q(provider_ref=text))
    return payment.first() or refund.values_list("payment__order_ref", flat=True).first()


def payments_of_order(order_ref: str) -> list[PaymentView]:
    """Every payment that was ever tried for an order, newest first."""
    return [payment_view(row) for row in Payment.objects.filter(order_ref=order_ref).order_by("-id")]


def payment_for_order(order_ref: str) -> PaymentView | None:
    """The payment that matters for an order: the one whose money paid it, else the newest.

    Where two were captured, one came too much and is sent back as a whole, for no unit: it is the other one.
    """
    payments = payments_of_order(order_ref)
    captured = [payment for payment in payments if payment.state is PaymentState.CAPTURED]
    if len(captured) > 1:
        returned = Refund.objects.filter(payment__order_ref=order_ref, from_suspense=False, unit_refs=[])
        too_much = set(returned.values_list("payment__public_id", flat=True))
        captured = [payment for payment in captured if payment.ref not in too_much] or captured
    if captured:
        return captured[-1]
    return payments[0] if payments else None


def refund_by_ref(ref: str) -> RefundView | None:
    """The refund `ref`, or None."""
    row = Refund.objects.select_related("payment").filter(public_id=ref).first()
    return refund_view(row) if row else None


def refunds_of_order(order_ref: str) -> list[RefundView]:
    """The refunds of an order, newest first."""
    found = Refund.objects.select_related("payment").filter(payment__order_ref=order_ref).order_by("-id")
    return [refund_view(row) for row in found]


def recent_payments(*, limit: int = 50, before: datetime | None = None) -> list[PaymentView]:
    """For the operator: the newest payments made before `before`."""
    found = Payment.objects.order_by("-created_at", "-id")
    if before is not None:
        found = found.filter(created_at__lt=before)
    return [payment_view(row) for row in found[:limit]]


def open_refunds(*, limit: int = 50, before: datetime | None = None) -> list[RefundView]:
    """For the operator: refunds under way, and failed ones that wait; oldest first, asked for before a moment.

    A failed one that was tried again, or whose money a bank took back, does not wait.
    """
    found = Refund.objects.select_related("payment").exclude(state=RefundState.DONE).order_by("id")
    found = found.filter(tried_again=None, ended_by="")
    if before is not None:
        found = found.filter(created_at__lt=before)
    return [refund_view(row) for row in found[:limit]]


def open_refunds_of(order_refs: Sequence[str]) -> list[RefundView]:
    """The refunds of these orders whose money has not arrived: under way, or failed and waiting as in `open_refunds`."""
    found = Refund.objects.select_related("payment").filter(payment__order_ref__in=order_refs)
    return [
        refund_view(row)
        for row in found.exclude(state=RefundState.DONE).filter(tried_again=None, ended_by="")
    ]


def everything_about(order_refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app that belong to these orders, by model: for the file of the person who ordered."""
    mine = Payment.objects.filter(order_ref__in=order_refs)
    return {
        "payments.Payment": values(
            mine,
            *("public_id", "order_ref", "provider", "amount", "unit", "state", "captured", "refunded"),
            *("suspense", "suspense_unit", "suspense_refunded", "suspense_at", "provider_ref"),
            *("created_at", "captured_at"),
        ),
        "payments.Refund": values(
            Refund.objects.filter(payment__in=mine),
            *("public_id", "payment__order_ref", "amount", "unit", "state", "reason", "unit_refs"),
            *("provider_ref", "created_at", "done_at", "returned_at"),
        ),
    }


# What `open_refunds`, `open_disputes`, `open_differences`, `waiting_without_bill` and `services.contradictions` list,
# counted; each no further than somebody reads on.
_WAITING = """
SELECT (SELECT count(*) FROM (
            SELECT 1 FROM payments_refund r WHERE r.state <> 'done' AND r.ended_by = ''
               AND NOT EXISTS (SELECT 1 FROM payments_refund a WHERE a.again_for_id = r.id) LIMIT %(most)s
       ) AS refund) AS refunds,
       (SELECT count(*) FROM (
            SELECT 1 FROM payments_dispute WHERE status = 'needs_response' LIMIT %(most)s
       ) AS dispute) AS disputes,
       (SELECT count(*) FROM (
            (SELECT 1 FROM payments_billingdifference WHERE closed_at IS NULL LIMIT %(most)s)
            UNION ALL (SELECT 1 FROM payments_withoutbill WHERE state = 'waiting' LIMIT %(most)s)
            UNION ALL (SELECT 1 FROM payments_webhookinbox WHERE outcome = 'conflict' LIMIT %(most)s)
       ) AS difference) AS bills
"""


def waiting_for_operator(*, most: int = 99) -> dict[str, int]:
    """How many refunds, disputes and questions about bills wait for an operator, each counted up to `most`."""
    return rows(_WAITING, {"most": most})[0]
