"""Lists: made, named, deleted and had back, shared by a link, copied by others."""

from datetime import datetime

from django.db import transaction

from hutong.attract.saved.models import SavedEntry, SavedList
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.services.errors import DefaultListStays, ListsFull, ListUnknown, NameMissing
from hutong.kernel.locking import advisory
from hutong.kernel.secret import new_token
from hutong.kernel.text import clean
from hutong.town.people.models import Person


def make_list(*, person: Person, name: str, at: datetime) -> str:
    """A new, empty list; its public id. Raises NameMissing, ListsFull."""
    with transaction.atomic():
        lock(person)
        return _new(person, _name(name), at).public_id


def rename_list(*, person: Person, list_ref: str, name: str) -> None:
    """Call a list otherwise. The default list keeps its name. Raises ListUnknown, NameMissing, DefaultListStays."""
    with transaction.atomic():
        lock(person)
        found = own(person, list_ref)
        if found.is_default:
            raise DefaultListStays
        SavedList.objects.filter(pk=found.pk).update(name=_name(name))


def delete_list(*, person: Person, list_ref: str, at: datetime) -> None:
    """Delete a list with what is in it; its link ends at once. It can be had back for `rules.UNDO`.

    Raises ListUnknown, DefaultListStays.
    """
    with transaction.atomic():
        lock(person)
        found = own(person, list_ref)
        if found.is_default:
            raise DefaultListStays
        SavedList.objects.filter(pk=found.pk).update(deleted_at=at, share_key=None, shared_at=None)


def restore_list(*, person: Person, list_ref: str, at: datetime) -> None:
    """Bring a deleted list back, no longer shared. Raises ListUnknown, ListsFull."""
    with transaction.atomic():
        lock(person)
        _check_room(person)
        gone = SavedList.objects.filter(
            person=person, public_id=list_ref, deleted_at__gt=at - rules.UNDO, deleted_at__lte=at
        )
        if not gone.update(deleted_at=None):
            raise ListUnknown


def share_list(*, person: Person, list_ref: str, with_notes: bool, at: datetime) -> str:
    """Open a list to everybody who has its link; the key of the link. A shared one keeps its key.

    Raises ListUnknown.
    """
    with transaction.atomic():
        lock(person)
        found = own(person, list_ref)
        key = found.share_key or new_token("shl")
        SavedList.objects.filter(pk=found.pk).update(
            share_key=key, shared_at=found.shared_at or at, shares_notes=with_notes
        )
        return key


def unshare_list(*, person: Person, list_ref: str) -> None:
    """End the link of a list for good: shared again, it has another one. Raises ListUnknown."""
    with transaction.atomic():
        lock(person)
        SavedList.objects.filter(pk=own(person, list_ref).pk).update(share_key=None, shared_at=None)


def copy_list(*, person: Person, share_key: str, name: str, at: datetime) -> str:
    """A list of one's own out of a shared one, with its notes where they are shared; its public id.

    `name` is what the copy is called where the shared list has no name of its own. What the other does later with
    theirs does not change it. Raises ListUnknown, ListsFull.
    """
    with transaction.atomic():
        lock(person)
        shared = SavedList.objects.filter(share_key=share_key, deleted_at=None).first()
        if shared is None:
            raise ListUnknown
        copy = _new(person, _name(shared.name or name), at)
        SavedEntry.objects.bulk_create(
            SavedEntry(
                list=copy,
                store_id=entry.store_id,
                offer_id=entry.offer_id,
                note=entry.note if shared.shares_notes else "",
                position=entry.position,
                added_at=at,
            )
            for entry in SavedEntry.objects.filter(list=shared, removed_at=None)
        )
        return copy.public_id


def lock(person: Person) -> None:
    """One writer a person at a time: limits and the default list hold under any race."""
    advisory("saved", person.pk)


def own(person: Person, list_ref: str) -> SavedList:
    """The list of this public id, if it is this person's and not deleted. Raises ListUnknown."""
    found = SavedList.objects.filter(person=person, public_id=list_ref, deleted_at=None).first()
    if found is None:
        raise ListUnknown
    return found


def default_list(person: Person, at: datetime) -> SavedList:
    """The list that everything goes to first; made with the first thing. Only under `lock`."""
    made, _new_one = SavedList.objects.get_or_create(
        person=person, is_default=True, defaults={"created_at": at}
    )
    return made


def _new(person: Person, name: str, at: datetime) -> SavedList:
    _check_room(person)
    return SavedList.objects.create(person=person, name=name, created_at=at)


def _check_room(person: Person) -> None:
    if SavedList.objects.filter(person=person, deleted_at=None).count() >= rules.MOST_LISTS:
        raise ListsFull(limit=rules.MOST_LISTS)


def _name(name: str) -> str:
    called = clean(name, limit=rules.MAX_NAME)
    if not called:
        raise NameMissing
    return called
