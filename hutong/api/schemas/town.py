"""Shapes of regions, categories, stores and offers."""

from __future__ import annotations

from datetime import datetime, time

from ninja import Schema
from pydantic import Field

from hutong.kernel.geo import Datum
from hutong.town.catalog.types import OfferState, OfferStoreView, OfferView, SpecialPrice
from hutong.town.merchants.rules import open_state
from hutong.town.merchants.types import CategoryView, MerchantState, MerchantView, StoreView
from hutong.town.regions.types import RegionKind, RegionView

from .base import MoneyOut, said


class RegionOut(Schema):
    """A country, town, district or business circle. `shops` may lag by an hour."""

    ref: str
    slug: str
    kind: RegionKind
    adcode: str | None
    name: str
    names: dict[str, str]
    lon: float
    lat: float
    zone: str
    currency: str
    datum: Datum = Field(description="What the maps of this region refer to.")
    languages: list[str]
    shops: int
    attribution: str

    @staticmethod
    def of(region: RegionView) -> RegionOut:
        """The shape of `region`."""
        return RegionOut(
            ref=region.ref,
            slug=region.slug,
            kind=region.kind,
            adcode=region.adcode,
            name=said(region.names),
            names=region.names,
            lon=region.lon,
            lat=region.lat,
            zone=region.zone,
            currency=region.currency,
            datum=region.datum,
            languages=list(region.languages),
            shops=region.shops,
            attribution=region.attribution,
        )


class CategoryOut(Schema):
    """A category; a group of them has `children`."""

    slug: str
    name: str
    names: dict[str, str]
    emoji: str
    children: list[CategoryOut]

    @staticmethod
    def of(category: CategoryView) -> CategoryOut:
        """The shape of `category`."""
        return CategoryOut(
            slug=category.slug,
            name=said(category.names),
            names=category.names,
            emoji=category.emoji,
            children=[CategoryOut.of(child) for child in category.children],
        )


class OpenOut(Schema):
    """Whether a store is open now; `open` is null where its hours are not known."""

    open: bool | None
    until: datetime | None
    next_open: datetime | None


class IncludeOut(Schema):
    """One thing a deal contains, and what it costs by itself."""

    name: str
    quantity: int
    value: MoneyOut | None


class DealStoreOut(Schema):
    """A store in which a deal holds."""

    ref: str
    name: str
    address: str
    lon: float
    lat: float

    @staticmethod
    def of(store: OfferStoreView) -> DealStoreOut:
        """The shape of `store`."""
        return DealStoreOut(
            ref=store.ref, name=said(store.names), address=store.address, lon=store.lon, lat=store.lat
        )


class PriceWindowOut(Schema):
    """Hours of some days, in wall time of the shop: from `opens` up to, not including, `closes`; both alike is all day."""

    weekdays: list[int] = Field(description="1 for Monday to 7; none means all.")
    opens: time
    closes: time


class SpecialPriceOut(Schema):
    """A lower price of each piece: from so many in one order, or for orders within one of the windows."""

    price: MoneyOut
    from_quantity: int
    windows: list[PriceWindowOut]

    @staticmethod
    def of(special: SpecialPrice) -> SpecialPriceOut:
        """The shape of `special`."""
        return SpecialPriceOut(
            price=MoneyOut.of(special.price),
            from_quantity=special.from_quantity,
            windows=[
                PriceWindowOut(weekdays=sorted(each.weekdays), opens=each.opens, closes=each.closes)
                for each in special.windows
            ],
        )


class DealOut(Schema):
    """A deal: what, where and for how much. Prices are for one unit, tax included."""

    ref: str
    title: str
    titles: dict[str, str]
    description: str
    state: OfferState
    price: MoneyOut
    list_price: MoneyOut
    discount_percent: int
    special_prices: list[SpecialPriceOut]
    steps_bind: bool = Field(
        description="What is kept after giving a part back costs the price for its number."
    )
    includes: list[IncludeOut]
    tags: list[str]
    starts_at: datetime
    ends_at: datetime | None
    per_person_limit: int | None
    sample: bool
    merchant: str
    merchant_name: str
    stores: list[DealStoreOut]

    @staticmethod
    def of(offer: OfferView) -> DealOut:
        """The shape of `offer`, with the stores that are open for business."""
        return DealOut(
            ref=offer.ref,
            title=said(offer.titles),
            titles=offer.titles,
            description=said(offer.descriptions),
            state=offer.state,
            price=MoneyOut.of(offer.price),
            list_price=MoneyOut.of(offer.list_price),
            discount_percent=offer.discount_percent,
            special_prices=[SpecialPriceOut.of(each) for each in offer.special_prices],
            steps_bind=offer.steps_bind,
            includes=[
                IncludeOut(
                    name=said(item.names),
                    quantity=item.quantity,
                    value=MoneyOut.of(item.value) if item.value else None,
                )
                for item in offer.includes
            ],
            tags=list(offer.tags),
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            per_person_limit=offer.per_person_limit,
            sample=offer.sample,
            merchant=offer.merchant_ref,
            merchant_name=said(offer.merchant_names),
            stores=[DealStoreOut.of(store) for store in offer.stores if store.open],
        )


class StoreOut(Schema):
    """A store with what its page shows."""

    ref: str
    name: str
    names: dict[str, str]
    region: str
    district: str | None = Field(description="The slug of the district it lies in.")
    circle: str | None = Field(description="The slug of the business circle it lies in.")
    category: str
    category_name: str
    address: str
    postcode: str
    city: str
    phone: str
    website: str
    lon: float
    lat: float
    opening_hours: str
    now: OpenOut
    claimed: bool
    sample: bool
    deals: list[DealOut]

    @staticmethod
    def of(store: StoreView, deals: list[OfferView], at: datetime) -> StoreOut:
        """The shape of `store` at `at`, with what can be bought for it."""
        state = open_state(store.opening_hours, zone=store.zone, at=at, lon=store.lon, lat=store.lat)
        return StoreOut(
            ref=store.ref,
            name=said(store.names),
            names=store.names,
            region=store.region_slug,
            district=store.district.slug if store.district else None,
            circle=store.circle.slug if store.circle else None,
            category=store.category.slug,
            category_name=said(store.category.names),
            address=store.address,
            postcode=store.postcode,
            city=store.city,
            phone=store.phone,
            website=store.website,
            lon=store.lon,
            lat=store.lat,
            opening_hours=store.opening_hours,
            now=OpenOut(open=state.open, until=state.until, next_open=state.next_open),
            claimed=store.claimed,
            sample=store.sample,
            deals=[DealOut.of(deal) for deal in deals],
        )


class MerchantOut(Schema):
    """A merchant as the operator sees it."""

    ref: str
    name: str
    names: dict[str, str]
    state: MerchantState
    applied_at: datetime
    decided_at: datetime | None
    decision_reason: str
    sample: bool

    @staticmethod
    def of(merchant: MerchantView) -> MerchantOut:
        """The shape of `merchant`."""
        return MerchantOut(
            ref=merchant.ref,
            name=said(merchant.names),
            names=merchant.names,
            state=merchant.state,
            applied_at=merchant.applied_at,
            decided_at=merchant.decided_at,
            decision_reason=merchant.decision_reason,
            sample=merchant.sample,
        )
