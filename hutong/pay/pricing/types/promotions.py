"""What lowers a price: promotions, the coupons people hold, and points as money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from hutong.kernel.money import Money
from hutong.pay.pricing.types.cart import Window

PPM = 1_000_000
"""A whole, in millionths."""


class PromotionInvalid(ValueError):
    """A promotion, coupon or offer of points that makes no sense: an empty effect, two currencies, a wrong lane."""


class Lane(StrEnum):
    """At most one discount of each lane counts for an order, in this order. Before them every line has its price."""

    SHOP_PROMOTION = "shop_promotion"
    SHOP_COUPON = "shop_coupon"
    PLATFORM_PROMOTION = "platform_promotion"
    PLATFORM_COUPON = "platform_coupon"
    DELIVERY = "delivery"
    POINTS = "points"


class Funder(StrEnum):
    """Through whose account a discount goes. A brand pays through one of them and is named beside it."""

    PLATFORM = "platform"
    MERCHANT = "merchant"


class FirstPurchase(StrEnum):
    """Where the person must never have bought before."""

    AT_SHOP = "at_shop"
    ON_PLATFORM = "on_platform"


class EffectKind(StrEnum):
    """What a discount is, for whoever shows it."""

    AMOUNT_OFF = "amount_off"
    PERCENT_OFF = "percent_off"
    BUY_GET = "buy_get"
    GIFT = "gift"
    FREE_DELIVERY = "free_delivery"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class AmountOff:
    """So much less, once for an order."""

    kind: ClassVar[EffectKind] = EffectKind.AMOUNT_OFF
    amount: Money

    def __post_init__(self) -> None:
        _require(self.amount.minor > 0, "an amount off is more than nothing")


@dataclass(frozen=True, slots=True)
class PercentOff:
    """A share of the price in millionths, rounded half up once; at most `most`."""

    kind: ClassVar[EffectKind] = EffectKind.PERCENT_OFF
    rate_ppm: int
    most: Money | None = None

    def __post_init__(self) -> None:
        _require(0 < self.rate_ppm <= PPM, "a percentage lies between nothing and 100 %")
        _require(self.most is None or self.most.minor > 0, "a cap is more than nothing")


@dataclass(frozen=True, slots=True)
class BuyGet:
    """Of each `buy` + `get` pieces the `get` cheapest cost `rate_ppm` less, for nothing unless told otherwise.

    The cheapest of all pieces it is for, at most `times` over.
    """

    kind: ClassVar[EffectKind] = EffectKind.BUY_GET
    buy: int
    get: int
    rate_ppm: int = PPM
    times: int | None = None

    def __post_init__(self) -> None:
        _require(self.buy > 0 and self.get > 0, "one buys something, and gets something")
        _require(0 < self.rate_ppm <= PPM, "a percentage lies between nothing and 100 %")
        _require(self.times is None or self.times > 0, "it holds at least once")


@dataclass(frozen=True, slots=True)
class Gift:
    """One piece of an offer for nothing, once it is in the cart beside what the promotion is for."""

    kind: ClassVar[EffectKind] = EffectKind.GIFT
    offer_ref: str


@dataclass(frozen=True, slots=True)
class FreeDelivery:
    """Delivery for nothing; at most `most` less."""

    kind: ClassVar[EffectKind] = EffectKind.FREE_DELIVERY
    most: Money | None = None

    def __post_init__(self) -> None:
        _require(self.most is None or self.most.minor > 0, "a cap is more than nothing")


Effect = AmountOff | PercentOff | BuyGet | Gift | FreeDelivery


@dataclass(frozen=True, slots=True)
class Reach:
    """The lines a thing is for: those of the merchant, of one of the offers or of one of the categories.

    What it does not name may be anything. Offers and categories are alternatives.
    """

    merchant_ref: str = ""
    offer_refs: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """When, where and for whom a promotion holds, all together; what is empty limits nothing.

    `minimum` is to be spent on the lines it is for. One of the `windows`, of the regions, of the stores, of the
    segments has to be the cart's.
    """

    minimum: Money | None = None
    windows: tuple[Window, ...] = ()
    region_refs: frozenset[str] = frozenset()
    store_refs: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    first: FirstPurchase | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A rule that lowers the price for whoever qualifies, from `starts_at` up to, not including, `ends_at`.

    `alone`: it counts with no discount of another lane. `binding`: its minimum has to be reached by what is kept after
    a cancellation, too. `brand_ref` names a brand that pays it through the funder. Raises PromotionInvalid.
    """

    ref: str
    titles: Mapping[str, str]
    lane: Lane
    funder: Funder
    effect: Effect
    starts_at: datetime
    ends_at: datetime | None = None
    reach: Reach = Reach()
    limits: Limits = Limits()
    brand_ref: str = ""
    alone: bool = False
    binding: bool = False

    def __post_init__(self) -> None:
        _require(self.lane is not Lane.POINTS, "points have a lane of their own")
        brings = isinstance(self.effect, FreeDelivery)
        _require(brings == (self.lane is Lane.DELIVERY), "free delivery has a lane of its own")
        of_shop = self.lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON)
        _require(not of_shop or bool(self.reach.merchant_ref), "what a shop gives is for what it sells")
        _require(self.starts_at.tzinfo is not None, "it starts at a moment, not at a wall time")
        if self.ends_at is not None:
            _require(self.ends_at > self.starts_at, "it ends after it starts")
        minimum = self.limits.minimum
        _require(minimum is None or minimum.minor > 0, "a minimum is more than nothing")
        _require(len(self._units()) < 2, "amounts have one currency")

    @property
    def unit(self) -> str:
        """The currency it has amounts in; "" where it has none, and goes with any."""
        return next(iter(self._units()), "")

    def _units(self) -> set[str]:
        amounts = [self.limits.minimum]
        if isinstance(self.effect, AmountOff):
            amounts.append(self.effect.amount)
        elif isinstance(self.effect, PercentOff | FreeDelivery):
            amounts.append(self.effect.most)
        return {amount.unit for amount in amounts if amount is not None}


@dataclass(frozen=True, slots=True)
class Coupon:
    """A promotion that a person holds, up to its own end if that is earlier. Raises PromotionInvalid."""

    ref: str
    promotion: Promotion
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        _require(
            self.ends_at is None or self.ends_at.tzinfo is not None, "it ends at a moment, not at a wall time"
        )


@dataclass(frozen=True, slots=True)
class Points:
    """Points as money: `each` points are worth `worth`, and at most `use` of them are spent.

    In steps of `step` points (of `each` where left out), up to `share_ppm` of the price of the lines they are for.
    Raises PromotionInvalid where a step is no whole number of minor units.
    """

    use: Money
    each: Money
    worth: Money
    funder: Funder
    titles: Mapping[str, str]
    step: Money | None = None
    share_ppm: int = PPM
    reach: Reach = Reach()

    def __post_init__(self) -> None:
        step = self.step or self.each
        _require(self.use.unit == self.each.unit == step.unit, "points are of one programme")
        _require(min(self.each.minor, self.worth.minor, step.minor) > 0, "points are worth something")
        _require(self.use.minor >= 0, "points that are used are not negative")
        _require(0 < self.share_ppm <= PPM, "a share lies between nothing and 100 %")
        whole = step.minor * self.worth.minor % self.each.minor == 0
        _require(whole, "a step of points is a whole number of minor units")

    @property
    def least(self) -> Money:
        """How many points one step is."""
        return self.step or self.each

    @property
    def least_worth(self) -> Money:
        """What one step is worth."""
        return Money(self.least.minor * self.worth.minor // self.each.minor, self.worth.unit)


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise PromotionInvalid(sentence)
