"""Reads the sandbox's webhooks: Standard Webhooks signatures (https://www.standardwebhooks.com)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any

from standardwebhooks import Webhook

from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import SignatureInvalid, WebhookMalformed
from hutong.pay.payments.types import (
    DisputeReport,
    DisputeStatus,
    Event,
    PaymentReport,
    RefundReport,
    ReportStatus,
)

TOLERANCE_S = 300
_ID_LIMIT = 100

# What the sandbox calls it -> what we call it.
PAYMENT_STATUS = {
    "open": ReportStatus.PENDING,
    "paid": ReportStatus.DONE,
    "declined": ReportStatus.FAILED,
    "closed": ReportStatus.CLOSED,
    "expired": ReportStatus.CLOSED,
}
REFUND_STATUS = {
    "pending": ReportStatus.PENDING,
    "done": ReportStatus.DONE,
    "failed": ReportStatus.FAILED,
}


def parse(*, secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
    """The event that `body` tells, if it was signed with `secret` within 300 s of `at`.

    The library's own `verify` reads the clock and raises other errors on junk headers, so only its `sign`
    is used: the time comes in as `at`, and every header is checked before it is believed.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    event_id = lower.get("webhook-id", "")
    sent_at = _moment(lower.get("webhook-timestamp", ""))
    if not event_id or len(event_id) > _ID_LIMIT or abs((at - sent_at).total_seconds()) > TOLERANCE_S:
        raise SignatureInvalid
    try:
        text = body.decode("utf-8")
        expected = Webhook(secret.encode()).sign(event_id, sent_at, text).encode()
    except UnicodeError as error:
        raise SignatureInvalid from error
    given = [part.encode("utf-8", "replace") for part in lower.get("webhook-signature", "").split(" ")]
    # Every signature is compared, so the time taken does not tell which one matched.
    matches = [compare_digest(expected, part) for part in given]
    if not any(matches):
        raise SignatureInvalid
    return _event(event_id, sent_at, text)


def _moment(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        raise SignatureInvalid
    return datetime.fromtimestamp(int(seconds), UTC)


def _event(event_id: str, sent_at: datetime, text: str) -> Event:
    try:
        message: dict[str, Any] = json.loads(text)
        data = message["data"]
        if message["type"].startswith("payment."):
            return Event(event_id, sent_at, payment=payment_report(data))
        if message["type"].startswith("refund."):
            return Event(event_id, sent_at, refund=refund_report(data))
        if message["type"].startswith("dispute."):
            return Event(event_id, sent_at, dispute=dispute_report(data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WebhookMalformed from error
    raise WebhookMalformed


def payment_report(data: dict[str, Any]) -> PaymentReport:
    """A payment as the sandbox writes it, in our words. Raises KeyError, TypeError on another shape."""
    status = PAYMENT_STATUS[data["status"]]
    captured = (
        Money(data["captured"], str(data["captured_currency"])) if status is ReportStatus.DONE else None
    )
    return PaymentReport(
        payment_ref=str(data["reference"]),
        status=status,
        captured=captured,
        provider_ref=str(data["id"]),
        redirect_url=str(data.get("page_url", "")),
    )


def refund_report(data: dict[str, Any]) -> RefundReport:
    """A refund as the sandbox writes it, in our words. Raises KeyError, TypeError on another shape."""
    return RefundReport(
        refund_ref=str(data["reference"]),
        status=REFUND_STATUS[data["status"]],
        provider_ref=str(data["id"]),
        reason=str(data.get("failure", "")),
    )


def dispute_report(data: dict[str, Any]) -> DisputeReport:
    """A dispute as the sandbox writes it, in our words. Raises KeyError, TypeError, ValueError on another shape."""
    unit = str(data["currency"])
    return DisputeReport(
        provider_ref=str(data["id"]),
        payment_ref=str(data["reference"]),
        payment_provider_ref="",
        amount=Money(data["amount"], unit),
        fee=Money(data["fee"], unit),
        reason=str(data["reason"]),
        status=DisputeStatus(data["status"]),
        due_at=datetime.fromisoformat(data["due_at"]),
    )
