"""Shops that were looked at: the newest fifty, none of who said no, and all of it gone on request."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.attract.saved import queries, services
from hutong.attract.saved.models import SavedEntry, SavedList, SeenChoice, SeenStore
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.types import LikingKind, Seen
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def person() -> Person:
    return people.person()


def look(person: Person, *shops: Store, at: datetime) -> None:
    services.remember(person=person, seen=[Seen(shop.public_id, "cafe", at) for shop in shops])


def seen(person: Person) -> list[str]:
    return [one.store_ref for one in queries.seen_of(person.pk)]


def test_the_last_one_comes_first_and_each_once(person: Person, at: datetime) -> None:
    shops = [merchants.listing(name=f"Kahvila {number}") for number in range(3)]
    for minute, number in enumerate((0, 1, 2, 0)):
        with CaptureQueriesContext(connection) as captured:
            look(person, shops[number], at=at + minute * MINUTE)
        assert len(captured) == 1
    assert seen(person) == [shops[number].public_id for number in (0, 2, 1)]
    look(person, shops[2], at=at - MINUTE)  # an older look changes nothing
    assert seen(person)[0] == shops[0].public_id
    services.remember(person=person, seen=[Seen("sto_none", "cafe", at)])
    assert len(seen(person)) == 3
    services.forget_seen(person=person, store_ref=shops[2].public_id)
    assert seen(person) == [shops[number].public_id for number in (0, 1)]


def test_fifty_are_kept(person: Person, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules.MOST_SEEN == 50
    monkeypatch.setattr(rules, "MOST_SEEN", 3)
    other = people.person()
    shops = [merchants.listing(name=f"Kahvila {number}") for number in range(6)]
    look(other, shops[0], at=at - MINUTE)
    for minute, shop in enumerate(shops[:4]):
        look(person, shop, at=at + minute * MINUTE)
    assert seen(person) == [shop.public_id for shop in shops[3:0:-1]]
    services.remember(  # at sign-in: the newest of both stay
        person=person,
        seen=[
            Seen(shops[4].public_id, "cafe", at + 9 * MINUTE),
            Seen(shops[5].public_id, "cafe", at - MINUTE),
        ],
    )
    assert len(seen(person)) == 3
    assert seen(person)[0] == shops[4].public_id
    assert seen(other) == [shops[0].public_id]


def test_nothing_is_remembered_of_who_said_no(person: Person, at: datetime) -> None:
    shop = merchants.listing()
    look(person, shop, at=at)
    assert queries.remembers(person.pk)
    services.choose(person=person, remembers=False, at=at)
    assert not queries.remembers(person.pk)
    look(person, shop, at=at + MINUTE)
    assert seen(person) == []
    assert queries.likings_of(person.pk).remembers is False
    services.choose(person=person, remembers=True, at=at + 2 * MINUTE)
    look(person, shop, at=at + 3 * MINUTE)
    assert seen(person) == [shop.public_id]


def test_likings_tell_what_was_seen_and_saved_in_one_statement(person: Person, at: datetime) -> None:
    cafe, bar = merchants.listing(category_slug="cafe"), merchants.listing(category_slug="bar")
    offer = catalog.offer(store=merchants.store(category_slug="massage"))
    look(person, cafe, at=at)
    services.save(person=person, ref=bar.public_id, at=at + MINUTE)
    services.save(person=person, ref=offer.public_id, at=at + 2 * MINUTE)
    with CaptureQueriesContext(connection) as captured:
        found = queries.likings_of(person.pk)
    assert len(captured) == 1
    assert [(one.kind, one.category) for one in found.likings] == [
        (LikingKind.SAVED, "massage"),
        (LikingKind.SAVED, "bar"),
        (LikingKind.VIEWED, "cafe"),
    ]
    services.clear_seen(person=person, at=at + 3 * MINUTE)
    assert queries.likings_of(person.pk).likings == ()
    assert len(queries.saved_refs(person.pk)) == 2  # what is saved stays saved
    look(person, cafe, at=at + 4 * MINUTE)
    assert [one.category for one in queries.likings_of(person.pk).likings] == ["cafe"]
    services.choose(person=person, remembers=False, at=at + 5 * MINUTE)
    assert queries.likings_of(person.pk).likings == ()


def test_what_was_seen_half_a_year_ago_goes(person: Person, at: datetime) -> None:
    look(person, merchants.listing(), at=at)
    services.clear_out(at=at + rules.SEEN_FOR)
    assert len(seen(person)) == 1
    services.clear_out(at=at + rules.SEEN_FOR + MINUTE)
    assert seen(person) == []


def test_it_is_in_the_persons_file_and_goes_with_the_account(person: Person, at: datetime) -> None:
    shop, other = merchants.listing(name="Kahvila"), people.person()
    for each in (person, other):
        services.save(person=each, ref=shop.public_id, at=at)
        look(each, shop, at=at)
        services.choose(person=each, remembers=True, at=at)
    ref = queries.lists_of(person.pk)[0].ref
    key = services.share_list(person=person, list_ref=ref, with_notes=True, at=at)
    told = queries.everything_about(person)
    assert {model: len(rows) for model, rows in told.items()} == {
        "saved.SavedList": 1, "saved.SavedEntry": 1, "saved.SeenStore": 1, "saved.SeenChoice": 1,
    }  # fmt: skip
    assert told["saved.SavedEntry"][0]["store__names"] == {"name": "Kahvila"}
    assert key not in str(told)
    services.forget_person(person=person)
    assert all(rows == [] for rows in queries.everything_about(person).values())
    assert {model.objects.count() for model in (SavedList, SavedEntry, SeenStore, SeenChoice)} == {1}
