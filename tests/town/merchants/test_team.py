"""The team: invitations, roles given and taken, the last owner, pairing by QR."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants import queries, rules, services
from hutong.town.merchants.models import Device, Invitation, Merchant, Staff
from hutong.town.merchants.types import InvitationState, Role
from hutong.town.people.models import Person
from tests.factories import joining, merchants, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> Person:
    return people.person(name="Olga Owner")


@pytest.fixture
def shop(olga: Person) -> Merchant:
    return merchants.store(merchant=merchants.merchant(owner=olga)).merchant  # type: ignore[return-value]


def role_of(person: Person) -> list[Role]:
    return [role.role for role in queries.staff_roles(person)]


def staff_id(person: Person) -> int:
    return Staff.objects.get(person=person, revoked_at=None).pk


def take(ref: str, key: str, guest: Person, at: datetime) -> None:
    services.accept_invitation(invitation_ref=ref, key=key, by=guest, at=at)


def test_who_opens_the_link_gets_the_role(shop: Merchant, olga: Person, at: datetime) -> None:
    guest = people.person()
    ref, key = joining.invitation(shop, olga, at=at)
    take(ref, key, guest, at)
    assert role_of(guest) == [Role.CASHIER]
    actions = [entry.action for entry in audit.search(merchant=shop.public_id).entries]
    assert actions[:3] == ["invitation.used", "staff.role_given", "invitation.made"]


def test_an_invitation_is_good_once(shop: Merchant, olga: Person, at: datetime) -> None:
    ref, key = joining.invitation(shop, olga, at=at)
    take(ref, key, people.person(), at)
    late = people.person()
    with pytest.raises(services.InvitationUsed):
        take(ref, key, late, at)
    assert role_of(late) == []


def test_an_invitation_is_over_after_seven_days(shop: Merchant, olga: Person, at: datetime) -> None:
    ref, key = joining.invitation(shop, olga, at=at)
    with pytest.raises(services.InvitationExpired):
        take(ref, key, people.person(), at + timedelta(days=7))
    take(ref, key, people.person(), at + timedelta(days=7) - timedelta(seconds=1))


def test_a_forwarded_invitation_opens_nothing(shop: Merchant, olga: Person, at: datetime) -> None:
    guest, friend = people.person(), people.person()
    ref, key = joining.invitation(shop, olga, at=at, to=guest.phone or "")
    with pytest.raises(services.InvitationForSomebodyElse) as caught:
        take(ref, key, friend, at)
    assert (guest.phone or "?") not in str(caught.value)
    assert role_of(friend) == []
    take(ref, key, guest, at)


def test_a_key_cannot_be_guessed_from_another(shop: Merchant, olga: Person, at: datetime) -> None:
    ref, _key = joining.invitation(shop, olga, at=at)
    _other, wrong = joining.invitation(shop, olga, at=at)
    for key in (wrong, "", "x" * 32):
        with pytest.raises(services.InvitationUnknown):
            take(ref, key, people.person(), at)


def test_an_invitation_taken_back_is_over(shop: Merchant, olga: Person, at: datetime) -> None:
    ref, key = joining.invitation(shop, olga, at=at)
    services.revoke_invitation(invitation_ref=ref, merchant_ref=shop.public_id, by=olga, at=at)
    with pytest.raises(services.InvitationRevoked):
        take(ref, key, people.person(), at)
    assert queries.invitation_by_ref(ref, at).state is InvitationState.REVOKED  # type: ignore[union-attr]


def test_an_invitation_goes_with_the_rights_of_who_wrote_it(
    shop: Merchant, olga: Person, at: datetime
) -> None:
    manager = people.person()
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER)
    ref, key = joining.invitation(shop, manager, at=at)
    services.revoke_staff(staff_id=staff_id(manager), by=olga, at=at)
    with pytest.raises(services.InvitationRevoked):
        take(ref, key, people.person(), at)


def test_asked_twice_a_phone_gets_one_invitation(shop: Merchant, olga: Person, at: datetime) -> None:
    first, _key = joining.invitation(shop, olga, at=at, to="+358401234567")
    again, _key = joining.invitation(shop, olga, at=at, to="040 123 4567")
    assert again == first
    assert Invitation.objects.count() == 1


def test_managers_invite_no_owners(shop: Merchant, at: datetime) -> None:
    manager, cashier = people.person(), people.person()
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER)
    merchants.staff(merchant=shop, person=cashier, role=Role.CASHIER)
    joining.invitation(shop, manager, at=at, role=Role.MANAGER)
    for by, role in ((manager, Role.OWNER), (cashier, Role.CASHIER), (people.person(), Role.CASHIER)):
        with pytest.raises(Forbidden):
            joining.invitation(shop, by, at=at, role=role)


def test_a_manager_of_one_store_gives_roles_there_only(shop: Merchant, at: datetime) -> None:
    one, two = merchants.store(merchant=shop), merchants.store(merchant=shop)
    manager = people.person()
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER, store=one)
    joining.invitation(shop, manager, at=at, store=one)
    for store in (two, None):
        with pytest.raises(Forbidden):
            joining.invitation(shop, manager, at=at, store=store)


def test_another_merchants_store_is_no_store(shop: Merchant, olga: Person, at: datetime) -> None:
    with pytest.raises(NotFound):
        joining.invitation(shop, olga, at=at, store=merchants.store())


def test_an_owner_is_not_made_a_cashier_by_a_link(shop: Merchant, olga: Person, at: datetime) -> None:
    ref, key = joining.invitation(shop, olga, at=at)
    with pytest.raises(services.AlreadyInTeam):
        take(ref, key, olga, at)
    assert role_of(olga) == [Role.OWNER]
    take(ref, key, people.person(), at)


def test_the_last_owner_stays(shop: Merchant, olga: Person, at: datetime) -> None:
    own = staff_id(olga)
    with pytest.raises(services.LastOwner):
        services.revoke_staff(staff_id=own, by=olga, at=at)
    with pytest.raises(services.LastOwner):
        services.change_role(staff_id=own, role=Role.MANAGER, store_ref=None, by=olga, at=at)
    with pytest.raises(services.LastOwner):
        services.add_staff(
            merchant_ref=shop.public_id, person=olga, role=Role.CASHIER, by=people.operator(), at=at
        )
    assert role_of(olga) == [Role.OWNER]


def test_an_owner_whose_account_is_closed_does_not_count(shop: Merchant, olga: Person, at: datetime) -> None:
    gone = people.person()
    merchants.staff(merchant=shop, person=gone, role=Role.OWNER)
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(services.LastOwner):
        services.revoke_staff(staff_id=staff_id(olga), by=olga, at=at)


def test_with_a_second_owner_the_first_may_leave(shop: Merchant, olga: Person, at: datetime) -> None:
    second = people.person()
    merchants.staff(merchant=shop, person=second, role=Role.OWNER)
    services.revoke_staff(staff_id=staff_id(olga), by=olga, at=at)
    assert (role_of(olga), role_of(second)) == ([], [Role.OWNER])


def test_handing_over_changes_both_roles(shop: Merchant, olga: Person, at: datetime) -> None:
    heir = people.person()
    merchants.staff(merchant=shop, person=heir, role=Role.MANAGER)
    services.hand_over(staff_id=staff_id(heir), by=olga, at=at)
    assert (role_of(olga), role_of(heir)) == ([Role.MANAGER], [Role.OWNER])
    with pytest.raises(Forbidden):
        services.hand_over(staff_id=staff_id(heir), by=olga, at=at)


def test_managers_do_not_touch_owners(shop: Merchant, olga: Person, at: datetime) -> None:
    manager = people.person()
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER)
    with pytest.raises(Forbidden):
        services.revoke_staff(staff_id=staff_id(olga), by=manager, at=at)
    with pytest.raises(Forbidden):
        services.change_role(staff_id=staff_id(olga), role=Role.CASHIER, store_ref=None, by=manager, at=at)
    with pytest.raises(Forbidden):
        services.change_role(staff_id=staff_id(manager), role=Role.OWNER, store_ref=None, by=manager, at=at)


def test_another_shops_owner_changes_nothing_here(shop: Merchant, olga: Person, at: datetime) -> None:
    stranger = people.person()
    merchants.merchant(owner=stranger)
    ref, _key = joining.invitation(shop, olga, at=at)
    with pytest.raises(Forbidden):
        services.revoke_staff(staff_id=staff_id(olga), by=stranger, at=at)
    with pytest.raises(Forbidden):
        services.revoke_invitation(invitation_ref=ref, merchant_ref=shop.public_id, by=stranger, at=at)


def test_a_role_moves_to_one_store(shop: Merchant, olga: Person, at: datetime) -> None:
    cashier, store = people.person(), merchants.store(merchant=shop)
    merchants.staff(merchant=shop, person=cashier)
    services.change_role(
        staff_id=staff_id(cashier), role=Role.CASHIER, store_ref=store.public_id, by=olga, at=at
    )
    (role,) = queries.staff_roles(cashier)
    assert role.store_ref == store.public_id


def test_people_leave_by_themselves_and_are_told_what_ended(shop: Merchant, at: datetime) -> None:
    cashier = people.person()
    merchants.staff(merchant=shop, person=cashier)
    services.revoke_staff(staff_id=staff_id(cashier), by=cashier, at=at)
    (ended,) = queries.ended_roles(cashier, at)
    assert (ended.role, ended.by_self) == (Role.CASHIER, True)
    assert queries.ended_roles(cashier, at + queries.ENDED_ROLES_SHOWN) == []


def test_a_phone_pairs_itself_by_the_qr(shop: Merchant, olga: Person, at: datetime) -> None:
    store = shop.stores.get()
    ref = services.open_pairing(store_ref=store.public_id, by=olga, at=at)
    key = services.pairing_key(ref)
    device_ref = services.take_pairing(pairing_ref=ref, key=key, name="Bar", at=at)
    device = queries.device_by_ref(device_ref)
    assert device is not None
    assert (device.name, device.store_ref, device.paired_by_ref) == ("Bar", store.public_id, olga.public_id)
    with pytest.raises(services.PairingOver):
        services.take_pairing(pairing_ref=ref, key=key, name="Second", at=at)
    assert Device.objects.count() == 1


def test_a_pairing_ends(shop: Merchant, olga: Person, at: datetime) -> None:
    store_ref = shop.stores.get().public_id
    old = services.open_pairing(store_ref=store_ref, by=olga, at=at)
    new = services.open_pairing(store_ref=store_ref, by=olga, at=at)
    for ref, moment in ((old, at), (new, at + rules.PAIRING_LIFETIME)):
        with pytest.raises(services.PairingOver):
            services.take_pairing(pairing_ref=ref, key=services.pairing_key(ref), name="Bar", at=moment)
    with pytest.raises(services.PairingUnknown):
        services.take_pairing(pairing_ref=new, key=services.pairing_key(old), name="Bar", at=at)
    with pytest.raises(services.NameMissing):
        services.take_pairing(pairing_ref=new, key=services.pairing_key(new), name=" ", at=at)


def test_only_who_manages_devices_pairs(shop: Merchant, olga: Person, at: datetime) -> None:
    store_ref = shop.stores.get().public_id
    cashier = people.person()
    merchants.staff(merchant=shop, person=cashier)
    for stranger in (cashier, people.person()):
        with pytest.raises(Forbidden):
            services.open_pairing(store_ref=store_ref, by=stranger, at=at)
    manager = people.person()
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER)
    ref = services.open_pairing(store_ref=store_ref, by=manager, at=at)
    services.revoke_staff(staff_id=staff_id(manager), by=olga, at=at)
    with pytest.raises(services.PairingOver):
        services.take_pairing(pairing_ref=ref, key=services.pairing_key(ref), name="Bar", at=at)


def test_a_device_is_seen_now_and_then(shop: Merchant, at: datetime) -> None:
    device = merchants.device(store=shop.stores.get())
    services.touch_device(device_ref=device.public_id, at=at)
    services.touch_device(device_ref=device.public_id, at=at + timedelta(minutes=1))
    device.refresh_from_db()
    assert device.last_seen_at == at
    services.touch_device(device_ref=device.public_id, at=at + rules.SEEN_EVERY)
    device.refresh_from_db()
    assert device.last_seen_at == at + rules.SEEN_EVERY


def test_what_a_person_paired_stays_when_the_person_goes(shop: Merchant, olga: Person, at: datetime) -> None:
    manager = people.person(name="Mika")
    merchants.staff(merchant=shop, person=manager, role=Role.MANAGER)
    device = services.pair_device(store_ref=shop.stores.get().public_id, name="Bar", by=manager, at=at)
    services.revoke_staff(staff_id=staff_id(manager), by=olga, at=at)
    (left,) = queries.devices_of(shop.public_id)
    assert (left.ref, left.paired_by_name) == (device.public_id, "Mika")
    services.revoke_device(device_ref=device.public_id, by=olga, at=at)
    ended = queries.ended_device(device.public_id)
    assert ended is not None
    assert ended.by_name == "Olga Owner"
