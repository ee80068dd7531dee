"""A quote: every amount of a cart, with its discounts, and what cancelling a part of it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hutong.kernel.money import Money
from hutong.pay.pricing.types.cart import LineKind, PriceKind
from hutong.pay.pricing.types.promotions import EffectKind, Funder, Lane

UnitPosition = tuple[int, int]
"""Which line of a quote, and which of its units; both from 0."""


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A priced line as whoever charges for the sale sees it: `price` is what the merchant sells all of it for, what is
    paid and what the platform adds."""

    offer_ref: str
    merchant_ref: str
    kind: LineKind
    units: int
    price: Money


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
class DiscountPart:
    """What one discount takes off one line or unit, and the points that were spent for it."""

    ref: str
    lane: Lane
    funder: Funder
    amount: Money
    points: Money | None = None


@dataclass(frozen=True, slots=True)
class UnitAmounts:
    """Every amount of one unit: `list - discount_merchant - discount_platform = paid`.

    `discount_*` says who funds what: the merchant the difference between list price and price, and each of
    `discounts` its funder. `commission` is the platform's share of what the merchant sells for
    (`paid + discount_platform`), with the rate in millionths and the reason of that rate; `commission_tax` is the tax
    on it and `provider_fee` what the merchant bears of the provider's fee. The three together are never more than the
    merchant sells for. `tax` is contained in `paid`.
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
    discounts: tuple[DiscountPart, ...] = ()

    @property
    def price(self) -> Money:
        """Before discounts: the list price less what the price lane took off."""
        return sum((each.amount for each in self.discounts), self.paid)


@dataclass(frozen=True, slots=True)
class Step:
    """The price of each piece from so many pieces on, as it was shown to this person."""

    from_quantity: int
    price: Money


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a quote; `units` holds the amounts of each of its units, the `uses` of a piece side by side.

    `steps` are the prices by quantity, up to the one that counts, where there are several; with `binding_steps` they
    count again for what is kept after a cancellation. `group` is what the line waits for, "" for nothing.
    """

    offer_ref: str
    merchant_ref: str
    titles: Mapping[str, str]
    units: tuple[UnitAmounts, ...]
    list_total: Money
    total: Money
    price_kind: PriceKind = PriceKind.DEAL
    kind: LineKind = LineKind.GOODS
    uses: int = 1
    steps: tuple[Step, ...] = ()
    binding_steps: bool = False
    group: str = ""

    @property
    def quantity(self) -> int:
        """How many units the line has."""
        return len(self.units)


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to hold for what is kept after a cancellation, too: so much spent on the lines, so many pieces of them."""

    lines: tuple[int, ...]
    minimum: Money | None = None
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """What was taken off, of whom, how much, and how much of it on which lines (position, amount).

    `ref` is the coupon's where it is one, the unit of the programme for points, else the promotion's, which
    `promotion_ref` always names.
    """

    ref: str
    promotion_ref: str
    kind: EffectKind
    titles: Mapping[str, str]
    lane: Lane
    funder: Funder
    amount: Money
    lines: tuple[tuple[int, Money], ...]
    brand_ref: str = ""
    points: Money | None = None
    condition: Condition | None = None


class Reason(StrEnum):
    """Why a coupon was not used; where several hold, the first of this list."""

    NOT_WANTED = "not_wanted"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WRONG_CURRENCY = "wrong_currency"
    NOT_FOR_THIS_SHOP = "not_for_this_shop"
    NOT_IN_THIS_REGION = "not_in_this_region"
    NOT_IN_THIS_STORE = "not_in_this_store"
    NOT_FOR_YOU = "not_for_you"
    FIRST_PURCHASE_ONLY = "first_purchase_only"
    NOT_ON_THIS_DAY = "not_on_this_day"
    NOT_AT_THIS_HOUR = "not_at_this_hour"
    NOT_FOR_THESE = "not_for_these"
    NO_DELIVERY = "no_delivery"
    MINIMUM_NOT_REACHED = "minimum_not_reached"
    TOO_FEW = "too_few"
    GIFT_NOT_IN_CART = "gift_not_in_cart"
    NOTHING_LEFT = "nothing_left"
    OTHER_IS_BETTER = "other_is_better"


@dataclass(frozen=True, slots=True)
class Unused:
    """A coupon that was not used, and why. `missing` is what is left to spend, `missing_pieces` what is left to buy."""

    ref: str
    reason: Reason
    missing: Money | None = None
    missing_pieces: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """Every amount of a cart. `hash` names what the shopper is shown: offers, quantities, prices, discounts, terms.

    `discounts` are in the order of their lanes, at most one of each; `unused` are the coupons in the order they came.
    """

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
    discounts: tuple[Discount, ...] = ()
    unused: tuple[Unused, ...] = ()


class RaiseReason(StrEnum):
    """Why something that is kept costs more after a cancellation."""

    STEP_LOST = "step_lost"
    MINIMUM_LOST = "minimum_lost"
    PIECES_LOST = "pieces_lost"


@dataclass(frozen=True, slots=True)
class Raise:
    """What units that are kept cost more: those of a line, or those a discount was for."""

    reason: RaiseReason
    amount: Money
    line: int | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling some units gives back.

    `refund` is what was paid less what was given back before less what is kept costs now. `without_terms` is what it
    would be if nothing were computed again, and `less` the difference, for the reasons in `raises`. `prices` is what
    each kept unit costs in the end; all of them and the refunds are what was paid. `by_platform` is what of a kept
    unit's higher price the platform had paid of it, and need not any more; units without such a part are left out.
    """

    refund: Money
    without_terms: Money
    raises: tuple[Raise, ...]
    prices: Mapping[UnitPosition, Money]
    by_platform: Mapping[UnitPosition, Money]

    @property
    def less(self) -> Money:
        """What the terms take off the refund."""
        return self.without_terms - self.refund
