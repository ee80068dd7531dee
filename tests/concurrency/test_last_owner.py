"""All owners of a shop leave at one moment: one of them stays."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial

import pytest

from hutong.town.merchants import services
from hutong.town.merchants.models import Merchant, Staff
from hutong.town.merchants.services import people as team
from hutong.town.merchants.types import Role
from tests.concurrency.race import WAIT_S, race
from tests.factories import joining, merchants, people

pytestmark = pytest.mark.django_db(transaction=True)

OWNERS = 4


def owners() -> tuple[Merchant, list[Staff]]:
    made = merchants.merchant()
    for _ in range(OWNERS - 1):
        merchants.staff(merchant=made, person=people.person(), role=Role.OWNER)
    return made, list(Staff.objects.filter(merchant=made, role=Role.OWNER.value).select_related("person"))


def all_leave(at: datetime) -> tuple[Merchant, int]:
    """The merchant, and how many of its owners got away."""
    made, found = owners()
    calls = [partial(services.leave, merchant_ref=made.public_id, by=staff.person, at=at) for staff in found]
    answers = race(calls, expected=(services.LastOwner,))
    return made, answers.count(None)


def left(made: Merchant) -> int:
    return Staff.objects.filter(merchant=made, role=Role.OWNER.value, revoked_at=None).count()


def test_one_owner_stays(at: datetime) -> None:
    made, gone = all_leave(at)
    assert (gone, left(made)) == (OWNERS - 1, 1)


def test_control_without_the_lock_nobody_stays(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = threading.Barrier(OWNERS, timeout=WAIT_S)
    guard = team._guard_last_owner

    def guard_and_wait(staff: Staff, *, heir: Role | None) -> None:
        guard(staff, heir=heir)
        checked.wait()

    monkeypatch.setattr(team, "advisory", lambda _name, _key: None)
    monkeypatch.setattr(team, "_guard_last_owner", guard_and_wait)
    made, gone = all_leave(at)
    assert (gone, left(made)) == (OWNERS, 0)


def test_an_invitation_is_taken_by_one_of_many(at: datetime) -> None:
    made = merchants.merchant()
    owner = Staff.objects.get(merchant=made).person
    ref, key = joining.invitation(made, owner, at=at)
    calls = [
        partial(services.accept_invitation, invitation_ref=ref, key=key, by=people.person(), at=at)
        for _ in range(OWNERS)
    ]
    answers = race(calls, expected=(services.InvitationUsed,))
    assert sum(isinstance(answer, Staff) for answer in answers) == 1
    assert Staff.objects.filter(merchant=made, role=Role.CASHIER.value).count() == 1


def test_a_pairing_is_taken_by_one_of_many(at: datetime) -> None:
    store = merchants.store()
    owner = Staff.objects.get(merchant=store.merchant).person
    ref = services.open_pairing(store_ref=store.public_id, by=owner, at=at)
    key = services.pairing_key(ref)
    calls = [
        partial(services.take_pairing, pairing_ref=ref, key=key, name=f"Phone {number}", at=at)
        for number in range(OWNERS)
    ]
    answers = race(calls, expected=(services.PairingOver,))
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert store.devices.count() == 1
