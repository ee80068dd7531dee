"""Values of vouchers that cross the boundary."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class VoucherState(StrEnum):
    """Where a voucher stands. Used: none is left, one at least was enjoyed. Refunded: all were given back."""

    READY = "ready"
    USED = "used"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class UseState(StrEnum):
    """Where one use stands."""

    READY = "ready"
    USED = "used"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a voucher of an offer promises: how many days from the sale it holds, for how many uses."""

    valid_days: int
    uses: int


@dataclass(frozen=True, slots=True)
class IssuedVoucher:
    """A voucher that was made, or had been made before for the same units."""

    voucher_ref: str
    unit_refs: tuple[str, ...]
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class RedemptionResult:
    """The stored answer of a redemption. `replay` is True when this nonce had been answered before.

    `unit_ref` is what the room `pay` settles. `undone` can be True only in a replay.
    """

    redemption_ref: str
    voucher_ref: str
    order_ref: str
    offer_ref: str
    unit_ref: str
    person_ref: str
    titles: dict[str, str]
    store_ref: str
    at: datetime
    use_no: int
    uses_left: int
    uses_total: int
    replay: bool
    undone: bool


@dataclass(frozen=True, slots=True)
class UndoResult:
    """An undone redemption. `voucher_state` is `expired` when the voucher's time had run out meanwhile."""

    redemption_ref: str
    voucher_ref: str
    order_ref: str
    offer_ref: str
    unit_ref: str
    person_ref: str
    titles: dict[str, str]
    store_ref: str
    at: datetime
    voucher_state: VoucherState
    replay: bool


@dataclass(frozen=True, slots=True)
class Released:
    """Whose uses were taken away for a refund, and which of the units had been used before."""

    voucher_refs: tuple[str, ...]
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoucherStore:
    """A store in which a voucher is good."""

    ref: str
    names: dict[str, str]
    address: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class UseView:
    """One use of a voucher; the last three are None while it is not redeemed."""

    use_no: int
    unit_ref: str
    state: UseState
    redemption_ref: str | None
    redeemed_at: datetime | None
    store_names: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher as its owner sees it. `code` is grouped for reading, `qr_text` is what the QR holds.

    `state` is the state at the moment that was asked for: a ready voucher past its time is expired.
    """

    ref: str
    order_ref: str
    offer_ref: str
    titles: dict[str, str]
    code: str
    qr_text: str
    merchant_ref: str
    merchant_names: dict[str, str]
    stores: tuple[VoucherStore, ...]
    state: VoucherState
    valid_from: datetime
    valid_until: datetime
    uses_total: int
    uses_left: int
    uses: tuple[UseView, ...]
    created_at: datetime
    blocked: bool = False
    """Its payment is in dispute: it is not redeemed for now."""


@dataclass(frozen=True, slots=True)
class RedeemedLine:
    """A redemption as the merchant's page of the day shows it. It says nothing about the shopper."""

    redemption_ref: str
    unit_ref: str
    titles: dict[str, str]
    store_ref: str
    store_names: dict[str, str]
    actor_ref: str
    device_name: str | None
    staff_name: str | None
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExpiringVoucher:
    """A voucher that ends soon with something left on it, for the reminder; `zone` is the merchant's."""

    voucher_ref: str
    person_ref: str
    titles: dict[str, str]
    merchant_names: dict[str, str]
    valid_until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class VoucherProblem:
    """A voucher whose counters and rows do not agree; `what` says how, in plain words."""

    ref: str
    what: str


@dataclass(frozen=True, slots=True)
class ExpiringLine:
    """The vouchers of one offer that end in one week (from Monday `week_on`) with uses left.

    `first_until` and `last_until` are when the first and the last of them ends.
    """

    offer_ref: str
    titles: dict[str, str]
    week_on: date
    vouchers: int
    uses: int
    first_until: datetime
    last_until: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """Something that was enjoyed and neither undone nor refunded: of which order, in which store, when last."""

    order_ref: str
    person_ref: str
    store_ref: str
    offer_ref: str
    titles: dict[str, str]
    at: datetime
