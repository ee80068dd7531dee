"""Notifications for tests, made in the way the site makes them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from hutong.town.notifications import services
from hutong.town.notifications.models import Delivery, Notification
from hutong.town.notifications.types import Channel, Kind
from hutong.town.people.models import Person
from tests.fakes.push import FakeBrowser

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = count(1)

REDEEMED = {
    "deal": {"en": "Lunch for two", "zh-Hans": "双人午餐"},
    "store": {"name": "Kahvila", "zh-Hans": "咖啡馆"},
    "voucher_ref": "vch_example",
}


def told(
    *people: Person,
    kind: Kind = Kind.VOUCHER_REDEEMED,
    params: dict[str, Any] | None = None,
    merchant_ref: str = "",
    once: str = "",
    at: datetime = NOON,
) -> list[Notification]:
    """Tell people something; what is new for them, in the order of the people."""
    key = once or f"test:{next(_numbers)}"
    services.tell(
        kind=kind,
        person_refs=[person.public_id for person in people],
        params=REDEEMED if params is None else params,
        once_key=key,
        zone="Europe/Helsinki",
        merchant_ref=merchant_ref,
        at=at,
    )
    return list(Notification.objects.filter(once_key=key).order_by("person_id"))


def delivery(notification: Notification, channel: Channel) -> Delivery:
    """How a notification fares by one channel; fails where it does not go that way."""
    return Delivery.objects.get(notification=notification, channel=channel.value)


def with_email(person: Person, address: str = "") -> Person:
    """The person has proved an address."""
    person.email, person.email_proved_at = address or f"p{person.pk}@example.org", NOON
    person.save(update_fields=["email", "email_proved_at"])
    return person


def with_push(person: Person, browser: FakeBrowser, *, sign_in_ref: str = "") -> Person:
    """The person turned push on in a browser."""
    services.subscribe(
        person=person,
        sign_in_ref=sign_in_ref,
        endpoint=browser.endpoint,
        **browser.keys,
        agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        at=NOON,
    )
    return person
