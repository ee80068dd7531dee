"""Values of merchants that cross the boundary."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class MerchantState(StrEnum):
    """Where a merchant stands with the operator; the moves are in `rules.MERCHANT_TRANSITIONS`."""

    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class MerchantEvent(StrEnum):
    """What an operator may decide about a merchant."""

    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


class StoreState(StrEnum):
    """A closed store keeps its row, because vouchers and visits point at it."""

    OPEN = "open"
    CLOSED = "closed"


class Role(StrEnum):
    """What a person may do at a merchant: an owner all, a manager all but the owners, a cashier redeem."""

    OWNER = "owner"
    MANAGER = "manager"
    CASHIER = "cashier"


@dataclass(frozen=True, slots=True)
class OpenState:
    """Whether a store is open at a moment.

    `open` is None when its hours are missing or cannot be understood: unknown is not closed.
    `until` is when the present state ends, `next_open` when it opens next (None while open, or when it is
    not known, or when it never opens again); both are aware, in the store's zone.
    """

    open: bool | None
    until: datetime | None
    next_open: datetime | None


@dataclass(frozen=True, slots=True)
class DayHours:
    """The open spans that begin on one day, as wall times from and until."""

    on: date
    spans: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class StaffRole:
    """One live role of a person; `store_ref` None means every store of the merchant."""

    merchant_ref: str
    merchant_names: dict[str, str]
    merchant_state: MerchantState
    store_ref: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class ImportedStore:
    """A place of trade as read from an extract, ready to be stored. Texts are clean and short enough."""

    osm_ref: str
    category_slug: str
    names: dict[str, str]
    lon: float
    lat: float
    address: str
    postcode: str
    city: str
    phone: str
    website: str
    opening_hours: str


@dataclass(frozen=True, slots=True)
class CategorySpec:
    """A category as the code declares it; `parent_slug` None for a group."""

    slug: str
    parent_slug: str | None
    names: dict[str, str]
    emoji: str
    position: int


@dataclass(frozen=True, slots=True)
class StoredStores:
    """What became of a list of imported stores."""

    new: int
    updated: int
    unchanged: int
    closed: int
