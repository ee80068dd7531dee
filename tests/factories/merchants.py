"""Merchants, stores, staff and devices for tests; all made in the way the site makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from hutong.town.merchants import services
from hutong.town.merchants.models import Category, Device, Merchant, Staff, Store
from hutong.town.merchants.types import CategorySpec, Role
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from tests.factories import people, regions

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


def category(slug: str = "cafe", *, group: str = "food") -> Category:
    """A category in a group; the same one for the same slug."""
    ids = services.store_categories(
        [
            CategorySpec(slug=group, parent_slug=None, names={"en": group}, emoji="1f35c", position=1),
            CategorySpec(slug=slug, parent_slug=group, names={"en": slug}, emoji="2615", position=2),
        ]
    )
    return Category.objects.get(pk=ids[slug])


def merchant(
    *,
    owner: Person | None = None,
    region: Region | None = None,
    name: str = "Kahvila Oy",
    approved: bool = True,
    at: datetime = NOON,
) -> Merchant:
    """A merchant with an owner, approved by an operator unless told otherwise."""
    made = services.apply_merchant(
        names={"name": name},
        region=region or regions.region(),
        phone="",
        by=owner or people.person(name="Olga Owner"),
        at=at,
    )
    if approved:
        services.decide_merchant(merchant_ref=made.public_id, approve=True, by=people.operator(), at=at)
        made.refresh_from_db()
    return made


# Another name, because a parameter of the functions below is called `merchant`.
approved_merchant = merchant


def listing(
    *,
    region: Region | None = None,
    category_slug: str = "cafe",
    name: str = "Kahvila",
    names: dict[str, str] | None = None,
    lon: float = 24.9414,
    lat: float = 60.1710,
    opening_hours: str = "Mo-Su 08:00-20:00",
    osm_ref: str | None = None,
    at: datetime = NOON,
) -> Store:
    """An open store that nobody has claimed."""
    return Store.objects.create(
        region=region or regions.region(),
        category=category(category_slug),
        names=names or {"name": name},
        lon=lon,
        lat=lat,
        address="Aleksanterinkatu 1",
        city="Helsinki",
        opening_hours=opening_hours,
        osm_ref=osm_ref,
        updated_at=at,
    )


def store(
    *,
    merchant: Merchant | None = None,
    name: str = "Kahvila",
    category_slug: str = "cafe",
    lon: float = 24.9414,
    lat: float = 60.1710,
    opening_hours: str = "Mo-Su 08:00-20:00",
    at: datetime = NOON,
) -> Store:
    """An open store of a merchant; by default of a new, approved one."""
    belongs_to = merchant or approved_merchant(at=at)
    made = listing(
        region=belongs_to.region,
        category_slug=category_slug,
        name=name,
        lon=lon,
        lat=lat,
        opening_hours=opening_hours,
        at=at,
    )
    services.claim_store(
        store_ref=made.public_id, merchant_ref=belongs_to.public_id, by=people.operator(), at=at
    )
    made.refresh_from_db()
    return made


def staff(
    *, merchant: Merchant, person: Person | None = None, role: Role = Role.CASHIER, store: Store | None = None
) -> Staff:
    """A role at a merchant, given by the operator."""
    return services.add_staff(
        merchant_ref=merchant.public_id,
        person=person or people.person(name="Kalle Cashier"),
        role=role,
        store_ref=store.public_id if store else None,
        by=people.operator(),
        at=NOON,
    )


def device(*, store: Store, name: str = "Till 1") -> Device:
    """A scanner paired with a store."""
    return services.pair_device(store_ref=store.public_id, name=name, by=people.operator(), at=NOON)
