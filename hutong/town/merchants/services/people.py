"""Who works at a merchant, and with which devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.merchants.models import Device, Merchant, Staff, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.rules import may_give
from hutong.town.merchants.types import Right, Role
from hutong.town.people.models import Person


class DeviceUnknown(NotFound):
    """No such device is paired."""

    code = "device_unknown"
    message = _("This device is not paired any more.")


class StaffUnknown(NotFound):
    """The person has no such role."""

    code = "staff_unknown"
    message = _("This person does not work here any more.")


class LastOwner(Conflict):
    """A merchant always has an owner; this would leave it without one."""

    code = "last_owner"
    message = _("A shop needs an owner. Make somebody else the owner first.")


class NameMissing(Invalid):
    """A device needs a name, so that people can tell it from the others."""

    code = "name_missing"
    message = _("Please give it a name.")


def add_staff(
    *, merchant_ref: str, person: Person, role: Role, store_ref: str | None = None, by: Person, at: datetime
) -> Staff:
    """Give a person a role at a merchant, or at one of its stores; a role held there before ends.

    The same role again changes nothing. Owners hold all stores, and nobody gives more rights than they have.
    Raises `NotFound`, `Forbidden`, `LastOwner`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        store = Store.objects.filter(public_id=store_ref, merchant=merchant).first() if store_ref else None
        if merchant is None or (store_ref and store is None):
            raise NotFound
        check_gives(by, role, merchant, store)
        advisory("merchants.staff", merchant.pk)
        return give_role(person, role, merchant, store, by=by, at=at)


def change_role(*, staff_id: int, role: Role, store_ref: str | None, by: Person, at: datetime) -> Staff:
    """Give somebody of the team another role, or the same one for other stores; the old one ends.

    Raises `StaffUnknown`, `NotFound`, `Forbidden`, `LastOwner`.
    """
    with transaction.atomic():
        staff = _live(staff_id)
        advisory("merchants.staff", staff.merchant_id)
        store = None
        if store_ref:
            store = Store.objects.filter(public_id=store_ref, merchant=staff.merchant).first()
            if store is None:
                raise NotFound
        check_gives(by, Role(staff.role), staff.merchant, staff.store)
        check_gives(by, role, staff.merchant, store)
        if staff.role == role.value and staff.store_id == (store.pk if store else None):
            return staff
        _end(staff, by=by, at=at, heir=role)
        return give_role(staff.person, role, staff.merchant, store, by=by, at=at)


def revoke_staff(*, staff_id: int, by: Person, at: datetime) -> None:
    """End a role at once: the next request of its holder has no rights by it any more.

    People end their own role, others' only where they could give it. Raises `StaffUnknown`, `Forbidden`,
    `LastOwner`.
    """
    with transaction.atomic():
        staff = _live(staff_id)
        if staff.person_id != by.pk:
            check_gives(by, Role(staff.role), staff.merchant, staff.store)
        advisory("merchants.staff", staff.merchant_id)
        _end(staff, by=by, at=at)


def leave(*, merchant_ref: str, by: Person, at: datetime) -> None:
    """End all roles one has at a merchant. Raises `StaffUnknown`, `LastOwner`."""
    with transaction.atomic():
        own = Staff.objects.filter(merchant__public_id=merchant_ref, person=by, revoked_at=None)
        held = list(own.select_related("merchant", "store", "person"))
        if not held:
            raise StaffUnknown
        advisory("merchants.staff", held[0].merchant_id)
        for staff in held:
            _end(staff, by=by, at=at)


def hand_over(*, staff_id: int, by: Person, at: datetime) -> None:
    """An owner makes somebody of the team the owner and is a manager from now on, both or neither.

    Raises `StaffUnknown`, `Forbidden`.
    """
    with transaction.atomic():
        heir = _live(staff_id)
        advisory("merchants.staff", heir.merchant_id)
        own = Staff.objects.filter(
            person=by, merchant=heir.merchant, role=Role.OWNER.value, revoked_at=None
        ).first()
        if own is None or heir.person_id == by.pk:
            raise Forbidden
        give_role(heir.person, Role.OWNER, heir.merchant, None, by=by, at=at)
        give_role(by, Role.MANAGER, heir.merchant, None, by=by, at=at)


def give_role(
    person: Person, role: Role, merchant: Merchant, store: Store | None, *, by: Person, at: datetime
) -> Staff:
    """Write a role down, under the lock of the merchant's staff and after `check_gives`. Raises `LastOwner`."""
    held = Staff.objects.filter(person=person, merchant=merchant, store=store, revoked_at=None).first()
    if held and held.role == role.value:
        return held
    if held:
        _guard_last_owner(held, heir=role)
        Staff.objects.filter(pk=held.pk).update(revoked_at=at, revoked_by=by)
    made = Staff.objects.create(person=person, merchant=merchant, store=store, role=role.value, since_at=at)
    _record(
        "staff.role_given",
        person.public_id,
        merchant,
        by,
        at,
        before={"role": held.role if held else None},
        after={"role": role.value, "store": store.public_id if store else None},
    )
    return made


def check_gives(by: Person, role: Role, merchant: Merchant, store: Store | None) -> None:
    """Pass who may give or take a role at a merchant, or at one of its stores. Raises `Forbidden`."""
    if role is Role.OWNER and store is not None:
        raise Forbidden
    if by.is_operator:
        return
    own = Staff.objects.filter(person=by, merchant=merchant, revoked_at=None)
    if not any(
        may_give(Role(staff.role), role)
        and (staff.store_id is None or (store and staff.store_id == store.pk))
        for staff in own
    ):
        raise Forbidden


def _live(staff_id: int) -> Staff:
    found = Staff.objects.filter(pk=staff_id, revoked_at=None)
    staff = found.select_related("merchant", "store", "person").first()
    if staff is None:
        raise StaffUnknown
    return staff


def _end(staff: Staff, *, by: Person, at: datetime, heir: Role | None = None) -> None:
    """End a role, under the lock of the merchant's staff. Raises `StaffUnknown`, `LastOwner`."""
    _guard_last_owner(staff, heir=heir)
    if not Staff.objects.filter(pk=staff.pk, revoked_at=None).update(revoked_at=at, revoked_by=by):
        raise StaffUnknown
    _record(
        "staff.role_ended",
        staff.person.public_id,
        staff.merchant,
        by,
        at,
        before={"role": staff.role, "store": staff.store.public_id if staff.store else None},
        after={},
    )


def _guard_last_owner(staff: Staff, *, heir: Role | None) -> None:
    """Pass unless a merchant would be left without an owner; good under the lock of its staff only."""
    if staff.role != Role.OWNER.value or heir is Role.OWNER:
        return
    owners = Staff.objects.filter(merchant=staff.merchant, role=Role.OWNER.value, revoked_at=None)
    if not owners.filter(person__is_active=True).exclude(pk=staff.pk).exists():
        raise LastOwner


def pair_device(*, store_ref: str, name: str, by: Person, at: datetime) -> Device:
    """Pair a scanner or till with a store; its token is given out by `people`.

    Raises `NameMissing`, `NotFound`, `Forbidden`.
    """
    name = clean(name, limit=80)
    if not name:
        raise NameMissing
    with transaction.atomic():
        store = Store.objects.filter(public_id=store_ref).select_related("merchant").first()
        if store is None or store.merchant is None:
            raise NotFound
        _check(by, Right.MANAGE_DEVICES, store.merchant, store)
        device = Device.objects.create(store=store, name=name, paired_by=by, paired_at=at)
        _record(
            "device.paired",
            device.public_id,
            store.merchant,
            by,
            at,
            before={},
            after={"name": name, "store": store_ref},
        )
        return device


def revoke_device(*, device_ref: str, by: Person, at: datetime) -> None:
    """Unpair a device: from now on it may do nothing. Raises `DeviceUnknown`, `Forbidden`."""
    with transaction.atomic():
        live = Device.objects.filter(public_id=device_ref, revoked_at=None)
        device = live.select_related("store__merchant").first()
        if device is None or device.store.merchant is None:
            raise DeviceUnknown
        _check(by, Right.MANAGE_DEVICES, device.store.merchant, device.store)
        if not live.update(revoked_at=at, revoked_by=by):
            raise DeviceUnknown
        before = {"name": device.name, "store": device.store.public_id}
        _record("device.revoked", device_ref, device.store.merchant, by, at, before=before, after={})


def _record(
    action: str,
    subject: str,
    merchant: Merchant,
    by: Person,
    at: datetime,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    audit.record(
        action=action,
        subject=subject,
        by=by.public_id,
        at=at,
        before=before,
        after=after,
        merchant=merchant.public_id,
    )


def _check(by: Person, right: Right, merchant: Merchant, store: Store | None) -> None:
    store_ref = store.public_id if store else None
    if not by.is_operator and not has_right(by, right, merchant.public_id, store_ref):
        raise Forbidden
