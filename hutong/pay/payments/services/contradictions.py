"""Webhooks that contradict what was recorded before: they changed nothing, and wait for an operator to look at them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import DomainError, Invalid, NotFound
from hutong.kernel.text import clean
from hutong.pay.payments.models import WebhookInbox
from hutong.pay.payments.services.explaining import NOTE_LIMIT
from hutong.pay.payments.services.webhooks import said
from hutong.pay.payments.types import Contradiction, Outcome

LOOKED_AT = "looked_at"
BODY_SHOWN = 2_000


class ContradictionNotFound(NotFound):
    """No webhook of this number contradicts anything, or somebody has looked at it already."""

    code = "contradiction_not_found"
    message = _("There is no such contradiction, or somebody has looked at it already.")


class OutcomeMissing(Invalid):
    """Whoever has looked says what came of it."""

    code = "contradiction_outcome_missing"
    message = _("Please say what came of it.")


def contradictions(*, limit: int = 50) -> list[Contradiction]:
    """The webhooks that wait for an operator, the oldest first."""
    found = WebhookInbox.objects.filter(outcome=Outcome.CONFLICT.value).order_by("received_at", "pk")
    return [
        Contradiction(
            provider=row.provider,
            event_id=row.event_id,
            received_at=row.received_at,
            about=_about(row),
            body=bytes(row.body).decode(errors="replace")[:BODY_SHOWN],
        )
        for row in found[:limit]
    ]


def look_at_contradiction(*, provider: str, event_id: str, reason: str, by: str, at: datetime) -> None:
    """An operator has looked at a contradiction and says what came of it; the log keeps that, and no month waits for it.

    `by` is a public id. Raises `OutcomeMissing`, `ContradictionNotFound`.
    """
    reason = clean(reason, limit=NOTE_LIMIT)
    if not reason:
        raise OutcomeMissing
    with transaction.atomic():
        found = WebhookInbox.objects.filter(
            provider=provider, event_id=event_id, outcome=Outcome.CONFLICT.value
        )
        if not found.update(outcome=LOOKED_AT):
            raise ContradictionNotFound
        audit.record(
            action="webhook.contradiction_looked_at",
            subject=event_id[:60],
            by=by,
            at=at,
            after={"provider": provider, "event": event_id},
            reason=reason,
        )


def _about(row: WebhookInbox) -> str:
    try:
        event = said(row)
    except DomainError:
        return ""  # signed with keys that are here no more
    if event.refund:
        return event.refund.refund_ref
    if event.payment:
        return event.payment.payment_ref
    return (event.dispute.payment_ref or event.dispute.payment_provider_ref) if event.dispute else ""
