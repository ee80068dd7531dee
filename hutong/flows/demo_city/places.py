"""Which listings of a city get a sample merchant: a few of each category, told well enough to show."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hutong.town.merchants.models import Store

# How many shops of a category join in. Where the city has fewer, fewer do.
_WANTED = {
    "cafe": 6, "restaurant": 6, "asian": 6, "italian": 3, "fast-food": 3, "bakery": 1, "bar": 4, "club": 1,
    "hairdresser": 3, "beauty-salon": 3, "massage": 1, "fitness": 1, "museum": 2, "stage": 1, "cinema": 1,
    "hotel": 1, "flowers": 2, "books": 2, "gifts": 2, "outdoor": 1, "optician": 1, "laundry": 1, "home": 1,
    "sports": 1,
}  # fmt: skip
# These have applied and wait in the operator's queue.
_PENDING = ("delicatessen", "photo", "pets")
_CHAIN_CATEGORY, _CHAIN_STORES = "cafe", 3


@dataclass(frozen=True, slots=True)
class Cast:
    """The stores that take part: each tuple is one merchant's; the first of all is the demo owner's."""

    approved: tuple[tuple[Store, ...], ...]
    pending: tuple[tuple[Store, ...], ...]


def choose(region_id: int) -> Cast:
    """The same stores for the same city, always: shops with hours and an address first, the oldest first."""
    listings = Store.objects.filter(region_id=region_id, merchant=None, state="open")
    found = list(listings.exclude(osm_ref=None).select_related("category").order_by("pk"))
    by_name = Counter(store.names["name"] for store in found)
    single = sorted(
        (store for store in found if by_name[store.names["name"]] == 1),
        key=lambda store: (not store.opening_hours, not store.address, store.pk),
    )
    approved: list[tuple[Store, ...]] = [
        (store,) for slug, count in _WANTED.items() for store in _of_category(single, slug)[:count]
    ]
    chain = _chain(found, by_name)
    if chain:
        approved.append(chain)
    pending = [(store,) for slug in _PENDING for store in _of_category(single, slug)[:1]]
    return Cast(approved=tuple(approved), pending=tuple(pending))


def _of_category(stores: Iterable[Store], slug: str) -> list[Store]:
    return [store for store in stores if store.category.slug == slug]


def _chain(stores: list[Store], by_name: Counter[str]) -> tuple[Store, ...]:
    """The stores of the name most often seen in its category: one merchant with several stores."""
    candidates = [
        store for store in _of_category(stores, _CHAIN_CATEGORY) if by_name[store.names["name"]] > 1
    ]
    if not candidates:
        return ()
    name = max(candidates, key=lambda store: (by_name[store.names["name"]], -store.pk)).names["name"]
    return tuple(store for store in candidates if store.names["name"] == name)[:_CHAIN_STORES]
