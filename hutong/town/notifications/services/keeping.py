"""How long notifications stay."""

from datetime import datetime

from django.db import transaction

from hutong.town.notifications import rules
from hutong.town.notifications.models import Notification, Preference, Subscription
from hutong.town.people.models import Person


def purge(*, at: datetime, limit: int = 1000) -> int:
    """Delete the oldest of what is past `rules.KEPT`; how many."""
    old = Notification.objects.filter(created_at__lte=at - rules.KEPT).order_by("created_at")
    with transaction.atomic():
        refs = list(old.values_list("pk", flat=True)[:limit])
        Notification.objects.filter(pk__in=refs).delete()
    return len(refs)


def forget(*, person: Person) -> int:
    """Delete all that a person was told, chose and turned on: a part of their erasure; how many notifications."""
    with transaction.atomic():
        Subscription.objects.filter(person=person).delete()
        Preference.objects.filter(person=person).delete()
        told = Notification.objects.filter(person=person)
        count = told.count()
        told.delete()
    return count
