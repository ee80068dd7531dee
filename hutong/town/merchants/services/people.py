"""Who works at a merchant, and with which devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.merchants.models import Device, Merchant, Staff, Store
from hutong.town.merchants.queries import has_right
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


class NameMissing(Invalid):
    """A device needs a name, so that people can tell it from the others."""

    code = "name_missing"
    message = _("Please give it a name.")


def add_staff(
    *, merchant_ref: str, person: Person, role: Role, store_ref: str | None = None, by: Person, at: datetime
) -> Staff:
    """Give a person a role at a merchant, or at one of its stores; a role held there before ends.

    The same role again changes nothing. Owners hold all stores, and only an owner or the operator makes
    owners. Raises `NotFound`, `Forbidden`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        store = Store.objects.filter(public_id=store_ref, merchant=merchant).first() if store_ref else None
        if merchant is None or (store_ref and store is None):
            raise NotFound
        _check(by, Right.MANAGE_TEAM, merchant, store)
        if role is Role.OWNER and (store is not None or not (by.is_operator or _owns(by, merchant))):
            raise Forbidden
        advisory("merchants.staff", merchant.pk)
        held = Staff.objects.filter(person=person, merchant=merchant, store=store, revoked_at=None).first()
        if held and held.role == role.value:
            return held
        if held:
            Staff.objects.filter(pk=held.pk).update(revoked_at=at)
        made = Staff.objects.create(
            person=person, merchant=merchant, store=store, role=role.value, since_at=at
        )
        _record(
            "staff.role_given",
            person.public_id,
            merchant,
            by,
            at,
            before={"role": held.role if held else None},
            after={"role": role.value, "store": store_ref},
        )
        return made


def revoke_staff(*, staff_id: int, by: Person, at: datetime) -> None:
    """End a role. Only an owner or the operator ends an owner's. Raises `StaffUnknown`, `Forbidden`."""
    with transaction.atomic():
        staff = (
            Staff.objects.filter(pk=staff_id, revoked_at=None)
            .select_related("merchant", "store", "person")
            .first()
        )
        if staff is None:
            raise StaffUnknown
        _check(by, Right.MANAGE_TEAM, staff.merchant, staff.store)
        if staff.role == Role.OWNER.value and not (by.is_operator or _owns(by, staff.merchant)):
            raise Forbidden
        if not Staff.objects.filter(pk=staff.pk, revoked_at=None).update(revoked_at=at):
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
        if not live.update(revoked_at=at):
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


def _owns(person: Person, merchant: Merchant) -> bool:
    return Staff.objects.filter(
        person=person, merchant=merchant, role=Role.OWNER.value, revoked_at=None
    ).exists()
