"""A cart and its quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hutong.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CartLine:
    """What somebody wants to buy: `quantity` of one offer at the offer's prices, tax included.

    Each of them has `uses` units, which share its prices: what is enjoyed and refunded one by one.
    """

    offer_ref: str
    titles: Mapping[str, str]
    quantity: int
    list_price: Money
    price: Money
    merchant_ref: str
    tax_rate_ppm: int = 0
    uses: int = 1


@dataclass(frozen=True, slots=True)
class UnitAmounts:
    """Every amount of one unit: `list - discount_merchant - discount_platform = paid`.

    `discount_*` says who funds the discount. `commission` is the platform's share of what the merchant
    sells for (`paid + discount_platform`), with the rate in millionths and the reason of that rate.
    `tax` is contained in `paid`.
    """

    list: Money
    discount_merchant: Money
    discount_platform: Money
    paid: Money
    commission: Money
    commission_rate_ppm: int
    commission_reason: str
    tax: Money


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a quote; `units` holds the amounts of each of its units."""

    offer_ref: str
    merchant_ref: str
    titles: Mapping[str, str]
    units: tuple[UnitAmounts, ...]
    list_total: Money
    total: Money

    @property
    def quantity(self) -> int:
        """How many units the line has."""
        return len(self.units)


@dataclass(frozen=True, slots=True)
class Quote:
    """Every amount of a cart. `hash` names what the shopper is shown: offers, quantities and prices."""

    lines: tuple[QuoteLine, ...]
    unit: str
    total: Money
    list_total: Money
    discount_total: Money
    commission_total: Money
    tax_total: Money
    version: int
    hash: str
