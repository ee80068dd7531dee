"""All that is kept about one person, for the person's own file."""

from typing import Any

from hutong.kernel.rows import values
from hutong.town.notifications.models import Delivery, Notification, Preference, Subscription
from hutong.town.people.models import Person


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about `person`, by model. The keys of a browser's push are not among them."""
    return {
        "notifications.Notification": values(
            Notification.objects.filter(person=person),
            *("public_id", "kind", "merchant_ref", "subject_ref", "params", "url", "created_at", "read_at"),
        ),
        "notifications.Delivery": values(
            Delivery.objects.filter(notification__person=person),
            *("notification__public_id", "channel", "state", "due_at", "sent_at"),
        ),
        "notifications.Subscription": values(
            Subscription.objects.filter(person=person), *("browser", "system", "created_at", "failed_at")
        ),
        "notifications.Preference": values(
            Preference.objects.filter(person=person), "group", "channel", "on"
        ),
    }
