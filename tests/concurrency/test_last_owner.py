"""All owners of a shop leave at one moment: one of them stays. An invitation and a pairing are good once."""

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
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
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


def two_accept(at: datetime) -> tuple[Staff | services.InvitationUsed, int]:
    """What the second is told who accepts while the first has not committed, and how many have the role then."""
    made = merchants.merchant()
    owner = Staff.objects.get(merchant=made).person
    ref, key = joining.invitation(made, owner, at=at)
    first, second = (
        partial(services.accept_invitation, invitation_ref=ref, key=key, by=people.person(), at=at)
        for _ in range(2)
    )
    answer = behind(first, second, expected=(services.InvitationUsed,))
    return answer, Staff.objects.filter(merchant=made, role=Role.CASHIER.value).count()


def test_an_invitation_is_taken_by_one_of_two(at: datetime) -> None:
    answer, cashiers = two_accept(at)
    assert isinstance(answer, services.InvitationUsed)
    assert cashiers == 1


def test_control_an_invitation_that_is_not_asked_whether_it_was_used(at: datetime) -> None:
    with unguarded(services.accept_invitation, "used_at=None, ", ""):
        answer, cashiers = two_accept(at)
    assert isinstance(answer, Staff)
    assert cashiers == 2


def two_pair(at: datetime) -> tuple[str | services.PairingOver, int]:
    """What the second phone is told that takes a pairing before the first has committed; the devices there are."""
    store = merchants.store()
    owner = Staff.objects.get(merchant=store.merchant).person
    ref = services.open_pairing(store_ref=store.public_id, by=owner, at=at)
    key = services.pairing_key(ref)
    first, second = (
        partial(services.take_pairing, pairing_ref=ref, key=key, name=name, at=at) for name in ("One", "Two")
    )
    answer = behind(first, second, expected=(services.PairingOver,))
    return answer, store.devices.count()


def test_a_pairing_is_taken_by_one_of_two(at: datetime) -> None:
    answer, devices = two_pair(at)
    assert isinstance(answer, services.PairingOver)
    assert devices == 1


def test_control_a_pairing_that_is_not_asked_whether_it_was_used(at: datetime) -> None:
    with unguarded(services.take_pairing, "used_at=None, ", ""):
        answer, devices = two_pair(at)
    assert isinstance(answer, str)
    assert devices == 2
