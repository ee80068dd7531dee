"""Values of the catalog that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from hutong.kernel.money import Money


class OfferKind(StrEnum):
    """How an offer is fulfilled; each kind has its file in `flows/fulfil`."""

    VOUCHER = "voucher"


class OfferState(StrEnum):
    """Where an offer stands; the moves are in `rules.OFFER_TRANSITIONS`."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    LIVE = "live"
    PAUSED = "paused"
    REJECTED = "rejected"
    ENDED = "ended"


class OfferEvent(StrEnum):
    """What may happen to an offer: the merchant submits, takes back, pauses, resumes and ends; the operator
    decides."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


@dataclass(frozen=True, slots=True)
class Include:
    """One thing an offer contains; `value` is what it costs by itself, None when it is not said."""

    names: dict[str, str]
    quantity: int
    value: Money | None


@dataclass(frozen=True, slots=True)
class PriceWindow:
    """Hours of some days, in wall time of the shop: from `opens` up to, not including, `closes`.

    `weekdays` are 1 for Monday to 7; none means all. Where it closes no later than it opens it runs over midnight and
    belongs to the day on which it opened, so 00:00 to 00:00 is the whole day.
    """

    weekdays: frozenset[int] = frozenset()
    opens: time = time.min
    closes: time = time.min


@dataclass(frozen=True, slots=True)
class SpecialPrice:
    """What each piece costs where all of this holds: so many at least, and one of the windows at the moment of the order."""

    price: Money
    from_quantity: int = 1
    windows: tuple[PriceWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferStoreView:
    """A store in which an offer holds, with what a deal page shows of it."""

    store_id: int
    ref: str
    names: dict[str, str]
    lon: float
    lat: float
    address: str
    city: str
    phone: str
    opening_hours: str
    region_id: int
    region_slug: str
    zone: str
    open: bool
    category_slug: str = ""


@dataclass(frozen=True, slots=True)
class OfferView:
    """Everything about an offer that other rooms and pages may know. Prices are for one unit."""

    offer_id: int
    ref: str
    merchant_id: int
    merchant_ref: str
    merchant_names: dict[str, str]
    merchant_approved: bool
    kind: OfferKind
    state: OfferState
    titles: dict[str, str]
    descriptions: dict[str, str]
    list_price: Money
    price: Money
    includes: tuple[Include, ...]
    emoji: str
    hue: int
    tags: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None
    per_person_limit: int | None
    sample: bool
    created_at: datetime
    submitted_at: datetime | None
    stores: tuple[OfferStoreView, ...]
    special_prices: tuple[SpecialPrice, ...] = ()
    steps_bind: bool = False
    """Whether a price by quantity has to be earned by what is kept after a part is given back, too."""

    @property
    def discount_percent(self) -> int:
        """How much below the list price, in whole percent rounded down, so that it is never overstated."""
        return (self.list_price.minor - self.price.minor) * 100 // self.list_price.minor

    @property
    def saving(self) -> Money:
        """List price less price."""
        return self.list_price - self.price

    @property
    def store_ids(self) -> tuple[int, ...]:
        """Keys of all stores the offer holds in, in the order shown."""
        return tuple(store.store_id for store in self.stores)


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """What a merchant says about a new offer. Texts by language with at least one; see `rules.faults`."""

    titles: dict[str, str]
    descriptions: dict[str, str]
    list_price: Money
    price: Money
    starts_at: datetime
    ends_at: datetime | None = None
    includes: tuple[Include, ...] = ()
    emoji: str = "label"
    hue: int = 30
    tags: tuple[str, ...] = ()
    per_person_limit: int | None = None
    kind: OfferKind = OfferKind.VOUCHER
    sample: bool = False
    special_prices: tuple[SpecialPrice, ...] = ()
    steps_bind: bool = False


@dataclass(frozen=True, slots=True)
class OfferMove:
    """One line of an offer's history; `by_ref` None when the platform itself did it."""

    from_state: OfferState
    to_state: OfferState
    reason: str
    by_ref: str | None
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SketchView:
    """What somebody has filled in of an offer so far. `body` holds it by field and may have gaps.

    `offer_ref` is the offer it changes, "" for a new one. `open` is False once it was deleted or handed in.
    """

    ref: str
    merchant_ref: str
    offer_ref: str
    body: dict[str, Any]
    open: bool
    dropped: bool
    created_at: datetime
    changed_at: datetime
