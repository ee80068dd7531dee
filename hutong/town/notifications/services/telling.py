"""Telling people: the rows behind the bell, and what is to leave the house."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from hutong.kernel import budget, live, outbox
from hutong.kernel.errors import TooMany
from hutong.kernel.locking import advisory
from hutong.town.notifications import queries, rules
from hutong.town.notifications.models import Delivery, Notification
from hutong.town.notifications.senders.in_app import topic
from hutong.town.notifications.types import Channel, Kind
from hutong.town.people.models import Person

log = logging.getLogger(__name__)

DAY_S = 24 * 60 * 60
JOB = "deliver_notification"


def tell(
    *,
    kind: Kind,
    person_refs: Collection[str],
    params: Mapping[str, Any],
    once_key: str,
    zone: str,
    merchant_ref: str = "",
    subject_ref: str = "",
    at: datetime,
) -> int:
    """Write down what these people are told and ask for its deliveries; to how many it was news.

    Who was told the same `once_key` before, is not active, or switched all of it off is passed over. `zone` is
    where the night is looked up. `at` is when it happened. Raises `ValueError` for params that do not fill the
    text, which is a fault of the caller.
    """
    lacking = queries.missing(kind, params)
    if lacking:
        raise ValueError(f"{kind} needs {', '.join(sorted(lacking))}")
    spec = rules.KINDS[kind]
    url = reverse(spec.page[0], args=[params[name] for name in spec.page[1:]])
    with transaction.atomic():
        # Two jobs of the same happening wait for each other; the constraint stands behind it.
        advisory("notifications", once_key)
        known = Notification.objects.filter(once_key=once_key).values_list("person_id", flat=True)
        found = Person.objects.filter(public_id__in=person_refs, is_active=True).exclude(pk__in=set(known))
        people = [person for person in found.order_by("pk") if _within_budget(person, at)]
        turned = queries.turned_by([person.pk for person in people])
        channels = {person.pk: rules.wanted(kind, turned.get(person.pk, {})) for person in people}
        made = Notification.objects.bulk_create(
            Notification(
                person=person,
                kind=kind.value,
                merchant_ref=merchant_ref,
                subject_ref=subject_ref,
                params=dict(params),
                url=url,
                once_key=once_key,
                in_app=Channel.IN_APP in channels[person.pk],
                created_at=at,
            )
            for person in people
            if channels[person.pk]
        )
        _ask_for_deliveries(made, channels, rules.not_before(spec, at, zone=zone), at)
        for notification in made:
            live.hint(topic(notification.person.public_id))
    return len(made)


def _within_budget(person: Person, at: datetime) -> bool:
    try:
        spend(Channel.IN_APP, person.public_id, at)
    except TooMany:
        log.error("more notifications for %s than a day may have", person.public_id)
        return False
    return True


def spend(channel: Channel, person_ref: str, at: datetime) -> None:
    """Take one from a person's budget of the day. Raises `TooMany`."""
    key = f"notify.{channel.value}:{person_ref}"
    budget.spend(key, limit=rules.BUDGETS[channel], window_s=DAY_S, at=at)


def _ask_for_deliveries(
    made: list[Notification], channels: Mapping[int, frozenset[Channel]], leaves_at: datetime, at: datetime
) -> None:
    """A delivery for each channel that is on and could reach its person; the rest would be rows of nothing."""
    people = {notification.person_id: notification.person for notification in made}
    reachable = {
        Channel.EMAIL: {pk for pk, person in people.items() if person.email and person.email_proved_at},
        Channel.PUSH: queries.has_device(people),
        Channel.SMS: {pk for pk, person in people.items() if person.phone},
    }
    later = leaves_at > at
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            notification=notification,
            channel=channel.value,
            due_at=leaves_at if later else at + rules.LEASE,
        )
        for notification in made
        for channel in sorted(channels[notification.person_id] - {Channel.IN_APP})
        if notification.person_id in reachable[channel]
    )
    for delivery in deliveries:
        if not later:
            outbox.send(JOB, at=at, delivery_ref=delivery.public_id)
