"""What crosses the boundary of `fees`. Rates are millionths, amounts minor units of the rule's `unit`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money


class Bearer(StrEnum):
    """Who bears what the payment service keeps for a sale."""

    PLATFORM = "platform"
    MERCHANT = "merchant"


class Scope(StrEnum):
    """What a rule is for, in a word: the closest of what it names."""

    OFFER = "offer"
    MERCHANT_IN_CATEGORY = "merchant_in_category"
    MERCHANT = "merchant"
    CATEGORY = "category"
    REGION = "region"
    EVERYTHING = "everything"


class RuleState(StrEnum):
    """Where a rule stands at a moment."""

    COMING = "coming"
    CURRENT = "current"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Reach:
    """Which sales a rule is for. Each name may be empty, which means any; `category` is a slug."""

    region_ref: str = ""
    merchant_ref: str = ""
    category: str = ""
    offer_ref: str = ""

    @property
    def scope(self) -> Scope:
        """What it is for, in a word."""
        if self.offer_ref:
            return Scope.OFFER
        if self.merchant_ref:
            return Scope.MERCHANT_IN_CATEGORY if self.category else Scope.MERCHANT
        if self.category:
            return Scope.CATEGORY
        return Scope.REGION if self.region_ref else Scope.EVERYTHING


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule asks.

    `fixed` and `minimum` are for each unit sold, `provider_fixed` once for each line of an order. `unit` is "" when
    there is no amount. `tax_ppm` None means: as the next more general rule says.
    """

    rate_ppm: int = 0
    fixed: int = 0
    minimum: int = 0
    unit: str = ""
    free_months: int = 0
    bearer: Bearer = Bearer.PLATFORM
    provider_rate_ppm: int = 0
    provider_fixed: int = 0
    tax_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule somebody wants to make; it holds from `starts_at` until before `ends_at`, or for good."""

    reach: Reach
    terms: Terms
    starts_at: datetime
    ends_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `number` grows with each that is made; the site's default has 0 and no `ref`."""

    ref: str
    number: int
    reach: Reach
    terms: Terms
    starts_at: datetime
    ends_at: datetime | None
    note: str = ""
    made_by: str = ""
    made_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    replaces_ref: str = ""

    def state(self, at: datetime) -> RuleState:
        """Where it stands at a moment."""
        if self.ends_at is not None and self.ends_at <= at:
            return RuleState.ENDED
        return RuleState.COMING if self.starts_at > at else RuleState.CURRENT


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask about a sale. `categories` is the shop's own and its group; `on` the day of the sale.

    A deal of several shops counts for the first of them, as in the figures. `joined_on` is the day the merchant was
    approved first.
    """

    offer_ref: str
    merchant_ref: str
    region_ref: str
    categories: tuple[str, ...]
    unit: str
    zone: str
    joined_on: date | None
    on: date


@dataclass(frozen=True, slots=True)
class Held:
    """A sale's facts, and the rules that hold for it at the moment asked about."""

    facts: Facts
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """What is kept of one line of an order: sums over its units, the rate, and why in stable words."""

    commission: Money
    commission_tax: Money
    provider_fee: Money
    rate_ppm: int
    reason: str

    @property
    def kept(self) -> Money:
        """All three together."""
        return self.commission + self.commission_tax + self.provider_fee


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a commission was asked, read from its stable words. `rule_ref` is "" for the site's default."""

    rule_ref: str = ""
    scope: Scope | None = None
    free_until: date | None = None
