"""Values of merchants, their stores, people and devices."""

from dataclasses import dataclass, field, replace
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
    """A closed store keeps its row, because vouchers and visits point at it; a paused one comes back."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Role(StrEnum):
    """What somebody is at a merchant; what it entitles to stands in `rules.RIGHTS`."""

    OWNER = "owner"
    MANAGER = "manager"
    CASHIER = "cashier"
    COURIER = "courier"
    ACCOUNTANT = "accountant"


class Right(StrEnum):
    """One thing that people of a merchant may be allowed to do."""

    REDEEM = "redeem"
    UNDO = "undo"
    SEE_TODAY = "see_today"
    SEE_TAKINGS = "see_takings"
    SEE_ORDERS = "see_orders"
    SEE_CUSTOMERS = "see_customers"
    SEE_MONEY = "see_money"
    REFUND = "refund"
    ANSWER_REVIEWS = "answer_reviews"
    EDIT_DEALS = "edit_deals"
    EDIT_STORE = "edit_store"
    MANAGE_TEAM = "manage_team"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_MERCHANT = "manage_merchant"


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
class ImportedBrand:
    """A brand as an import names it. `key` is its folded name, by which two files mean the same brand."""

    key: str
    names: dict[str, str]
    wikidata: str = ""


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
    email: str = ""
    descriptions: dict[str, str] = field(default_factory=dict)
    brand: ImportedBrand | None = None


@dataclass(frozen=True, slots=True)
class OtherStore:
    """A listing near a place of a table, as an import compares the two. `brand` is its brand's key, or ""."""

    ref: str
    names: dict[str, str]
    lon: float
    lat: float
    address: str
    phone: str
    category_slug: str
    brand: str


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


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What became of a batch of imported stores; `changed_refs` are those that were written."""

    new: int
    updated: int
    changed_refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """The last import of a source into a region: what names it, how many places it did, whether it is over."""

    digest: str
    done: int
    new: int
    updated: int
    here: int
    begun_at: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A category as pages show it; a group has its categories as `children`."""

    category_id: int
    slug: str
    names: dict[str, str]
    emoji: str
    children: tuple["CategoryView", ...] = ()


@dataclass(frozen=True, slots=True)
class CategorySetting:
    """A category as the operator set it: the house's names and the operator's own, its place, its stores."""

    slug: str
    names: dict[str, str]
    own_names: dict[str, str]
    emoji: str
    position: int
    hidden: bool
    stores: int


@dataclass(frozen=True, slots=True)
class MerchantView:
    """A merchant as the operator and its own people see it."""

    merchant_id: int
    ref: str
    names: dict[str, str]
    state: MerchantState
    applied_at: datetime
    decided_at: datetime | None
    decision_reason: str
    region_id: int
    phone: str
    email: str
    legal_name: str
    business_id: str
    sample: bool


@dataclass(frozen=True, slots=True)
class StoreArea:
    """The district or circle in which a store lies."""

    slug: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store with what its page shows. `merchant_*` are None for a listing nobody has claimed."""

    store_id: int
    ref: str
    merchant_id: int | None
    merchant_ref: str | None
    merchant_state: MerchantState | None
    sample: bool
    region_id: int
    region_slug: str
    zone: str
    currency: str
    category: CategoryView
    group: CategoryView | None
    names: dict[str, str]
    lon: float
    lat: float
    address: str
    postcode: str
    city: str
    phone: str
    website: str
    email: str
    descriptions: dict[str, str]
    opening_hours: str
    osm_ref: str | None
    state: StoreState
    district: StoreArea | None = None
    circle: StoreArea | None = None

    @property
    def claimed(self) -> bool:
        """Whether the store belongs to a merchant the operator approved."""
        return self.merchant_state is MerchantState.APPROVED

    @property
    def shown(self) -> bool:
        """Whether shoppers may find the store.

        A place out of the extract is on the map whoever claims it; one that a merchant signed up itself is
        shown once the merchant is approved. `attract/search` says the same in SQL.
        """
        is_known = self.merchant_ref is None or self.osm_ref is not None
        return self.state is StoreState.OPEN and (is_known or self.claimed)

    @property
    def as_seen(self) -> "StoreView":
        """The store as shoppers see it: what its merchant says of it counts once the merchant is approved.

        Until then, and while the merchant is suspended, a place out of the extract says what the extract says.
        Its pictures go by the same rule. What a listing says of itself came with its table.
        """
        return self if self.claimed or self.merchant_ref is None else replace(self, descriptions={})


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A scanner or till that is still paired. `last_seen_at` is exact to some minutes."""

    device_id: int
    ref: str
    name: str
    store_id: int
    store_ref: str
    merchant_id: int | None
    merchant_ref: str | None
    paired_at: datetime
    paired_by_ref: str = ""
    paired_by_name: str = ""
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StaffView:
    """One live role at a merchant, for the merchant's list of its people."""

    staff_id: int
    person_ref: str
    name: str
    phone: str
    role: Role
    store_ref: str | None
    since_at: datetime
    store_names: dict[str, str]


@dataclass(frozen=True, slots=True)
class MerchantMove:
    """One line of a merchant's history."""

    from_state: MerchantState
    to_state: MerchantState
    reason: str
    by_ref: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FoundMerchant:
    """One line of the operator's list of merchants; `emoji` is of its first store's category, empty without a store."""

    ref: str
    names: dict[str, str]
    state: MerchantState
    region_id: int
    region_slug: str
    region_names: dict[str, str]
    applied_at: datetime
    stores: int
    emoji: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """Another merchant that may be the same one: `by` says what they share."""

    ref: str
    names: dict[str, str]
    state: MerchantState
    by: tuple[str, ...]
