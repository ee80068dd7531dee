"""Payments and signed webhooks for tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from hutong.flows import dispute, reconcile
from hutong.kernel import ids
from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.types import Bill, BillLine, DisputeReport, DisputeStatus, PaymentView
from hutong.town.people.models import Person

EUR = "EUR"
RETURN_URL = "http://127.0.0.1:8000/orders/back"


def payment(*, at: datetime, minor: int = 1990, unit: str = EUR, order_ref: str = "") -> PaymentView:
    """A payment of the sandbox that was not started."""
    return services.create_payment(
        order_ref=order_ref or ids.new_id("ord"), provider="sandbox", amount=Money(minor, unit), at=at
    )


def captured_payment(*, at: datetime, minor: int = 1990, unit: str = EUR) -> PaymentView:
    """A payment that was captured, without asking any provider."""
    made = payment(at=at, minor=minor, unit=unit)
    return services.record_capture(payment_ref=made.ref, captured=made.amount, at=at).payment


def line(ref: str, amount: Money, *, fee: int = 0, provider_ref: str = "", back_of: str = "") -> BillLine:
    """A line of a bill: money that came for a payment of this ref or, with `back_of`, went back for a refund."""
    return BillLine(
        payment_ref=back_of or ref,
        refund_ref=ref if back_of else "",
        provider_ref=provider_ref or f"their_{ref}",
        amount=amount,
        fee=Money(fee, amount.unit),
        status="SUCCESS",
        at=datetime(2026, 6, 1, 12, tzinfo=UTC),
    )


def difference(*, at: datetime, minor: int = 1990) -> str:
    """A line of a bill that nobody here knows, booked and waiting to be explained."""
    unknown = line("", Money(minor, EUR), provider_ref="sbp_unknown")
    reconcile.keep(Bill((unknown,)), provider="sandbox", on=at.date(), at=at)
    (made,) = queries.open_differences()
    return made.difference_ref


def dispute_of(order_ref: str, *, by: Person, at: datetime, days: int = 7) -> tuple[str, str]:
    """A dispute about all of an order's payment, with a document of an operator in its answer: the refs of both."""
    made = queries.payment_for_order(order_ref)
    assert made is not None
    report = DisputeReport(
        provider_ref=f"dp_{order_ref}",
        payment_ref=made.ref,
        payment_provider_ref="",
        amount=made.amount,
        fee=Money(1500, made.amount.unit),
        reason="product_not_received",
        status=DisputeStatus.NEEDS_RESPONSE,
        due_at=at + timedelta(days=days),
    )
    dispute.record(provider=made.provider, report=report, at=at)
    (found,) = queries.disputes_of_order(order_ref)
    evidence = dispute.add_evidence(ref=found.ref, file_name="receipt.pdf", content=b"%PDF-1.7", by=by, at=at)
    return found.ref, evidence


def signed_webhook(
    data: dict[str, Any], *, kind: str, secret: str, at: datetime, event_id: str = ""
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a webhook as the sandbox signs it, at any moment a test likes."""
    body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data})
    event_id = event_id or ids.new_id("evt")
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret.encode()).sign(event_id, at.replace(microsecond=0), body),
    }
    return headers, body.encode()


def paid_webhook(
    made: PaymentView, *, secret: str, at: datetime, money: Money | None = None, event_id: str = ""
) -> tuple[dict[str, str], bytes]:
    """The webhook that says `made` was paid, with its own amount or with `money`."""
    money = money or made.amount
    data = {"id": f"sbp_{made.ref[4:]}", "reference": made.ref, "status": "paid", "amount": made.amount.minor}
    data |= {"captured": money.minor, "captured_currency": money.unit}
    return signed_webhook(data, kind="payment.paid", secret=secret, at=at, event_id=event_id)
