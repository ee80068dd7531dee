"""The list behind the bell."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from hutong.kernel.rows import scalar
from hutong.town.notifications import rules
from hutong.town.notifications.models import Notification
from hutong.town.notifications.queries.texts import text_of
from hutong.town.notifications.types import Audience, Kind, NotificationView

PAGE_SIZE = 30

# Counted up to one more than is shown, from the partial index alone.
_UNREAD = """
SELECT count(*) FROM (
  SELECT 1 FROM notifications_notification
  WHERE person_id = %s AND in_app AND read_at IS NULL LIMIT %s
) counted
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some notifications, the newest first; `next_ref` continues behind the last one, empty at the end."""

    items: tuple[NotificationView, ...]
    next_ref: str


def unread_count(person_id: int) -> int:
    """How many a person has not read, counted up to `rules.MOST_SHOWN` + 1; one statement."""
    return int(scalar(_UNREAD, [person_id, rules.MOST_SHOWN + 1]))


def page_of(
    person_id: int,
    *,
    language: str,
    audience: Audience | None = None,
    after_ref: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """A person's own notifications behind `after_ref`, of one role or of all. At most two statements."""
    found = _shown(person_id)
    if audience is not None:
        found = found.filter(kind__in=[kind.value for kind in rules.kinds_for(audience)])
    if after_ref:
        last = Notification.objects.filter(person_id=person_id, public_id=after_ref).values_list("pk").first()
        if last is None:
            return Page((), "")
        found = found.filter(pk__lt=last[0])
    items = [_view(one, language) for one in found.order_by("-pk")[: size + 1]]
    return Page(tuple(items[:size]), items[size - 1].ref if len(items) > size else "")


def notification(person_id: int, ref: str, *, language: str) -> NotificationView | None:
    """One of a person's own; None for everybody else's."""
    found = Notification.objects.filter(person_id=person_id, public_id=ref).first()
    return _view(found, language) if found else None


def told_keys(keys: Collection[str]) -> set[str]:
    """Those of these happenings (`once_key`) that somebody was told of; one statement."""
    return set(Notification.objects.filter(once_key__in=keys).values_list("once_key", flat=True))


def _shown(person_id: int) -> "QuerySet[Notification]":
    return Notification.objects.filter(person_id=person_id, in_app=True)


def _view(found: Notification, language: str) -> NotificationView:
    kind = Kind(found.kind)
    return NotificationView(
        ref=found.public_id,
        kind=kind,
        audience=rules.KINDS[kind].audience,
        text=text_of(kind, found.params, language),
        url=found.url,
        merchant_ref=found.merchant_ref,
        at=found.created_at,
        read_at=found.read_at,
    )
