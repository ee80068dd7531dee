"""Shops that were looked at: remembered, merged at sign-in, cleared, switched off; and the end of an account."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from hutong.attract.saved.models import SavedEntry, SavedList, SeenChoice, SeenStore
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.services.lists import lock
from hutong.attract.saved.types import Seen
from hutong.kernel.rows import execute
from hutong.town.people.models import Person

# One statement a look. Nothing is kept of who switched it off; what is beyond the newest fifty goes.
_REMEMBER = """
WITH willing AS (
  SELECT %(person)s::int8 AS person_id
   WHERE NOT EXISTS (SELECT FROM saved_seenchoice c WHERE c.person_id = %(person)s::int8 AND NOT c.remembers)
), looked AS (
  SELECT s.id AS store_id, max(n.at) AS seen_at
    FROM unnest(%(refs)s::text[], %(moments)s::timestamptz[]) AS n(ref, at)
    JOIN merchants_store s ON s.public_id = n.ref
   GROUP BY s.id
), kept AS (
  INSERT INTO saved_seenstore AS k (person_id, store_id, seen_at)
  SELECT w.person_id, l.store_id, l.seen_at FROM willing w, looked l
  ON CONFLICT (person_id, store_id) DO UPDATE SET seen_at = greatest(k.seen_at, excluded.seen_at)
  RETURNING store_id
)
DELETE FROM saved_seenstore o USING (
  SELECT r.id FROM saved_seenstore r
   WHERE r.person_id = %(person)s::int8 AND r.store_id NOT IN (SELECT store_id FROM looked)
   ORDER BY r.seen_at DESC, r.id DESC
   OFFSET greatest(0, %(most)s::int4 - (SELECT count(*) FROM looked))
) old WHERE o.id = old.id AND EXISTS (SELECT FROM willing)
"""


def remember(*, person: Person, seen: Sequence[Seen]) -> None:
    """Note that a person looked at these shops; one statement.

    The newest `rules.MOST_SEEN` stay. Nothing happens for who does not want it, and for shops there are not.
    """
    if seen:
        newest = sorted(seen, key=lambda one: one.at, reverse=True)[: rules.MOST_SEEN]
        execute(
            _REMEMBER,
            {
                "person": person.pk,
                "refs": [one.store_ref for one in newest],
                "moments": [one.at for one in newest],
                "most": rules.MOST_SEEN,
            },
        )


def forget_seen(*, person: Person, store_ref: str) -> None:
    """Take one shop out of what was seen."""
    SeenStore.objects.filter(person=person, store__public_id=store_ref).delete()


def clear_seen(*, person: Person, at: datetime) -> None:
    """Forget all that was seen; what was saved or bought until now says nothing about taste any more."""
    with transaction.atomic():
        lock(person)
        SeenStore.objects.filter(person=person).delete()
        SeenChoice.objects.update_or_create(person=person, defaults={"cleared_at": at, "changed_at": at})


def choose(*, person: Person, remembers: bool, at: datetime) -> None:
    """Remember what a person looks at from now on, or forget all of it and remember nothing more."""
    with transaction.atomic():
        lock(person)
        SeenChoice.objects.update_or_create(
            person=person, defaults={"remembers": remembers, "changed_at": at}
        )
        if not remembers:
            SeenStore.objects.filter(person=person).delete()


def clear_out(*, at: datetime) -> None:
    """Delete what was removed or deleted an hour ago, and what was seen half a year ago. Safe to run at any time."""
    over = at - rules.UNDO - timedelta(minutes=1)
    with transaction.atomic():
        dead = SavedList.objects.filter(deleted_at__lt=over)
        SavedEntry.objects.filter(list__in=dead).delete()
        dead.delete()
        SavedEntry.objects.filter(removed_at__lt=over).delete()
        SeenStore.objects.filter(seen_at__lt=at - rules.SEEN_FOR).delete()


def forget_person(*, person: Person) -> None:
    """Delete everything of a person, in the transaction that erases the account."""
    SavedEntry.objects.filter(list__person=person).delete()
    SavedList.objects.filter(person=person).delete()
    SeenStore.objects.filter(person=person).delete()
    SeenChoice.objects.filter(person=person).delete()
