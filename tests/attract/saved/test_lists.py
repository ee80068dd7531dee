"""Saving, lists, undo, links: what one person keeps, and nobody else can touch."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.attract.saved import queries, services
from hutong.attract.saved.models import SavedEntry, SavedList
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.types import ListView
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def lists(person: Person) -> list[ListView]:
    return queries.lists_of(person.pk)


def kept(person: Person, number: int = 0) -> list[str]:
    """The public ids in a list of the person's, in its order."""
    return [entry.subject_ref for entry in queries.entries_of(lists(person)[number].list_id)]


@pytest.fixture
def person() -> Person:
    return people.person()


@pytest.fixture
def shops() -> list[Store]:
    return [merchants.listing(name=f"Kahvila {number}") for number in range(3)]


def test_the_first_thing_makes_the_default_list(person: Person, shops: list[Store], at: datetime) -> None:
    assert lists(person) == []
    offer = catalog.offer()
    for ref in (shops[0].public_id, shops[1].public_id, offer.public_id):
        services.save(person=person, ref=ref, at=at)
    (only,) = lists(person)
    assert (only.is_default, only.name, only.size, only.shared) == (True, "", 3, False)
    assert kept(person) == [offer.public_id, shops[1].public_id, shops[0].public_id]  # the last one on top
    assert queries.saved_refs(person.pk) == {offer.public_id, shops[0].public_id, shops[1].public_id}
    deal, shop, _rest = queries.entries_of(only.list_id)
    assert (deal.kind, deal.names, deal.category) == ("deal", {"en": "Coffee and cake"}, "cafe")
    assert (shop.kind, shop.names) == ("store", {"name": "Kahvila 1"})
    again = services.save(person=person, ref=offer.public_id, at=at)
    assert again == deal.ref
    assert lists(person)[0].size == 3


def test_what_nobody_may_see_cannot_be_saved(person: Person, at: datetime) -> None:
    closed = merchants.listing(name="Closed")
    Store.objects.filter(pk=closed.pk).update(state="closed")
    draft = catalog.offer(live=False)
    for ref in (closed.public_id, draft.public_id, "sto_none", "off_none", "ord_1", ""):
        with pytest.raises(services.NothingToSave):
            services.save(person=person, ref=ref, at=at)
    assert lists(person) == []


def test_removed_everywhere_and_back_by_the_same_button(
    person: Person, shops: list[Store], at: datetime
) -> None:
    ref = shops[0].public_id
    trip = services.make_list(person=person, name=" Trip  to\nTampere ", at=at)
    first = services.save(person=person, ref=ref, at=at)
    services.save(person=person, ref=ref, at=at, list_ref=trip)
    services.note(person=person, entry_ref=first, text="Ask for the window seat")
    assert [one.name for one in lists(person)] == ["", "Trip to Tampere"]
    assert services.remove_everywhere(person=person, ref=ref, at=at + MINUTE) == 2
    assert queries.saved_refs(person.pk) == frozenset()
    services.save(person=person, ref=ref, at=at + 2 * MINUTE)
    assert [one.size for one in lists(person)] == [1, 1]
    assert queries.entries_of(lists(person)[0].list_id)[0].note == "Ask for the window seat"


def test_undo_lasts_an_hour_and_then_the_row_goes(person: Person, shops: list[Store], at: datetime) -> None:
    refs = [services.save(person=person, ref=shop.public_id, at=at) for shop in shops]
    services.remove(person=person, entry_ref=refs[1], at=at)
    assert kept(person) == [shops[2].public_id, shops[0].public_id]
    offered = queries.removed_entry(person.pk, refs[1], at + MINUTE)
    assert offered is not None
    assert offered.names == {"name": "Kahvila 1"}
    services.restore(person=person, entry_ref=refs[1], at=at + rules.UNDO - MINUTE)
    assert kept(person) == [shop.public_id for shop in reversed(shops)]  # where it stood
    services.remove(person=person, entry_ref=refs[1], at=at)
    with pytest.raises(services.EntryUnknown):
        services.restore(person=person, entry_ref=refs[1], at=at + rules.UNDO)
    assert queries.removed_entry(person.pk, refs[1], at + rules.UNDO) is None
    services.clear_out(at=at + rules.UNDO - MINUTE)
    assert SavedEntry.objects.filter(public_id=refs[1]).exists()
    services.clear_out(at=at + rules.UNDO + 2 * MINUTE)
    assert not SavedEntry.objects.filter(public_id=refs[1]).exists()


def test_saved_anew_meanwhile_undo_makes_no_second_one(
    person: Person, shops: list[Store], at: datetime
) -> None:
    entry = services.save(person=person, ref=shops[0].public_id, at=at)
    services.remove(person=person, entry_ref=entry, at=at)
    late = at + rules.UNDO + MINUTE  # too late for undo: the button saves a new one
    services.save(person=person, ref=shops[0].public_id, at=late)
    SavedEntry.objects.filter(public_id=entry).update(removed_at=late)
    services.restore(person=person, entry_ref=entry, at=late)
    assert kept(person) == [shops[0].public_id]


def test_entries_change_places_and_lists(person: Person, shops: list[Store], at: datetime) -> None:
    first, second, third = (
        services.save(person=person, ref=shop.public_id, at=at) for shop in reversed(shops)
    )
    order = [shop.public_id for shop in shops]
    services.move(person=person, entry_ref=third, up=True)  # it is on top already
    services.move(person=person, entry_ref=first, up=False)
    assert kept(person) == order
    services.move(person=person, entry_ref=third, up=False)
    assert kept(person) == [order[1], order[0], order[2]]
    services.move(person=person, entry_ref=first, up=True)
    assert kept(person) == [order[1], order[2], order[0]]
    trip = services.make_list(person=person, name="Trip", at=at)
    services.note(person=person, entry_ref=second, text="n" * 400)
    services.put(person=person, entry_ref=second, list_ref=trip, at=at)
    (moved,) = queries.entries_of(lists(person)[1].list_id)
    assert (moved.subject_ref, len(moved.note)) == (order[1], rules.MAX_NOTE)
    assert kept(person) == [order[2], order[0]]
    services.save(person=person, ref=order[2], at=at, list_ref=trip)
    services.put(person=person, entry_ref=first, list_ref=trip, at=at)  # is there already: they become one
    assert sorted(kept(person, 1)) == sorted(order[1:])


def test_a_list_is_deleted_and_had_back(person: Person, shops: list[Store], at: datetime) -> None:
    trip = services.make_list(person=person, name="Trip", at=at)
    services.save(person=person, ref=shops[0].public_id, at=at, list_ref=trip)
    key = services.share_list(person=person, list_ref=trip, with_notes=False, at=at)
    services.delete_list(person=person, list_ref=trip, at=at)
    assert lists(person) == []
    assert queries.shared_list(key) is None
    assert queries.saved_refs(person.pk) == frozenset()
    assert queries.deleted_list(person.pk, trip, at + MINUTE) is not None
    services.restore_list(person=person, list_ref=trip, at=at + MINUTE)
    (back,) = lists(person)
    assert (back.name, back.size, back.shared) == ("Trip", 1, False)
    services.delete_list(person=person, list_ref=trip, at=at)
    services.clear_out(at=at + rules.UNDO + 2 * MINUTE)
    assert not SavedList.objects.filter(public_id=trip).exists()
    with pytest.raises(services.ListUnknown):
        services.restore_list(person=person, list_ref=trip, at=at)


def test_the_default_list_stays(person: Person, shops: list[Store], at: datetime) -> None:
    services.save(person=person, ref=shops[0].public_id, at=at)
    ref = lists(person)[0].ref
    with pytest.raises(services.DefaultListStays):
        services.delete_list(person=person, list_ref=ref, at=at)
    with pytest.raises(services.DefaultListStays):
        services.rename_list(person=person, list_ref=ref, name="Mine")
    trip = services.make_list(person=person, name="Trip", at=at)
    services.rename_list(person=person, list_ref=trip, name="Journey")
    for empty in ("", " \n", "\u202e"):
        with pytest.raises(services.NameMissing):
            services.rename_list(person=person, list_ref=trip, name=empty)
    assert [one.name for one in lists(person)] == ["", "Journey"]


def test_a_link_opens_a_list_until_it_is_ended(person: Person, shops: list[Store], at: datetime) -> None:
    entry = services.save(person=person, ref=shops[0].public_id, at=at)
    services.note(person=person, entry_ref=entry, text="Good cake")
    ref = lists(person)[0].ref
    key = services.share_list(person=person, list_ref=ref, with_notes=False, at=at)
    assert len(key) > 40
    shared = queries.shared_list(key)
    assert shared is not None
    assert ([one.subject_ref for one in shared.entries], shared.list.shares_notes) == (kept(person), False)
    assert services.share_list(person=person, list_ref=ref, with_notes=True, at=at + MINUTE) == key
    services.unshare_list(person=person, list_ref=ref)
    assert queries.shared_list(key) is None
    assert services.share_list(person=person, list_ref=ref, with_notes=True, at=at) != key
    for wrong in ("", "shl_", "ключ", key[:-1], key + "x" * 100):
        assert queries.shared_list(wrong) is None


@pytest.mark.parametrize(("with_notes", "note"), [(True, "Good cake"), (False, "")])
def test_somebody_else_copies_a_shared_list(
    person: Person, shops: list[Store], at: datetime, with_notes: bool, note: str
) -> None:
    for shop in shops:
        entry = services.save(person=person, ref=shop.public_id, at=at)
    services.note(person=person, entry_ref=entry, text="Good cake")
    ref = lists(person)[0].ref
    key = services.share_list(person=person, list_ref=ref, with_notes=with_notes, at=at)
    friend = people.person()
    services.copy_list(person=friend, share_key=key, name="Saved by a friend", at=at)
    (copy,) = lists(friend)
    assert (copy.name, copy.shared) == ("Saved by a friend", False)
    assert kept(friend) == kept(person)
    assert queries.entries_of(copy.list_id)[0].note == note
    services.remove(person=person, entry_ref=entry, at=at)
    assert len(kept(friend)) == 3
    services.unshare_list(person=person, list_ref=ref)
    with pytest.raises(services.ListUnknown):
        services.copy_list(person=friend, share_key=key, name="Again", at=at)


def test_lists_and_entries_have_an_end(
    person: Person, shops: list[Store], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_LISTS", 1)
    monkeypatch.setattr(rules, "MOST_ENTRIES", 2)
    first = services.save(person=person, ref=shops[0].public_id, at=at)
    services.save(person=person, ref=shops[1].public_id, at=at)
    with pytest.raises(services.ListFull):
        services.save(person=person, ref=shops[2].public_id, at=at)
    with pytest.raises(services.ListsFull):
        services.make_list(person=person, name="Another", at=at)
    services.remove(person=person, entry_ref=first, at=at)
    services.save(person=person, ref=shops[2].public_id, at=at)
    with pytest.raises(services.ListFull):
        services.restore(person=person, entry_ref=first, at=at)


def test_nobody_touches_what_is_somebody_elses(person: Person, shops: list[Store], at: datetime) -> None:
    entry = services.save(person=person, ref=shops[0].public_id, at=at)
    trip = services.make_list(person=person, name="Trip", at=at)
    thief = people.person()
    before = (lists(person), queries.entries_of(lists(person)[0].list_id))
    refused = (services.EntryUnknown, services.ListUnknown)
    for attempt in (
        lambda: services.remove(person=thief, entry_ref=entry, at=at),
        lambda: services.restore(person=thief, entry_ref=entry, at=at),
        lambda: services.note(person=thief, entry_ref=entry, text="mine"),
        lambda: services.move(person=thief, entry_ref=entry, up=True),
        lambda: services.put(person=thief, entry_ref=entry, list_ref=trip, at=at),
        lambda: services.save(person=thief, ref=shops[1].public_id, list_ref=trip, at=at),
        lambda: services.rename_list(person=thief, list_ref=trip, name="Mine"),
        lambda: services.delete_list(person=thief, list_ref=trip, at=at),
        lambda: services.restore_list(person=thief, list_ref=trip, at=at),
        lambda: services.share_list(person=thief, list_ref=trip, with_notes=True, at=at),
        lambda: services.unshare_list(person=thief, list_ref=trip),
    ):
        with pytest.raises(refused):
            attempt()
    assert services.remove_everywhere(person=thief, ref=shops[0].public_id, at=at) == 0
    assert (lists(person), queries.entries_of(lists(person)[0].list_id)) == before
