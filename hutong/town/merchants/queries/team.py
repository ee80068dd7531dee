"""Reads of who works where: roles, rights, devices."""

from typing import Any

from django.db.models import Q, QuerySet

from hutong.kernel.rows import values
from hutong.town.merchants.models import (
    BrandGift,
    Claim,
    Device,
    Invitation,
    Merchant,
    MerchantDecision,
    Staff,
    Store,
)
from hutong.town.merchants.queries.shops import merchant_view, store_view, stores_whole
from hutong.town.merchants.rules import holds, role_redeems
from hutong.town.merchants.types import (
    DeviceView,
    MerchantState,
    MerchantView,
    Right,
    Role,
    StaffRole,
    StaffView,
    StoreState,
    StoreView,
)
from hutong.town.people.models import Person


def stores_of(person: Person, merchant_ref: str | None = None) -> list[StoreView]:
    """The stores in which a person works, of one merchant or of all, but those closed for good; two statements."""
    roles = [role for role in staff_roles(person) if merchant_ref in (None, role.merchant_ref)]
    found = stores_whole().filter(
        merchant__public_id__in={role.merchant_ref for role in roles},
        state__in=[StoreState.OPEN.value, StoreState.PAUSED.value],
    )
    return [store_view(store) for store in found.order_by("pk") if _covered(roles, store)]


def staff_roles(person: Person) -> list[StaffRole]:
    """The live roles of a person at all merchants, whatever the merchants' state; one statement."""
    found = Staff.objects.filter(person=person, revoked_at=None).select_related("merchant", "store")
    return [
        StaffRole(
            merchant_ref=staff.merchant.public_id,
            merchant_names=staff.merchant.names,
            merchant_state=MerchantState(staff.merchant.state),
            store_ref=staff.store.public_id if staff.store else None,
            role=Role(staff.role),
        )
        for staff in found.order_by("pk")
    ]


def staff_of(merchant_ref: str) -> list[StaffView]:
    """The people of a merchant with their live roles, the oldest first. The phone is not masked."""
    found = Staff.objects.filter(merchant__public_id=merchant_ref, revoked_at=None)
    return [
        StaffView(
            staff_id=staff.pk,
            person_ref=staff.person.public_id,
            name=staff.person.name,
            phone=staff.person.phone or "",
            role=Role(staff.role),
            store_ref=staff.store.public_id if staff.store else None,
            since_at=staff.since_at,
            store_names=staff.store.names if staff.store else {},
        )
        for staff in found.select_related("person", "store").order_by("pk")
    ]


def may_redeem(actor: Person | Device, store: Store) -> bool:
    """Whether a person of the staff, or a device, may redeem in a store.

    The store is open for business with us (not closed, its merchant approved); the person holds a live role
    there that redeems; the device is paired with this very store.
    """
    if store.merchant is None or store.state != StoreState.OPEN.value:
        return False
    if store.merchant.state != MerchantState.APPROVED.value:
        return False
    if isinstance(actor, Device):
        return actor.revoked_at is None and actor.store_id == store.pk
    roles = staff_roles(actor)
    refs = {"merchant_ref": store.merchant.public_id, "store_ref": store.public_id}
    return any(role_redeems(role, **refs) for role in roles)


def has_right(person: Person, right: Right, merchant_ref: str, store_ref: str | None = None) -> bool:
    """Whether a person holds a right in one store of a merchant; without a store, in all of it.

    Who works in one store only may not change what concerns the whole merchant.
    """
    return any(
        holds(role, right, merchant_ref=merchant_ref, store_ref=store_ref) for role in staff_roles(person)
    )


def owned_alone(person: Person) -> list[MerchantView]:
    """The merchants of which `person` is the only owner left; without them nobody could run these."""
    own = Staff.objects.filter(person=person, role=Role.OWNER.value, revoked_at=None)
    others = Staff.objects.filter(role=Role.OWNER.value, revoked_at=None, person__is_active=True)
    alone = Merchant.objects.filter(pk__in=own.values("merchant")).exclude(
        pk__in=others.exclude(person=person).values("merchant")
    )
    return [merchant_view(merchant) for merchant in alone.order_by("pk")]


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about `person`, by model: for the person's own file."""
    return {
        "merchants.Staff": values(
            Staff.objects.filter(person=person),
            *("merchant__public_id", "merchant__names", "store__public_id", "role", "since_at", "revoked_at"),
        ),
        "merchants.MerchantDecision": values(
            MerchantDecision.objects.filter(by=person),
            *("merchant__public_id", "from_state", "to_state", "reason", "at"),
        ),
        "merchants.BrandGift": values(
            BrandGift.objects.filter(Q(by=person) | Q(undone_by=person)),
            *("public_id", "brand__key", "merchant__public_id", "store_refs", "at", "undone_at"),
        ),
        "merchants.Device": values(
            Device.objects.filter(paired_by=person),
            *("public_id", "store__public_id", "name", "paired_at", "revoked_at"),
        ),
        "merchants.Claim": values(
            Claim.objects.filter(Q(person=person) | Q(decided_by=person)),
            *("public_id", "store__public_id", "kind", "method", "state", "sent_to", "note", "reason"),
            *("created_at", "submitted_at", "decided_at"),
        ),
        "merchants.Invitation": values(
            Invitation.objects.filter(Q(used_by=person) | Q(by=person)),
            *("public_id", "merchant__public_id", "store__public_id", "role", "created_at", "expires_at"),
            *("used_at", "revoked_at"),
        ),
    }


def device_by_ref(ref: str) -> DeviceView | None:
    """The device of this public id while it is paired, or None."""
    device = _devices().filter(public_id=ref).first()
    return _device(device) if device else None


def devices_of(merchant_ref: str) -> list[DeviceView]:
    """The paired devices of a merchant, the oldest first."""
    return [_device(device) for device in _devices().filter(store__merchant__public_id=merchant_ref)]


def _covered(roles: list[StaffRole], store: Store) -> bool:
    merchant = store.merchant
    return merchant is not None and any(
        role.merchant_ref == merchant.public_id and role.store_ref in (None, store.public_id)
        for role in roles
    )


def _devices() -> "QuerySet[Device]":
    whole = Device.objects.select_related("store", "store__merchant", "paired_by")
    return whole.filter(revoked_at=None).order_by("pk")


def _device(device: Device) -> DeviceView:
    merchant = device.store.merchant
    return DeviceView(
        device_id=device.pk,
        ref=device.public_id,
        name=device.name,
        store_id=device.store_id,
        store_ref=device.store.public_id,
        merchant_id=device.store.merchant_id,
        merchant_ref=merchant.public_id if merchant else None,
        paired_at=device.paired_at,
        paired_by_ref=device.paired_by.public_id,
        paired_by_name=device.paired_by.name,
        last_seen_at=device.last_seen_at,
    )
