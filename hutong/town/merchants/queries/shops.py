"""Reads of categories, merchants and stores."""

import json
from collections.abc import Iterable

from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from hutong.kernel.rows import rows
from hutong.town.merchants.models import Category, Merchant, MerchantDecision, Staff, Store
from hutong.town.merchants.rules import names_alike
from hutong.town.merchants.types import (
    Alike,
    CategorySetting,
    CategoryView,
    FoundMerchant,
    MerchantMove,
    MerchantState,
    MerchantView,
    Role,
    StoreArea,
    StoreState,
    StoreView,
)
from hutong.town.regions.models import Region


def category_tree() -> list[CategoryView]:
    """The groups in their order, each with its categories, without what the operator hid; one statement."""
    found = list(_categories().filter(hidden=False))
    return [
        _category(group, tuple(_category(child) for child in found if child.parent_id == group.pk))
        for group in found
        if group.parent_id is None
    ]


def category_settings() -> list[tuple[CategorySetting, tuple[CategorySetting, ...]]]:
    """Every group with its categories as the operator set them, hidden ones too; two statements."""
    stores = dict(
        Store.objects.filter(state=StoreState.OPEN.value)
        .values_list("category_id")
        .annotate(number=Count("pk"))
        .values_list("category_id", "number")
    )
    found = [(category, _setting(category, stores)) for category in _categories()]
    return [
        (group, tuple(child for each, child in found if each.parent_id == row.pk))
        for row, group in found
        if row.parent_id is None
    ]


def merchant_by_ref(ref: str) -> MerchantView | None:
    """The merchant of this public id, or None."""
    merchant = Merchant.objects.filter(public_id=ref).first()
    return merchant_view(merchant) if merchant else None


def merchants_in(states: set[MerchantState], limit: int = 200) -> list[MerchantView]:
    """Merchants in these states, who applied first comes first."""
    found = Merchant.objects.filter(state__in=[state.value for state in states])
    return [merchant_view(merchant) for merchant in found.order_by("applied_at", "pk")[:limit]]


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
    first_store = Store.objects.filter(merchant=OuterRef("pk")).order_by("pk")
    found = found.annotate(store_count=Count("stores"), emoji=first_store.values("category__emoji")[:1])
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
            emoji=merchant.emoji or "",
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


def names_of(refs: Iterable[str]) -> dict[str, dict[str, str]]:
    """The names of merchants and stores by public id; unknown ones are left out. Two statements."""
    wanted = list(refs)
    found = dict(Merchant.objects.filter(public_id__in=wanted).values_list("public_id", "names"))
    return found | dict(Store.objects.filter(public_id__in=wanted).values_list("public_id", "names"))


def store_by_ref(ref: str) -> StoreView | None:
    """The store of this public id, open or closed, or None."""
    store = stores_whole().filter(public_id=ref).first()
    return store_view(store) if store else None


def stores_by_ids(store_ids: list[int]) -> list[StoreView]:
    """These stores in the order of their keys; one statement."""
    return [store_view(store) for store in stores_whole().filter(pk__in=store_ids).order_by("pk")]


def stores_of_merchant(merchant_ref: str) -> list[StoreView]:
    """All stores of a merchant, open ones first."""
    found = stores_whole().filter(merchant__public_id=merchant_ref)
    return [store_view(store) for store in found.order_by("-state", "pk")]


def stores_whole() -> "QuerySet[Store]":
    """Stores with everything `store_view` reads."""
    return Store.objects.select_related(
        "merchant", "region", "category", "category__parent", "district", "circle"
    )


def _categories() -> "QuerySet[Category]":
    return Category.objects.order_by(Coalesce("own_position", "position"), "pk")


def _setting(category: Category, stores: dict[int, int]) -> CategorySetting:
    return CategorySetting(
        slug=category.slug,
        names=category.names,
        own_names=category.own_names,
        emoji=category.emoji,
        position=category.position if category.own_position is None else category.own_position,
        hidden=category.hidden,
        stores=stores.get(category.pk, 0),
    )


def _category(category: Category, children: tuple[CategoryView, ...] = ()) -> CategoryView:
    return CategoryView(
        category_id=category.pk,
        slug=category.slug,
        names={**category.names, **category.own_names},
        emoji=category.emoji,
        children=children,
    )


def merchant_view(merchant: Merchant) -> MerchantView:
    """A merchant as a value; for the other modules of this package."""
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


def store_view(store: Store) -> StoreView:
    """A store as a value, read with `stores_whole`; for the other modules of this package."""
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
        district=_area(store.district),
        circle=_area(store.circle),
    )


def _area(region: Region | None) -> StoreArea | None:
    return StoreArea(region.slug, region.names) if region else None


def shops_by_region() -> dict[int, int]:
    """How many stores shoppers can find in each town, district and circle, by its key. Reads every store once."""
    return {row["id"]: row["shops"] for row in rows(_SHOPS) if row["id"] is not None}


# As `StoreView.shown` says it of one store.
_SHOPS = """
SELECT coalesce(s.region_id, s.district_id, s.circle_id) AS id, count(*) AS shops
  FROM merchants_store s LEFT JOIN merchants_merchant m ON m.id = s.merchant_id
 WHERE s.state = 'open' AND (s.merchant_id IS NULL OR s.osm_ref IS NOT NULL OR m.state = 'approved')
 GROUP BY GROUPING SETS ((s.region_id), (s.district_id), (s.circle_id))
"""
