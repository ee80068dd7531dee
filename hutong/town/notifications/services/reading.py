"""What a person has read."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from hutong.kernel import live
from hutong.town.notifications.models import Notification
from hutong.town.notifications.senders.in_app import topic
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person


def mark_read(*, person: Person, ref: str, at: datetime) -> bool:
    """A person read one of theirs; False when it was read before, or is not theirs."""
    with transaction.atomic():
        unread = Notification.objects.filter(person=person, public_id=ref, read_at=None)
        changed = bool(unread.update(read_at=at))
        if changed:
            live.hint(topic(person.public_id))
    return changed


def mark_all_read(*, person: Person, kinds: Collection[Kind] | None = None, at: datetime) -> int:
    """A person has seen all of theirs, or all of some kinds; how many were new."""
    with transaction.atomic():
        unread = Notification.objects.filter(person=person, read_at=None)
        if kinds is not None:
            unread = unread.filter(kind__in=[kind.value for kind in kinds])
        changed = unread.update(read_at=at)
        if changed:
            live.hint(topic(person.public_id))
    return changed
