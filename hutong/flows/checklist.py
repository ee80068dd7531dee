"""What a merchant still lacks before the operator will approve it, and how its stores stand: facts of several rooms."""

from dataclasses import dataclass

from hutong.kernel.errors import NotFound
from hutong.town.catalog.queries import merchant_offers
from hutong.town.catalog.types import OfferState
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import missing_for_approval
from hutong.town.merchants.types import CheckLine, ShopFacts, StoreState, StoreView
from hutong.town.pictures.queries import covers

# An offer that was handed in counts, whatever the operator said then; a draft does not.
_HANDED_IN = (OfferState.SUBMITTED, OfferState.LIVE, OfferState.PAUSED)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """A store with what a page of stores tells about it."""

    store: StoreView
    hours: bool
    picture: bool
    deals: int


def checklist(merchant_ref: str) -> list[CheckLine]:
    """Every line of the checklist, done or not, in the order to mend it. Six statements. Raises `NotFound`."""
    merchant = merchants.merchant_by_ref(merchant_ref)
    if merchant is None:
        raise NotFound
    stores = [
        store for store in merchants.stores_of_merchant(merchant_ref) if store.state is not StoreState.CLOSED
    ]
    handed_in = [offer for offer in merchant_offers(merchant_ref) if offer.state in _HANDED_IN]
    described = {
        language: text for store in stores for language, text in store.descriptions.items() if text.strip()
    }
    facts = ShopFacts(
        names=merchant.names,
        legal_name=merchant.legal_name,
        business_id=merchant.business_id,
        phone=merchant.phone or next((store.phone for store in stores if store.phone), ""),
        email=merchant.email,
        stores=len(stores),
        hours=bool(stores) and all(store.opening_hours for store in stores),
        pictures=len(covers([store.ref for store in stores])),
        descriptions=described,
        deals=len(handed_in),
        devices=len(merchants.devices_of(merchant_ref)),
    )
    return missing_for_approval(facts)


def stores_with_facts(merchant_ref: str) -> list[StoreFacts]:
    """All stores of a merchant with hours, picture and number of deals on sale; open ones first. Three statements."""
    stores = merchants.stores_of_merchant(merchant_ref)
    pictured = covers([store.ref for store in stores])
    live = [offer for offer in merchant_offers(merchant_ref) if offer.state is OfferState.LIVE]
    order = [StoreState.OPEN, StoreState.PAUSED, StoreState.CLOSED]
    found = [
        StoreFacts(
            store=store,
            hours=bool(store.opening_hours),
            picture=store.ref in pictured,
            deals=sum(any(place.ref == store.ref for place in offer.stores) for offer in live),
        )
        for store in stores
    ]
    return sorted(found, key=lambda each: order.index(each.store.state))
