"""The inbox: what providers tell us by themselves, kept as it came, once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Invalid
from hutong.pay.payments.models import WebhookInbox
from hutong.pay.payments.providers.registry import ProviderNotFound, has_keys
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.types import Event, Received

BODY_LIMIT = 65_536
# The headers that providers sign with begin so, in small letters.
_SIGNED_WITH = ("webhook-", "stripe-signature", "wechatpay-")
# Whoever took a webhook has long answered by then, or died.
DIED_AFTER = timedelta(minutes=1)


class WebhookTooLarge(Invalid):
    """No provider sends so much."""

    code = "webhook_too_large"
    status = 413
    message = _("The message is too large.")


def receive_webhook(*, provider: str, headers: Mapping[str, str], body: bytes, at: datetime) -> Received:
    """Check a webhook and keep it; `first` says whether its effects are still to be made.

    Copies get the same answer, whenever and however often they come. A forged or old one raises
    `SignatureInvalid` and leaves nothing behind; junk never raises anything but a `DomainError`. The caller
    makes the effects and calls `mark_processed` in one transaction; every effect is conditional, so two
    copies handled at the same moment have it once.
    """
    if len(body) > BODY_LIMIT:
        raise WebhookTooLarge
    if not has_keys(provider):
        raise ProviderNotFound
    event = provider_called(provider).parse_webhook(headers=headers, body=body, at=at)
    signed = {name.lower(): value for name, value in headers.items() if name.lower().startswith(_SIGNED_WITH)}
    made = WebhookInbox(provider=provider, event_id=event.event_id, headers=signed, body=body, received_at=at)
    WebhookInbox.objects.bulk_create([made], ignore_conflicts=True)
    kept = WebhookInbox.objects.get(provider=provider, event_id=event.event_id)
    return Received(kept.pk, event, first=kept.processed_at is None, outcome=kept.outcome)


def left_behind(*, at: datetime) -> list[int]:
    """The webhooks that were kept and not processed, since whoever took them died; the oldest first."""
    found = WebhookInbox.objects.filter(processed_at=None, received_at__lt=at - DIED_AFTER)
    return list(found.order_by("received_at", "pk").values_list("pk", flat=True))


def read_again(*, inbox_id: int) -> tuple[str, Received] | None:
    """The provider of a webhook that was kept, and what it says, checked as at the moment it came; None once processed.

    Raises as `said`.
    """
    kept = WebhookInbox.objects.filter(pk=inbox_id, processed_at=None).first()
    if kept is None:
        return None
    return kept.provider, Received(kept.pk, said(kept), first=True, outcome="")


def said(kept: WebhookInbox) -> Event:
    """What a webhook that was kept says, checked as at the moment it came.

    Raises `SignatureInvalid` where it cannot be checked any more, as when the keys are others.
    """
    return provider_called(kept.provider).parse_webhook(
        headers=CaseInsensitiveMapping(kept.headers), body=bytes(kept.body), at=kept.received_at
    )


def acknowledgement(*, provider: str) -> str | None:
    """The body that `provider` wants as the answer to a webhook that was taken; None where any will do."""
    return provider_called(provider).acknowledgement


def mark_processed(*, inbox_id: int, outcome: str, at: datetime) -> bool:
    """The effects are made, in this transaction. False when a copy of the webhook was marked before."""
    changed = WebhookInbox.objects.filter(pk=inbox_id, processed_at=None).update(
        processed_at=at, outcome=outcome[:40]
    )
    return changed == 1
