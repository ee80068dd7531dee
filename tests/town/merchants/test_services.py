"""Merchants apply, are decided about, claim stores, and give people and devices their rights."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants import services
from hutong.town.merchants.models import Device, Merchant, MerchantDecision, Staff, Store
from hutong.town.merchants.queries import (
    device_by_ref,
    has_right,
    may_redeem,
    merchant_history,
    pending_merchants,
    staff_of,
    staff_roles,
    store_by_ref,
    stores_of,
)
from hutong.town.merchants.types import MerchantState, Right, Role
from hutong.town.people.models import Person
from tests.factories import merchants as make
from tests.factories import people, regions

pytestmark = pytest.mark.django_db


def test_an_application_waits_and_its_applicant_owns_it(at: datetime) -> None:
    owner = people.person()
    merchant = make.merchant(owner=owner, approved=False)
    assert [view.ref for view in pending_merchants()] == [merchant.public_id]
    (role,) = staff_roles(owner)
    assert (role.role, role.store_ref, role.merchant_state) == (Role.OWNER, None, MerchantState.APPLIED)


def test_a_merchant_needs_a_name(at: datetime) -> None:
    with pytest.raises(services.MerchantUnnamed):
        services.apply_merchant(
            names={"name": "  "}, region=regions.region(), phone="", by=people.person(), at=at
        )
    assert Merchant.objects.count() == 0


def test_yes_and_no_through_a_merchant_s_life(at: datetime) -> None:
    merchant, operator = make.merchant(approved=False), people.operator()
    ref = merchant.public_id
    told = []
    for day, (approve, reason) in enumerate(
        [(False, "No papers."), (True, ""), (False, "Complaints."), (True, "Settled.")]
    ):
        moment = at + timedelta(days=day)
        told.append(
            services.decide_merchant(merchant_ref=ref, approve=approve, reason=reason, by=operator, at=moment)
        )
    assert told == ["rejected", "approved", "suspended", "approved"]
    assert [(move.from_state, move.to_state, move.reason) for move in merchant_history(ref)] == [
        ("suspended", "approved", "Settled."),
        ("approved", "suspended", "Complaints."),
        ("rejected", "approved", ""),
        ("applied", "rejected", "No papers."),
    ]
    assert pending_merchants() == []


def test_what_an_operator_cannot_decide(at: datetime) -> None:
    merchant, operator = make.merchant(), people.operator()
    ref = merchant.public_id
    with pytest.raises(services.MerchantAlreadyDecided):
        services.decide_merchant(merchant_ref=ref, approve=True, by=operator, at=at)
    with pytest.raises(services.ReasonMissing):
        services.decide_merchant(merchant_ref=ref, approve=False, reason="  ", by=operator, at=at)
    with pytest.raises(NotFound):
        services.decide_merchant(merchant_ref="mer_none", approve=True, by=operator, at=at)
    with pytest.raises(Forbidden):
        services.decide_merchant(merchant_ref=ref, approve=False, reason="x", by=people.person(), at=at)
    assert MerchantDecision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_operators_who_decide_at_once_one_does(at: datetime) -> None:
    merchant, operator = make.merchant(approved=False), people.operator()

    def decide() -> object:
        return services.decide_merchant(
            merchant_ref=merchant.public_id, approve=False, reason="No.", by=operator, at=at
        )

    outcomes = at_once(8, decide)
    assert outcomes.count(MerchantState.REJECTED) == 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, services.MerchantAlreadyDecided)]
    assert len(refused) == 7
    assert MerchantDecision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_merchants_who_claim_a_store_at_once_one_gets_it(at: datetime) -> None:
    listing, operator = make.listing(), people.operator()
    rivals = iter([make.merchant().public_id for _ in range(8)])
    turn = threading.Lock()

    def claim() -> object:
        with turn:
            mine = next(rivals)
        services.claim_store(store_ref=listing.public_id, merchant_ref=mine, by=operator, at=at)
        return mine

    outcomes = at_once(8, claim)
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert sum(isinstance(outcome, services.StoreTaken) for outcome in outcomes) == 7
    view = store_by_ref(listing.public_id)
    assert view is not None
    assert view.merchant_ref == winner


def at_once(count: int, act: Callable[[], object]) -> list[object]:
    """What `count` threads got that did the same thing at the same moment: an answer or an error each."""
    start, outcomes = threading.Barrier(count, timeout=30), []

    def go() -> None:
        try:
            start.wait()
            outcomes.append(act())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_a_store_is_claimed_by_the_operator_or_an_owner(at: datetime) -> None:
    owner = people.person()
    merchant, listing = make.merchant(owner=owner), make.listing()
    cashier = make.staff(merchant=merchant).person
    with pytest.raises(Forbidden):
        services.claim_store(store_ref=listing.public_id, merchant_ref=merchant.public_id, by=cashier, at=at)
    with pytest.raises(NotFound):
        services.claim_store(store_ref="sto_none", merchant_ref=merchant.public_id, by=owner, at=at)
    services.claim_store(store_ref=listing.public_id, merchant_ref=merchant.public_id, by=owner, at=at)
    assert [view.ref for view in stores_of(owner)] == [listing.public_id]


def test_a_closed_listing_cannot_be_claimed(at: datetime) -> None:
    merchant, listing = make.merchant(), make.listing()
    Store.objects.filter(pk=listing.pk).update(state="closed")
    with pytest.raises(services.StoreTaken):
        services.claim_store(
            store_ref=listing.public_id, merchant_ref=merchant.public_id, by=people.operator(), at=at
        )


def test_who_may_redeem_where(at: datetime) -> None:
    owner = people.person()
    merchant = make.merchant(owner=owner)
    here, there = make.store(merchant=merchant), make.store(merchant=merchant)
    elsewhere = make.store()
    everywhere = make.staff(merchant=merchant).person
    only_here = make.staff(merchant=merchant, store=here).person
    till = make.device(store=here)
    actors: dict[str, Person | Device] = {
        "owner": owner,
        "everywhere": everywhere,
        "only here": only_here,
        "till": till,
        "stranger": people.person(),
        "operator": people.operator(),
    }
    allowed = {
        name: [may_redeem(actor, store) for store in (here, there, elsewhere)]
        for name, actor in actors.items()
    }
    assert allowed == {
        "owner": [True, True, False],
        "everywhere": [True, True, False],
        "only here": [True, False, False],
        "till": [True, False, False],
        "stranger": [False, False, False],
        "operator": [False, False, False],
    }
    assert [view.ref for view in stores_of(only_here)] == [here.public_id]


def test_nobody_redeems_for_a_suspended_merchant_or_in_a_closed_store(at: datetime) -> None:
    owner = people.person()
    merchant = make.merchant(owner=owner)
    store = make.store(merchant=merchant)
    till = make.device(store=store)
    Store.objects.filter(pk=store.pk).update(state="closed")
    store.refresh_from_db()
    assert [may_redeem(owner, store), may_redeem(till, store)] == [False, False]
    Store.objects.filter(pk=store.pk).update(state="open")
    services.decide_merchant(
        merchant_ref=merchant.public_id, approve=False, reason="x", by=people.operator(), at=at
    )
    fresh = Store.objects.get(pk=store.pk)
    assert [may_redeem(owner, fresh), may_redeem(till, fresh)] == [False, False]
    assert may_redeem(owner, make.listing()) is False


def test_roles_are_given_changed_and_ended(at: datetime) -> None:
    owner, person = people.person(), people.person(name="Maija")
    merchant = make.merchant(owner=owner)
    given = services.add_staff(
        merchant_ref=merchant.public_id, person=person, role=Role.CASHIER, by=owner, at=at
    )
    again = services.add_staff(
        merchant_ref=merchant.public_id, person=person, role=Role.CASHIER, by=owner, at=at
    )
    assert given == again
    services.add_staff(merchant_ref=merchant.public_id, person=person, role=Role.MANAGER, by=owner, at=at)
    assert [view.role for view in staff_of(merchant.public_id)] == [Role.OWNER, Role.MANAGER]
    manager = Staff.objects.get(person=person, revoked_at=None)
    services.revoke_staff(staff_id=manager.pk, by=owner, at=at)
    assert staff_roles(person) == []
    assert Staff.objects.filter(person=person).count() == 2
    with pytest.raises(services.StaffUnknown):
        services.revoke_staff(staff_id=manager.pk, by=owner, at=at)


def test_who_may_give_which_role(at: datetime) -> None:
    owner = people.person()
    merchant = make.merchant(owner=owner)
    store, foreign = make.store(merchant=merchant), make.store()
    manager = make.staff(merchant=merchant, role=Role.MANAGER).person
    cashier = make.staff(merchant=merchant).person
    local = make.staff(merchant=merchant, role=Role.MANAGER, store=store).person

    def add(by: object, role: Role, store_ref: str | None = None) -> None:
        services.add_staff(
            merchant_ref=merchant.public_id,
            person=people.person(),
            role=role,
            store_ref=store_ref,
            by=by,  # type: ignore[arg-type]
            at=at,
        )

    add(manager, Role.CASHIER)
    add(local, Role.CASHIER, store.public_id)
    for by, role, store_ref in (
        (cashier, Role.CASHIER, None),
        (manager, Role.OWNER, None),
        (local, Role.CASHIER, None),
        (owner, Role.OWNER, store.public_id),
        (people.person(), Role.CASHIER, None),
    ):
        with pytest.raises(Forbidden):
            add(by, role, store_ref)
    with pytest.raises(NotFound):
        add(owner, Role.CASHIER, foreign.public_id)
    with pytest.raises(Forbidden):
        services.revoke_staff(staff_id=Staff.objects.get(person=owner).pk, by=manager, at=at)
    assert has_right(local, Right.MANAGE_TEAM, merchant.public_id, store.public_id)
    assert not has_right(local, Right.MANAGE_TEAM, merchant.public_id)


def test_devices_are_paired_and_unpaired(at: datetime) -> None:
    owner = people.person()
    store = make.store(merchant=make.merchant(owner=owner))
    device = services.pair_device(store_ref=store.public_id, name=" Till\u202e 1 ", by=owner, at=at)
    view = device_by_ref(device.public_id)
    assert view is not None
    assert (view.name, view.store_ref) == ("Till 1", store.public_id)
    with pytest.raises(Forbidden):
        services.revoke_device(device_ref=device.public_id, by=people.person(), at=at)
    services.revoke_device(device_ref=device.public_id, by=owner, at=at)
    assert device_by_ref(device.public_id) is None
    assert may_redeem(Device.objects.get(pk=device.pk), store) is False
    with pytest.raises(services.DeviceUnknown):
        services.revoke_device(device_ref=device.public_id, by=owner, at=at)


def test_a_device_needs_a_name_a_store_and_somebody_who_may(at: datetime) -> None:
    store, listing = make.store(), make.listing()
    operator = people.operator()
    with pytest.raises(services.NameMissing):
        services.pair_device(store_ref=store.public_id, name=" \u200b ", by=operator, at=at)
    with pytest.raises(NotFound):
        services.pair_device(store_ref=listing.public_id, name="Till", by=operator, at=at)
    with pytest.raises(Forbidden):
        services.pair_device(store_ref=store.public_id, name="Till", by=people.person(), at=at)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE merchants_merchant SET state = 'happy'",
        "UPDATE merchants_merchant SET decided_at = NULL",
        "UPDATE merchants_store SET state = 'gone'",
        'UPDATE merchants_store SET names = \'{"en": "Cafe"}\'',
        "UPDATE merchants_store SET lat = 89",
        "UPDATE merchants_staff SET role = 'king'",
        "INSERT INTO merchants_staff (person_id, merchant_id, role, since_at)"
        " SELECT person_id, merchant_id, 'cashier', since_at FROM merchants_staff",
    ],
)
def test_the_database_refuses_what_cannot_be(change: str, at: datetime) -> None:
    make.store()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
