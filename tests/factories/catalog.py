"""Offers for tests; made, submitted and approved in the way the site does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hutong.kernel.money import Money
from hutong.town.catalog import services
from hutong.town.catalog.models import Offer
from hutong.town.catalog.types import OfferDraft
from hutong.town.merchants.models import Merchant, Store
from tests.factories import merchants, people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


def draft(
    *,
    title: str = "Coffee and cake",
    titles: dict[str, str] | None = None,
    price: int = 1990,
    list_price: int = 3400,
    unit: str = "EUR",
    starts_at: datetime = NOON,
    ends_at: datetime | None = None,
    per_person_limit: int | None = None,
    tags: tuple[str, ...] = ("refund_any_time",),
) -> OfferDraft:
    """What a merchant says about a new offer; prices in minor units."""
    return OfferDraft(
        titles=titles or {"en": title},
        descriptions={"en": "As good as it sounds."},
        list_price=Money(list_price, unit),
        price=Money(price, unit),
        starts_at=starts_at,
        ends_at=ends_at,
        emoji="2615",
        per_person_limit=per_person_limit,
        tags=tags,
        sample=True,
    )


def offer(
    *,
    store: Store | None = None,
    stores: Sequence[Store] = (),
    draft: OfferDraft | None = None,
    live: bool = True,
    at: datetime = NOON,
    title: str = "Coffee and cake",
    price: int = 1990,
    list_price: int = 3400,
    per_person_limit: int | None = None,
) -> Offer:
    """An offer of the stores' merchant, by default live in one new store of a new merchant."""
    places = list(stores) or [store or merchants.store(at=at)]
    merchant = places[0].merchant
    assert isinstance(merchant, Merchant)
    made = services.create_offer(
        merchant_ref=merchant.public_id,
        store_refs=[place.public_id for place in places],
        draft=draft
        or drafted(
            title=title, price=price, list_price=list_price, starts_at=at, per_person_limit=per_person_limit
        ),
        by=None,
        at=at,
    )
    if live:
        services.submit_offer(offer_ref=made.public_id, by=None, at=at)
        services.decide_offer(offer_ref=made.public_id, approve=True, reason="", by=people.operator(), at=at)
        made.refresh_from_db()
    return made


# Another name, because a parameter of `offer` is called `draft`.
drafted = draft
