"""How long notifications stay."""

from datetime import datetime

from django.db import transaction

from hutong.kernel import live
from hutong.town.notifications import rules
from hutong.town.notifications.models import Notification, Preference, Subscription
from hutong.town.notifications.senders.in_app import topic
from hutong.town.people.models import Person


def purge(*, at: datetime, limit: int = 1000) -> int:
    """Delete the oldest of what is past `rules.KEPT`; how many."""
    old = Notification.objects.filter(created_at__lte=at - rules.KEPT).order_by("created_at")
    with transaction.atomic():
        refs = list(old.values_list("pk", flat=True)[:limit])
        Notification.objects.filter(pk__in=refs).delete()
    return len(refs)


def withdraw(*, subject_ref: str, at: datetime) -> int:
    """What was told of a decision is taken back with it, as long as nothing of it has left; of how many people."""
    news = Notification.objects.filter(
        subject_ref=subject_ref,
        kind__in=[kind.value for kind, spec in rules.KINDS.items() if spec.leaves_after],
        created_at__gt=at - rules.TAKEN_BACK_WITHIN,
    )
    with transaction.atomic():
        people = {one.person.public_id for one in news.select_related("person")}
        news.delete()
        for person_ref in sorted(people):
            live.hint(topic(person_ref))
    return len(people)


def forget(*, person: Person) -> int:
    """Delete all that a person was told, chose and turned on: a part of their erasure; how many notifications."""
    with transaction.atomic():
        Subscription.objects.filter(person=person).delete()
        Preference.objects.filter(person=person).delete()
        told = Notification.objects.filter(person=person)
        count = told.count()
        told.delete()
    return count
