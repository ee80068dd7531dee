"""Deliveries: claimed, handed over, written down; what failed is tried again later, each time a little later."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from hutong.kernel import outbox
from hutong.kernel.errors import TooMany
from hutong.kernel.rows import rows
from hutong.town.notifications import queries, rules
from hutong.town.notifications.models import Delivery
from hutong.town.notifications.senders import SENDERS, NotReachable, NotSent
from hutong.town.notifications.services.choosing import unsubscribe_token
from hutong.town.notifications.services.telling import JOB, spend
from hutong.town.notifications.types import Channel, DeliveryState, Kind, Outgoing

log = logging.getLogger(__name__)

# Through the partial index of what is not settled; a delivery that another worker looks at is left to it.
_DUE = """
WITH picked AS MATERIALIZED (
  SELECT id FROM notifications_delivery WHERE state IN ('waiting', 'sending') AND due_at <= %(at)s
  ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE notifications_delivery d SET
  state = CASE d.state WHEN 'sending' THEN 'failed' ELSE d.state END,
  error = CASE d.state WHEN 'sending' THEN 'lost' ELSE d.error END,
  due_at = %(later)s
FROM picked WHERE d.id = picked.id RETURNING d.public_id, d.state
"""


def deliver(*, delivery_ref: str, at: datetime) -> DeliveryState | None:
    """Hand one delivery over, unless somebody else does or did; how it stands now, None when it is not ours.

    Never inside a transaction: somebody else's machine may be asked. At most once: a process that dies after the
    claim leaves it claimed, and `due` gives it up, because nobody knows how far it came.
    """
    waits = Delivery.objects.filter(public_id=delivery_ref, state=DeliveryState.WAITING.value)
    if not waits.update(state=DeliveryState.SENDING.value, tries=F("tries") + 1, due_at=at + rules.LEASE):
        return None
    delivery = Delivery.objects.select_related("notification__person").get(public_id=delivery_ref)
    obstacle = _obstacle(delivery, at)
    if obstacle:
        return _settle(delivery, DeliveryState.SKIPPED, obstacle)
    try:
        SENDERS[Channel(delivery.channel)]().send(_outgoing(delivery), at=at)
    except NotReachable as error:
        return _settle(delivery, DeliveryState.SKIPPED, error.code)
    except NotSent as error:
        again_at = rules.next_try(delivery.tries, at) if error.again else None
        if again_at is None:
            return _settle(delivery, DeliveryState.FAILED, error.code)
        return _settle(delivery, DeliveryState.WAITING, error.code, due_at=again_at)
    return _settle(delivery, DeliveryState.SENT, "", sent_at=at)


def due(*, at: datetime, limit: int = 200) -> int:
    """Ask again for deliveries whose time has come, and give those up whose process was lost; how many there were."""
    with transaction.atomic():
        found = rows(_DUE, {"at": at, "later": at + rules.LEASE, "limit": limit})
        for entry in found:
            if entry["state"] == DeliveryState.WAITING.value:
                outbox.send(JOB, at=at, delivery_ref=entry["public_id"])
            else:
                log.error("delivery %s lost its process; it is not sent again", entry["public_id"])
    return len(found)


def _obstacle(delivery: Delivery, at: datetime) -> str:
    """Why a claimed delivery does not leave after all, in a word; empty when it does."""
    notification, channel = delivery.notification, Channel(delivery.channel)
    if not notification.person.is_active:
        return "person_gone"
    if at - notification.created_at > rules.STALE_AFTER:
        return "stale"
    turned = queries.turned_by([notification.person_id]).get(notification.person_id, {})
    if channel not in rules.wanted(Kind(notification.kind), turned):
        return "switched_off"
    try:
        spend(channel, notification.person.public_id, at)
    except TooMany:
        log.error("more by %s for %s than a day may have", channel.value, notification.person.public_id)
        return "budget"
    return ""


def _outgoing(delivery: Delivery) -> Outgoing:
    notification = delivery.notification
    person, kind = notification.person, Kind(notification.kind)
    group = rules.KINDS[kind].group
    site = settings.HUTONG_SITE_URL
    return Outgoing(
        key=notification.public_id,
        at=notification.created_at,
        person_id=person.pk,
        person_ref=person.public_id,
        phone=person.phone or "",
        email=person.email if person.email and person.email_proved_at else "",
        language=person.language,
        group=group,
        text=queries.text_of(kind, notification.params, person.language),
        url=site + reverse("notification", args=[notification.public_id]),
        unsubscribe_url=site
        + reverse(
            "notification_unsubscribe", args=[unsubscribe_token(person_ref=person.public_id, group=group)]
        ),
        settings_url=site + reverse("notification_settings"),
    )


def _settle(
    delivery: Delivery,
    state: DeliveryState,
    error: str,
    *,
    due_at: datetime | None = None,
    sent_at: datetime | None = None,
) -> DeliveryState:
    """Write down how a claimed delivery ended; one that was given up as lost meanwhile stays given up."""
    ours = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING.value)
    ours.update(state=state.value, error=error[:40], sent_at=sent_at, due_at=due_at or delivery.due_at)
    if state is DeliveryState.FAILED:
        log.warning("delivery %s by %s failed: %s", delivery.public_id, delivery.channel, error)
    return state
