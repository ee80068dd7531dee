"""Reads Stripe's webhooks: the header `Stripe-Signature` over the time and the body, HMAC-SHA256."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hutong.pay.payments.providers.errors import SignatureInvalid, WebhookMalformed
from hutong.pay.payments.providers.stripe.disputes import EVENTS as DISPUTE_EVENTS
from hutong.pay.payments.providers.stripe.disputes import dispute_report
from hutong.pay.payments.providers.stripe.reports import payment_report, refund_report
from hutong.pay.payments.types import Event

TOLERANCE_S = 300
_HEADER_LIMIT = 2_000
_ID_LIMIT = 100

SESSION_EVENTS = frozenset(
    (
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    )
)
REFUND_EVENTS = frozenset(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"))


def parse(*, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
    """The event that `body` tells, if it was signed with one of `secrets` within 300 s of `at`.

    While a secret is rolled, Stripe signs with the old and the new one and sends both signatures; and whoever has
    two endpoints has two secrets. Every pair is compared, so the time taken does not tell which one matched.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    sent_at, given = _signatures(lower.get("stripe-signature", ""))
    if abs((at - sent_at).total_seconds()) > TOLERANCE_S:
        raise SignatureInvalid
    signed = f"{int(sent_at.timestamp())}.".encode() + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets if secret]
    matches = [hmac.compare_digest(ours.encode(), theirs) for ours in expected for theirs in given]
    if not any(matches):
        raise SignatureInvalid
    return _event(sent_at, body)


def _signatures(header: str) -> tuple[datetime, list[bytes]]:
    """The time and the signatures of the scheme we know; other schemes are passed over, as Stripe asks."""
    if not header.isascii() or len(header) > _HEADER_LIMIT:
        raise SignatureInvalid
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _equals, value in parts if name == "t"]
    given = [value.encode() for name, _equals, value in parts if name == "v1"]
    # Written in one way only: what was signed is the text of the number, and int() would read others, too.
    if len(times) != 1 or not (times[0].isdigit() and len(times[0]) <= 11 and times[0] == str(int(times[0]))):
        raise SignatureInvalid
    return datetime.fromtimestamp(int(times[0]), UTC), given


def _event(sent_at: datetime, body: bytes) -> Event:
    try:
        message: dict[str, Any] = json.loads(body)
        kind, event_id, thing = message["type"], message["id"], message["data"]["object"]
        if not (isinstance(event_id, str) and 0 < len(event_id) <= _ID_LIMIT):
            raise WebhookMalformed(reason="The event has no id.")
        if kind in SESSION_EVENTS:
            report = payment_report(thing, failed=kind == "checkout.session.async_payment_failed")
            # An account may serve other shops besides this one: their sessions do not carry our reference.
            return Event(event_id, sent_at, payment=report if report.payment_ref else None)
        if kind in REFUND_EVENTS:
            refund = refund_report(thing)
            return Event(event_id, sent_at, refund=refund if refund.refund_ref else None)
        if kind in DISPUTE_EVENTS:
            return Event(event_id, sent_at, dispute=dispute_report(thing))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WebhookMalformed from error
    return Event(event_id, sent_at)
