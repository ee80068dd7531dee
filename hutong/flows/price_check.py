"""A deal's prices beside the market: what similar deals nearby cost, and whether this one stands out.

Everything is for one use, so that a card of ten is held against a single lunch. The market are deals of other merchants,
of the store's category, within `RADIUS_M`. Amounts off a bill are no price of a thing and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.attract.search.queries import market_near
from hutong.kernel.geo import Place
from hutong.kernel.money import Money
from hutong.town.catalog.types import OfferStoreView
from hutong.town.merchants.types import StoreView
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import VoucherKind

RADIUS_M = 3_000.0
# Fewer deals than this say nothing about a price.
LEAST_COMPARED = 5
# A list price is doubted from so much above the upper quartile of the market's list prices, in percent.
INFLATED_PERCENT = 25


class PriceWarning(StrEnum):
    """What stands out."""

    LIST_INFLATED = "list_inflated"
    """The list price is far above what others say theirs is: the discount may not be real."""
    ABOVE_MEDIAN = "above_median"
    """Half of the similar deals nearby cost less."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A price and a list price, both for one use."""

    price: Money
    list_price: Money

    @property
    def discount_percent(self) -> int:
        """How much below the list price, in whole percent rounded down."""
        return (self.list_price.minor - self.price.minor) * 100 // max(1, self.list_price.minor)


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """Where a deal lies in its market. The middle values are None while too few are there to say anything.

    `prices` are those of the market, the cheapest first; `cheaper` is how many of them cost less than this one.
    """

    own: Offered
    prices: tuple[Money, ...]
    cheaper: int
    median_price: Money | None
    lower_price: Money | None
    upper_price: Money | None
    upper_list_price: Money | None
    median_discount: int | None
    warnings: tuple[PriceWarning, ...]


def judge(own: Offered, market: Sequence[Offered]) -> PriceCheck:
    """Hold a price against the market. Pure; quantiles are those of the nearest rank, so each is somebody's price."""
    prices = sorted((one.price for one in market), key=lambda amount: amount.minor)
    cheaper = sum(price.minor < own.price.minor for price in prices)
    if len(market) < LEAST_COMPARED:
        return PriceCheck(own, tuple(prices), cheaper, None, None, None, None, None, ())
    lists = sorted((one.list_price for one in market), key=lambda amount: amount.minor)
    discounts = sorted(one.discount_percent for one in market)
    median, upper_list = _at(prices, 50), _at(lists, 75)
    warnings = []
    if own.list_price.minor * 100 > upper_list.minor * (100 + INFLATED_PERCENT):
        warnings.append(PriceWarning.LIST_INFLATED)
    if own.price.minor > median.minor:
        warnings.append(PriceWarning.ABOVE_MEDIAN)
    return PriceCheck(
        own=own,
        prices=tuple(prices),
        cheaper=cheaper,
        median_price=median,
        lower_price=_at(prices, 25),
        upper_price=_at(prices, 75),
        upper_list_price=upper_list,
        median_discount=discounts[_rank(len(discounts), 50)],
        warnings=tuple(warnings),
    )


def check(
    *,
    price: Money,
    list_price: Money,
    uses: int,
    kind: VoucherKind,
    store: OfferStoreView | StoreView,
    offer_ref: str = "",
    at: datetime,
) -> PriceCheck | None:
    """Hold the prices of a deal in `store` against the deals nearby, without the deal itself; None for an amount off a
    bill. Two statements: the market, and how many uses its deals have."""
    if kind is VoucherKind.CASH:
        return None
    found = market_near(
        store_id=store.store_id,
        place=Place(store.lon, store.lat),
        radius_m=RADIUS_M,
        unit=price.unit,
        at=at,
    )
    terms = vouchers.terms_of_all([deal.offer_ref for deal in found])
    market = [
        _for_one_use(deal.price, deal.list_price, terms[deal.offer_ref].uses)
        for deal in found
        if deal.offer_ref != offer_ref and terms[deal.offer_ref].kind is not VoucherKind.CASH
    ]
    return judge(_for_one_use(price, list_price, uses), market)


def _for_one_use(price: Money, list_price: Money, uses: int) -> Offered:
    return Offered(
        price=Money(price.minor // max(1, uses), price.unit),
        list_price=Money(list_price.minor // max(1, uses), list_price.unit),
    )


def _rank(number: int, percent: int) -> int:
    """The place of a quantile among so many, by the nearest rank: the smallest that `percent` of them do not exceed."""
    return max(0, -(-number * percent // 100) - 1)


def _at(amounts: Sequence[Money], percent: int) -> Money:
    return amounts[_rank(len(amounts), percent)]
