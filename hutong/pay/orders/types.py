"""What crosses the boundary of `orders`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money


class OrderState(StrEnum):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class OrderEventKind(StrEnum):
    """What may happen to an order."""

    PLACED = "placed"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    LATE_PAYMENT_HONOURED = "late_payment_honoured"
    LATE_PAYMENT_RETURNED = "late_payment_returned"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class UnitState(StrEnum):
    """Where one unit of a paid order stands."""

    SOLD = "sold"
    USED = "used"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The answer to placing an order. `created` is False when the same click arrived before."""

    order_ref: str
    state: OrderState
    total: Money
    stored: Money
    """Of the total, what gift cards bear."""
    expires_at: datetime
    created: bool

    @property
    def to_pay(self) -> Money:
        """What is asked of a provider."""
        return self.total - self.stored


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """One line of an order: which offer, how many."""

    offer_ref: str
    titles: Mapping[str, str]
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What a flow needs to know of an order whose row it has locked."""

    order_ref: str
    state: OrderState
    total: Money
    stored: Money
    """Of the total, what gift cards bear."""
    refunded: Money
    person_id: int
    person_ref: str
    merchant_id: int
    merchant_ref: str
    store_ref: str | None
    region_ref: str
    remember_consent: bool
    discounted: bool
    """Whether promotions or points took something off."""
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    lines: tuple[OrderedLine, ...]
    group: str = ""
    """What it is bought together with others in, as its quote names that; "" for what is bought alone."""

    @property
    def to_pay(self) -> Money:
        """What is asked of a provider."""
        return self.total - self.stored


@dataclass(frozen=True, slots=True)
class SoldUnit:
    """One unit of a paid order with the amounts that settlement, refund and history need."""

    unit_ref: str
    order_ref: str
    merchant_ref: str
    offer_ref: str
    titles: Mapping[str, str]
    state: UnitState
    list: Money
    discount_merchant: Money
    discount_platform: Money
    paid: Money
    paid_stored: Money
    """Of what was paid, what gift cards bore."""
    commission: Money
    commission_rate_ppm: int
    commission_reason: str
    commission_tax: Money
    provider_fee: Money
    """What the merchant bears of the provider's fee."""
    tax: Money
    points: Money | None = None
    """The points that bear a part of its price, beside what was paid; None where none do."""

    @property
    def gross(self) -> Money:
        """What the merchant sold it for: paid by the shopper plus what the platform put in."""
        return self.paid + self.discount_platform

    @property
    def paid_provider(self) -> Money:
        """What a provider took for it: paid less what gift cards bore."""
        return self.paid - self.paid_stored

    @property
    def net(self) -> Money:
        """What the merchant gets of it."""
        return self.gross - self.commission - self.commission_tax - self.provider_fee


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit as pages show it."""

    unit_ref: str
    state: UnitState
    paid: Money
    paid_stored: Money
    used_at: datetime | None
    refunded_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as pages show it; `units` is empty until the order is paid."""

    offer_ref: str
    titles: Mapping[str, str]
    quantity: int
    list_total: Money
    total: Money
    units: tuple[UnitView, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """One step of an order's history. `by_ref` is the public id of who did it, or the name of a job."""

    event: OrderEventKind
    from_state: OrderState | None
    to_state: OrderState
    by_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderView:
    """A whole order for its page: shopper's, merchant's and operator's."""

    order_ref: str
    state: OrderState
    total: Money
    stored: Money
    """Of the total, what gift cards bear."""
    list_total: Money
    refunded: Money
    person_ref: str
    person_name: str
    masked_phone: str
    merchant_ref: str
    merchant_names: Mapping[str, str]
    store_ref: str | None
    store_names: Mapping[str, str] | None
    region_ref: str
    zone: str
    remember_consent: bool
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    lines: tuple[LineView, ...]
    events: tuple[EventView, ...]

    @property
    def refundable(self) -> Money:
        """What the units that are neither used nor refunded were paid with."""
        unused = (unit.paid for line in self.lines for unit in line.units if unit.state is UnitState.SOLD)
        return sum(unused, Money(0, self.total.unit))

    @property
    def to_pay(self) -> Money:
        """What is asked of a provider."""
        return self.total - self.stored


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order as one row of a list."""

    order_ref: str
    state: OrderState
    total: Money
    refunded: Money
    person_ref: str
    person_name: str
    masked_phone: str
    merchant_ref: str
    merchant_names: Mapping[str, str]
    store_ref: str | None
    store_names: Mapping[str, str] | None
    zone: str
    offer_ref: str
    """Of the first line, as are the titles."""
    titles: Mapping[str, str]
    quantity: int
    """Units over all lines."""
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The figures of one day of one region. `ordered` counts by the day of ordering, the rest by their own
    moment; `gmv` is what was paid, before refunds."""

    ordered: int
    paid: int
    gmv: Money
    shoppers: int
    refunded_units: int
    refunds: Money
    redeemed_units: int
    redeemed: Money


@dataclass(frozen=True, slots=True)
class ChargedLines:
    """Lines of orders that are alike: one deal on one day, as many units for the same price. `commission`,
    `commission_tax` and `provider_fee` are the sums of what was kept of all of them."""

    merchant_ref: str
    offer_ref: str
    sold_on: date
    lines: int
    units_each: int
    price_each: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money

    @property
    def kept(self) -> Money:
        """All three together."""
        return self.commission + self.commission_tax + self.provider_fee


@dataclass(frozen=True, slots=True)
class Takings:
    """What one merchant sold, saw used and gave back in a span of time."""

    sold_units: int
    sold: Money
    used_units: int
    used: Money
    refunded_units: int
    refunded: Money


@dataclass(frozen=True, slots=True)
class OfferSales:
    """What became of the units sold of one offer; `sold` counts all of them."""

    sold: int
    used: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which orders figures are of: those of a region in its currency, or only some shops of it.

    `category` is the slug of a group or of a category, "" for all. `area` is a postcode, "" for the shops
    without one, None for all. The shop of a unit is the one its order was made for; without one it is the
    first in which its offer holds, and then the first of its merchant.
    """

    region_id: int
    currency: str
    zone: str
    category: str = ""
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of time (UTC)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """What happened in a stretch of time. Each moment counts by itself: what was sold in it, redeemed in it,
    refunded in it. Only `used_of_sold` and `refunded_of_sold` follow the units sold in it up to now."""

    orders: int
    shoppers: int
    sold_units: int
    sold: Money
    used_of_sold: int
    refunded_of_sold: int
    redeemed_units: int
    redeemed: Money
    commission: Money
    """Of what was redeemed."""
    refunded_units: int
    refunds: Money


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures of a stretch beside those of the one it is compared with."""

    now: SpanFigures
    then: SpanFigures


class Grouping(StrEnum):
    """What figures are broken down by."""

    CATEGORY = "category"
    """The groups; within a group or category the categories."""
    AREA = "area"
    """The postcodes of shops."""
    SHOP = "shop"
    DEAL = "deal"


@dataclass(frozen=True, slots=True)
class Slice:
    """One row of a breakdown. `key` is a slug, a postcode or a public id; "" is what has none.

    The merchant is there for shops and deals.
    """

    key: str
    names: Mapping[str, str]
    merchant_ref: str
    merchant_names: Mapping[str, str]
    figures: Compared


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The largest slices by what was sold, and how many there are in all."""

    slices: tuple[Slice, ...]
    every: int


@dataclass(frozen=True, slots=True)
class OrderSteps:
    """What became by now of the orders made in a stretch: paid, and with a unit that was used."""

    ordered: int
    paid: int
    redeemed: int
