"""Shops and deals in lists: saved, removed and had back, moved, noted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Min, QuerySet

from hutong.attract.saved.models import SavedEntry, SavedList
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.services.errors import EntryUnknown, ListFull, NothingToSave
from hutong.attract.saved.services.lists import default_list, lock, own
from hutong.kernel.text import clean
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.merchants import queries as merchants
from hutong.town.people.models import Person

_NEVER_SHOWN = (OfferState.DRAFT, OfferState.SUBMITTED, OfferState.REJECTED)


@dataclass(frozen=True, slots=True)
class _Thing:
    """What is saved: one of the two keys."""

    store_id: int | None
    offer_id: int | None


def save(*, person: Person, ref: str, at: datetime, list_ref: str = "") -> str:
    """Keep a shop (`sto_...`) or a deal (`off_...`) in a list, by default the first one; the public id of the entry.

    It stands on top. What was taken out within `rules.UNDO` comes back as it was, with its note, in all its lists;
    what is there already stays. Raises NothingToSave, ListUnknown, ListFull.
    """
    thing = _thing(ref)
    with transaction.atomic():
        lock(person)
        into = own(person, list_ref) if list_ref else default_list(person, at)
        there = _of(person, thing).filter(list=into, removed_at=None).first()
        if there is not None:
            return there.public_id
        if not list_ref:
            restored = _bring_back(_of(person, thing), at)
            if restored:
                return restored
        return _add(into, thing, note="", at=at).public_id


def remove_everywhere(*, person: Person, ref: str, at: datetime) -> int:
    """Take a shop or a deal out of all lists of a person; out of how many. It can be had back for `rules.UNDO`."""
    with transaction.atomic():
        lock(person)
        kept = _mine(person).filter(removed_at=None)
        field = "store__public_id" if ref.startswith("sto_") else "offer__public_id"
        return kept.filter(**{field: ref}).update(removed_at=at)


def remove(*, person: Person, entry_ref: str, at: datetime) -> None:
    """Take one entry out of its list; it can be had back for `rules.UNDO`. Raises EntryUnknown."""
    with transaction.atomic():
        lock(person)
        if not _mine(person).filter(public_id=entry_ref, removed_at=None).update(removed_at=at):
            raise EntryUnknown


def restore(*, person: Person, entry_ref: str, at: datetime) -> None:
    """Have a removed entry back where it stood. Raises EntryUnknown, ListFull."""
    with transaction.atomic():
        lock(person)
        if not _bring_back(_mine(person).filter(public_id=entry_ref), at):
            raise EntryUnknown


def note(*, person: Person, entry_ref: str, text: str) -> None:
    """Write a note on an entry, at most `rules.MAX_NOTE` characters; "" takes it away. Raises EntryUnknown."""
    with transaction.atomic():
        lock(person)
        noted = _mine(person).filter(public_id=entry_ref, removed_at=None)
        if not noted.update(note=clean(text, limit=rules.MAX_NOTE)):
            raise EntryUnknown


def move(*, person: Person, entry_ref: str, up: bool) -> None:
    """Change places with the entry above (or below); at the end of the list nothing happens. Raises EntryUnknown."""
    with transaction.atomic():
        lock(person)
        entry = _kept(person, entry_ref)
        beside = SavedEntry.objects.filter(list=entry.list_id, removed_at=None)
        if up:
            other = beside.filter(position__lt=entry.position).order_by("-position").first()
        else:
            other = beside.filter(position__gt=entry.position).order_by("position").first()
        if other is not None:
            SavedEntry.objects.filter(pk=entry.pk).update(position=other.position)
            SavedEntry.objects.filter(pk=other.pk).update(position=entry.position)


def put(*, person: Person, entry_ref: str, list_ref: str, at: datetime) -> None:
    """Put an entry into another list, with its note; where it is there already, the two become one.

    Raises EntryUnknown, ListUnknown, ListFull.
    """
    with transaction.atomic():
        lock(person)
        entry, into = _kept(person, entry_ref), own(person, list_ref)
        if into.pk == entry.list_id:
            return
        thing = _Thing(entry.store_id, entry.offer_id)
        there = _of(person, thing).filter(list=into, removed_at=None).first()
        if there is None:
            _add(into, thing, note=entry.note, at=at)
        elif entry.note and not there.note:
            SavedEntry.objects.filter(pk=there.pk).update(note=entry.note)
        SavedEntry.objects.filter(pk=entry.pk).delete()


def _thing(ref: str) -> _Thing:
    if ref.startswith("sto_"):
        store = merchants.store_by_ref(ref)
        if store is not None and store.shown:
            return _Thing(store.store_id, None)
    elif ref.startswith("off_"):
        offer = catalog.offer_by_ref(ref)
        if offer is not None and offer.state not in _NEVER_SHOWN:
            return _Thing(None, offer.offer_id)
    raise NothingToSave


def _add(into: SavedList, thing: _Thing, *, note: str, at: datetime) -> SavedEntry:
    kept = SavedEntry.objects.filter(list=into, removed_at=None)
    if kept.count() >= rules.MOST_ENTRIES:
        raise ListFull(limit=rules.MOST_ENTRIES)
    # Removed ones count as well: one that comes back must find its place free.
    first = SavedEntry.objects.filter(list=into).aggregate(first=Min("position"))["first"]
    return SavedEntry.objects.create(
        list=into,
        store_id=thing.store_id,
        offer_id=thing.offer_id,
        note=note,
        position=(first or 0) - 1,
        added_at=at,
    )


def _bring_back(gone: "QuerySet[SavedEntry]", at: datetime) -> str:
    """Undo the last removal among these, in as many lists as it was from; the ref of one, "" where there was none."""
    gone = gone.filter(removed_at__gt=at - rules.UNDO, removed_at__lte=at, list__deleted_at=None)
    last = gone.order_by("-removed_at").first()
    if last is None:
        return ""
    together = list(gone.filter(removed_at=last.removed_at).order_by("position"))
    for entry in _not_there(together):
        if SavedEntry.objects.filter(list=entry.list_id, removed_at=None).count() >= rules.MOST_ENTRIES:
            raise ListFull(limit=rules.MOST_ENTRIES)
        SavedEntry.objects.filter(pk=entry.pk).update(removed_at=None)
    return last.public_id


def _not_there(entries: Iterable[SavedEntry]) -> list[SavedEntry]:
    """Those whose list does not hold the same thing anew."""
    return [
        entry
        for entry in entries
        if not SavedEntry.objects.filter(
            list=entry.list_id, store=entry.store_id, offer=entry.offer_id, removed_at=None
        ).exists()
    ]


def _kept(person: Person, entry_ref: str) -> SavedEntry:
    found = _mine(person).filter(public_id=entry_ref, removed_at=None).first()
    if found is None:
        raise EntryUnknown
    return found


def _mine(person: Person) -> "QuerySet[SavedEntry]":
    return SavedEntry.objects.filter(list__person=person, list__deleted_at=None)


def _of(person: Person, thing: _Thing) -> "QuerySet[SavedEntry]":
    return _mine(person).filter(store=thing.store_id, offer=thing.offer_id)
