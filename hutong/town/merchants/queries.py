"""Reads of merchants, stores, staff and devices."""

import json

from typing import Any

from django.db.models import Count, Q, QuerySet

from hutong.kernel.rows import rows
from hutong.kernel.rows import values
from hutong.town.merchants.models import Category, Device, Merchant, MerchantDecision, Staff, Store
from hutong.town.merchants.rules import holds, names_alike, role_redeems
from hutong.town.merchants.types import (
    Alike,
    CategoryView,
    DeviceView,
    FoundMerchant,
    MerchantMove,
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


def category_tree() -> list[CategoryView]:
    """The groups in their order, each with its categories; one statement."""
    found = list(Category.objects.order_by("position", "pk"))
    return [
        _category(group, tuple(_category(child) for child in found if child.parent_id == group.pk))
        for group in found
        if group.parent_id is None
    ]


def merchant_by_ref(ref: str) -> MerchantView | None:
    """The merchant of this public id, or None."""
    merchant = Merchant.objects.filter(public_id=ref).first()
    return _merchant(merchant) if merchant else None


def merchants_in(states: set[MerchantState], limit: int = 200) -> list[MerchantView]:
    """Merchants in these states, who applied first comes first."""
    found = Merchant.objects.filter(state__in=[state.value for state in states])
    return [_merchant(merchant) for merchant in found.order_by("applied_at", "pk")[:limit]]


def pending_merchants(limit: int = 200) -> list[MerchantView]:
    """The operator's queue: merchants that wait for a decision, who waited longest first."""
    return merchants_in({MerchantState.APPLIED}, limit)


def merchant_history(merchant_ref: str) -> list[MerchantMove]:
    """Every decision about a merchant, the newest first."""
    moves = MerchantDecision.objects.filter(merchant__public_id=merchant_ref).select_related("by")
    return [
        MerchantMove(
            from_state=MerchantState(move.from_state),
            to_state=MerchantState(move.to_state),
            reason=move.reason,
            by_ref=move.by.public_id,
            by_name=move.by.name,
            at=move.at,
        )
        for move in moves.order_by("-pk")
    ]


def merchant_list(
    *,
    text: str = "",
    phone: str = "",
    state: MerchantState | None = None,
    region_id: int | None = None,
    before_ref: str | None = None,
    limit: int = 50,
) -> list[FoundMerchant]:
    """Merchants for the operator, the newest first; `before_ref` is the last one of the page before.

    `text` finds a part of a name or of the legal name, or a whole public id, business id or e-mail address;
    `phone` (E.164) finds the merchant's own number whole. One statement.
    """
    found = Merchant.objects.select_related("region")
    if state:
        found = found.filter(state=state.value)
    if region_id:
        found = found.filter(region_id=region_id)
    if before_ref:
        # public ids sort by the time of making
        found = found.filter(public_id__lt=before_ref)
    if text or phone:
        named = Q(names__icontains=text) | Q(legal_name__icontains=text) if text else Q()
        whole = Q(public_id=text) | Q(business_id__iexact=text) | Q(email__iexact=text) if text else Q()
        found = found.filter((named | whole) | (Q(phone=phone) if phone else Q(pk=None)))
    found = found.annotate(store_count=Count("stores"))
    return [
        FoundMerchant(
            ref=merchant.public_id,
            names=merchant.names,
            state=MerchantState(merchant.state),
            region_id=merchant.region_id,
            region_slug=merchant.region.slug,
            region_names=merchant.region.names,
            applied_at=merchant.applied_at,
            stores=merchant.store_count,
            sample=merchant.sample,
        )
        for merchant in found.order_by("-public_id")[:limit]
    ]


# Squares of the index, in Mercator metres, are larger than the circle of metres on the ground; the distance
# itself is compared after them. Plan: the merchant's own stores, then the stores of others one by one.
_NEAR = """
SELECT DISTINCT m.public_id AS ref, m.names::text AS names, m.state, s.names::text AS their_names,
       o.names::text AS our_names
  FROM merchants_store o
  JOIN merchants_store s ON s.merchant_id IS NOT NULL AND s.merchant_id <> o.merchant_id
   AND abs(s.lat - o.lat) < 0.0009 AND abs(s.lon - o.lon) * cos(radians(o.lat)) < 0.0009
  JOIN merchants_merchant m ON m.id = s.merchant_id
 WHERE o.merchant_id = %s::int8
 LIMIT 200
"""


def alike(merchant_ref: str) -> list[Alike]:
    """Other merchants that may be this one: same business id or phone, or a store of nearly the same name
    within 100 metres. `by` holds "business_id", "phone", "name". Two statements."""
    own = Merchant.objects.filter(public_id=merchant_ref).first()
    if own is None:
        return []
    same = Q(pk=None)
    if own.business_id:
        same |= Q(business_id__iexact=own.business_id)
    if own.phone:
        same |= Q(phone=own.phone)
    found: dict[str, Alike] = {}
    for other in Merchant.objects.filter(same).exclude(pk=own.pk).order_by("pk")[:20]:
        shares = [
            name
            for name in ("business_id", "phone")
            if getattr(own, name) and getattr(own, name).lower() == getattr(other, name).lower()
        ]
        found[other.public_id] = Alike(
            other.public_id, other.names, MerchantState(other.state), tuple(shares)
        )
    for near in rows(_NEAR, [own.pk]):
        if not names_alike(json.loads(near["our_names"]), json.loads(near["their_names"])):
            continue
        known = found.get(near["ref"])
        shares = [*(known.by if known else ())]
        if "name" not in shares:
            shares.append("name")
        found[near["ref"]] = Alike(
            near["ref"], json.loads(near["names"]), MerchantState(near["state"]), tuple(shares)
        )
    return list(found.values())


def owner_language(merchant_ref: str) -> str:
    """The language in which the merchant is written to: its first owner's, else English."""
    owners = Staff.objects.filter(
        merchant__public_id=merchant_ref, role=Role.OWNER.value, revoked_at=None
    ).order_by("pk")
    return owners.values_list("person__language", flat=True).first() or "en"


def store_by_ref(ref: str) -> StoreView | None:
    """The store of this public id, open or closed, or None."""
    store = _stores().filter(public_id=ref).first()
    return _store(store) if store else None


def stores_by_ids(store_ids: list[int]) -> list[StoreView]:
    """These stores in the order of their keys; one statement."""
    return [_store(store) for store in _stores().filter(pk__in=store_ids).order_by("pk")]


def stores_of_merchant(merchant_ref: str) -> list[StoreView]:
    """All stores of a merchant, open ones first."""
    found = _stores().filter(merchant__public_id=merchant_ref)
    return [_store(store) for store in found.order_by("-state", "pk")]


def stores_of(person: Person, merchant_ref: str | None = None) -> list[StoreView]:
    """The open stores in which a person works, of one merchant or of all; two statements."""
    roles = [role for role in staff_roles(person) if merchant_ref in (None, role.merchant_ref)]
    found = _stores().filter(
        merchant__public_id__in={role.merchant_ref for role in roles}, state=StoreState.OPEN.value
    )
    return [_store(store) for store in found.order_by("pk") if _covered(roles, store)]


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
    return [_merchant(merchant) for merchant in alone.order_by("pk")]


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
        "merchants.Device": values(
            Device.objects.filter(paired_by=person),
            *("public_id", "store__public_id", "name", "paired_at", "revoked_at"),
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


def _stores() -> "QuerySet[Store]":
    return Store.objects.select_related("merchant", "region", "category", "category__parent")


def _devices() -> "QuerySet[Device]":
    return Device.objects.filter(revoked_at=None).select_related("store", "store__merchant").order_by("pk")


def _category(category: Category, children: tuple[CategoryView, ...] = ()) -> CategoryView:
    return CategoryView(
        category_id=category.pk,
        slug=category.slug,
        names=category.names,
        emoji=category.emoji,
        children=children,
    )


def _merchant(merchant: Merchant) -> MerchantView:
    return MerchantView(
        merchant_id=merchant.pk,
        ref=merchant.public_id,
        names=merchant.names,
        state=MerchantState(merchant.state),
        applied_at=merchant.applied_at,
        decided_at=merchant.decided_at,
        decision_reason=merchant.decision_reason,
        region_id=merchant.region_id,
        phone=merchant.phone,
        email=merchant.email,
        legal_name=merchant.legal_name,
        business_id=merchant.business_id,
        sample=merchant.sample,
    )


def _store(store: Store) -> StoreView:
    merchant, group = store.merchant, store.category.parent
    return StoreView(
        store_id=store.pk,
        ref=store.public_id,
        merchant_id=store.merchant_id,
        merchant_ref=merchant.public_id if merchant else None,
        merchant_state=MerchantState(merchant.state) if merchant else None,
        sample=merchant.sample if merchant else False,
        region_id=store.region_id,
        region_slug=store.region.slug,
        zone=store.region.zone,
        currency=store.region.currency,
        category=_category(store.category),
        group=_category(group) if group else None,
        names=store.names,
        lon=store.lon,
        lat=store.lat,
        address=store.address,
        postcode=store.postcode,
        city=store.city,
        phone=store.phone,
        website=store.website,
        email=store.email,
        descriptions=store.descriptions,
        opening_hours=store.opening_hours,
        osm_ref=store.osm_ref,
        state=StoreState(store.state),
    )


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
    )
