"""Somebody signs in at the moment in which their account is erased: they keep it, or they are somebody new."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection

from hutong.flows import erase_person
from hutong.town.people import services
from hutong.town.people.models import Person
from tests.factories import people
from tests.town.people.codes import last_code

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def both(*acts: Callable[[], object]) -> list[object]:
    """Run these in threads that start together; what each came to."""
    barrier = threading.Barrier(len(acts), timeout=60)

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_whoever_is_faster_nobody_is_half_erased(at: datetime) -> None:
    for _ in range(ROUNDS):
        phone = people.phone_number()
        person = people.person(phone=phone)
        Person.objects.filter(pk=person.pk).update(erase_after=at)
        services.send_code(phone=phone, address=phone, at=at)
        code = last_code(phone)
        erased, came = both(
            lambda ref=person.public_id: erase_person.erase(person_ref=ref, at=at),  # type: ignore[misc]
            lambda code=code, phone=phone: _sign_in(code, phone, at),  # type: ignore[misc]
        )
        assert isinstance(came, Person | str)
        stands = Person.objects.get(pk=person.pk)
        assert (stands.erased_at is not None) == erased
        if isinstance(came, Person):
            # The code was good: whoever it let in has the phone and is not the erased one.
            now = Person.objects.get(phone=phone)
            assert now.pk == came.pk
            assert now.erased_at is None
            assert (now.pk == person.pk) == (not erased)
            assert now.erase_after is None


def _sign_in(code: str, phone: str, at: datetime) -> Person | str:
    try:
        return services.sign_in(phone=phone, code=code, language="en", address=phone, at=at)
    except services.CodeExpired:
        return "the erasure removed the code first"


def test_control_without_looking_again_somebody_erased_comes_in(at: datetime) -> None:
    """The obvious code: find who has the phone, call the erasure off, let them in."""
    person = people.person()
    Person.objects.filter(pk=person.pk).update(erase_after=at)
    found, erased = threading.Event(), threading.Event()

    def naive() -> Person:
        somebody = Person.objects.get(phone=person.phone)
        found.set()
        assert erased.wait(timeout=60)
        Person.objects.filter(pk=somebody.pk, erased_at=None).update(erase_after=None)
        return somebody

    def erase() -> bool:
        assert found.wait(timeout=60)
        try:
            return erase_person.erase(person_ref=person.public_id, at=at)
        finally:
            erased.set()

    came, gone = both(naive, erase)
    assert gone is True
    assert isinstance(came, Person)
    assert Person.objects.get(pk=came.pk).erased_at == at
