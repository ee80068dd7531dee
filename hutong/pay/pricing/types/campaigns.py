"""Promotions as they are run: what is planned, how much of it is used, the coupons people hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money
from hutong.pay.pricing.types.promotions import Coupon, Effect, Funder, Lane, Limits, Promotion, Reach


class PromotionState(StrEnum):
    """Where a promotion stands. What has ended stays so; a paused one holds for nobody meanwhile."""

    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Issue(StrEnum):
    """How people come by a coupon of a promotion."""

    CODE = "code"
    """They type a code."""
    CLAIM = "claim"
    """They take it where it is offered."""
    WELCOME = "welcome"
    """They get it with their first sign-in."""
    PURCHASE = "purchase"
    """They get it for an order that was paid, for the next one."""
    SEGMENT = "segment"
    """It is given to all customers of a kind."""


class CouponState(StrEnum):
    """Where a coupon stands. One that is ready may be over all the same: its end says so."""

    READY = "ready"
    HELD = "held"
    USED = "used"


class UseState(StrEnum):
    """Where the use of a promotion in an order stands."""

    HELD = "held"
    """The order waits for its money."""
    USED = "used"
    RELEASED = "released"
    """The order ended unpaid."""
    RETURNED = "returned"
    """All of the order was given back."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a promotion may cost and how often it may be used, over all orders; None where nothing limits it."""

    amount: Money | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class PromotionDraft:
    """A promotion as somebody plans it.

    `merchant_ref` "" means the platform's. In a coupon's lane `issue` says how people come by one, `code` is what they
    type, `issue_minimum` the order that earns one; a coupon ends `valid_days` after it was got, or with the promotion.
    `per_person` limits how many orders of one person it counts in, `coupons_each` how many coupons one person gets.
    """

    titles: Mapping[str, str]
    lane: Lane
    effect: Effect
    starts_at: datetime
    ends_at: datetime | None = None
    merchant_ref: str = ""
    reach: Reach = field(default_factory=Reach)
    limits: Limits = field(default_factory=Limits)
    alone: bool = False
    binding: bool = False
    budget: Budget = Budget()
    per_person: int | None = None
    issue: Issue | None = None
    code: str = ""
    issue_minimum: Money | None = None
    issue_limit: int | None = None
    coupons_each: int = 1
    valid_days: int | None = None


@dataclass(frozen=True, slots=True)
class PromotionView:
    """A promotion that is run: its rule, where it stands, and what is used of its budget.

    `used_count` and `used_amount` are of orders that are paid or wait for their money; they are counted where a budget
    limits them, and nothing otherwise. So is `issued` by its limit.
    """

    promotion_id: int
    rule: Promotion
    merchant_ref: str
    state: PromotionState
    budget: Budget
    used_count: int
    used_amount: int
    per_person: int | None
    issue: Issue | None
    code: str
    issue_minimum: Money | None
    issue_limit: int | None
    issued: int
    coupons_each: int
    valid_days: int | None
    made_at: datetime

    @property
    def ref(self) -> str:
        """Its public id."""
        return self.rule.ref

    @property
    def funder(self) -> Funder:
        """Who bears what it takes off."""
        return self.rule.funder

    @property
    def share_used(self) -> int | None:
        """How much of its budget is used, in whole percent; of amount and count the higher one."""
        shares = []
        if self.budget.amount:
            shares.append(self.used_amount * 100 // self.budget.amount.minor)
        if self.budget.count:
            shares.append(self.used_count * 100 // self.budget.count)
        return max(shares, default=None)


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon that a person holds or held. `ends_at` is the earlier of its own end and the promotion's."""

    coupon: Coupon
    state: CouponState
    promotion_state: PromotionState
    merchant_ref: str
    source: Issue
    issued_at: datetime
    ends_at: datetime | None
    order_ref: str
    used_at: datetime | None
    withdrawn_at: datetime | None
    """When the order that earned it went back."""

    @property
    def ref(self) -> str:
        """Its public id."""
        return self.coupon.ref

    def usable(self, at: datetime) -> bool:
        """Whether it can be used at `at`."""
        on = self.promotion_state is PromotionState.LIVE and self.state is CouponState.READY
        on = on and self.withdrawn_at is None
        return on and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, slots=True)
class PromotionReport:
    """What a promotion cost and brought, in one currency.

    `cost` is what it took off orders that were paid, less what went back with refunded units of them; `brought` is
    what those orders were paid with, less what was refunded. `returned` counts orders given back whole.
    Of the coupons `issued`, orders that earned some went back: those `withdrawn`, and those that were `used_all_the_same`.
    """

    issued: int
    withdrawn: int
    used_all_the_same: int
    used: int
    returned: int
    people: int
    cost: Money
    brought: Money
