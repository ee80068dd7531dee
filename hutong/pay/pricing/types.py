"""A cart and its quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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
    discount_platform: Money | None = None
    """What the platform pays of the price of each; the shopper pays the rest."""


class Charge(Protocol):
    """What is kept of a line: its sums over all units, the rate in millionths, and why."""

    @property
    def commission(self) -> Money:
        """The platform's share."""

    @property
    def commission_tax(self) -> Money:
        """The tax on it."""

    @property
    def provider_fee(self) -> Money:
        """What the merchant bears of the provider's fee."""

    @property
    def rate_ppm(self) -> int:
        """The rate of the commission in millionths, for information."""

    @property
    def reason(self) -> str:
        """In stable words, at most 100 characters."""


@dataclass(frozen=True, slots=True)
class FlatRate:
    """A `Charge` of a rate on the price and nothing else."""

    price: Money
    rate_ppm: int
    reason: str = "default"

    @property
    def commission(self) -> Money:
        """Rounded half up."""
        return self.price.share(self.rate_ppm)

    @property
    def commission_tax(self) -> Money:
        """None."""
        return Money(0, self.price.unit)

    @property
    def provider_fee(self) -> Money:
        """None."""
        return Money(0, self.price.unit)


@dataclass(frozen=True, slots=True)
class UnitAmounts:
    """Every amount of one unit: `list - discount_merchant - discount_platform = paid`.

    `discount_*` says who funds the discount. `commission` is the platform's share of what the merchant
    sells for (`paid + discount_platform`), with the rate in millionths and the reason of that rate;
    `commission_tax` is the tax on it and `provider_fee` what the merchant bears of the provider's fee. The three
    together are never more than the merchant sells for. `tax` is contained in `paid`.
    """

    list: Money
    discount_merchant: Money
    discount_platform: Money
    paid: Money
    commission: Money
    commission_rate_ppm: int
    commission_reason: str
    commission_tax: Money
    provider_fee: Money
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
    commission_tax_total: Money
    provider_fee_total: Money
    tax_total: Money
    version: int
    hash: str
