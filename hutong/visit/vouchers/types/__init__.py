"""Values of vouchers that cross the boundary."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.visit.vouchers.types.terms import (
    Asked,
    Choice,
    Days,
    Hours,
    RefundPromise,
    Refusal,
    Terms,
    TermsReason,
    VoucherKind,
)

__all__ = [
    "Asked",
    "Choice",
    "Days",
    "ExpiredVoucher",
    "ExpiringLine",
    "ExpiringVoucher",
    "GiftView",
    "Hours",
    "IssuedVoucher",
    "Prepared",
    "Redeemed",
    "RedeemedLine",
    "RedemptionResult",
    "RefundPromise",
    "Refusal",
    "Released",
    "Served",
    "Terms",
    "TermsReason",
    "UndoResult",
    "UseState",
    "UseView",
    "VoucherKind",
    "VoucherProblem",
    "VoucherState",
    "VoucherStore",
    "VoucherView",
]


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
class IssuedVoucher:
    """A voucher that was made, or had been made before for the same units."""

    voucher_ref: str
    unit_refs: tuple[str, ...]
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Redeemed:
    """One use that a scan made a fact. `choice` says in names which of the voucher's things was taken.

    `spent` says whether its unit was used by it, and not by an earlier visit of a pass.
    """

    redemption_ref: str
    voucher_ref: str
    unit_ref: str
    use_no: int
    spent: bool
    choice: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class RedemptionResult:
    """The stored answer of a scan, which has at least one of `redeemed`. `replay` is True when this nonce had been
    answered before.

    `uses_left` and `uses_total` are of the vouchers it took from. `undone` can be True only in a replay.
    """

    redeemed: tuple[Redeemed, ...]
    order_ref: str
    offer_ref: str
    person_ref: str
    titles: dict[str, str]
    kind: VoucherKind
    store_ref: str
    at: datetime
    uses_left: int
    uses_total: int
    replay: bool
    undone: bool
    channel: str = ""
    """Who sold it, where it was not this site: then it has no order and no person here, and no money moves."""

    @property
    def redemption_ref(self) -> str:
        """What names the scan: the first of its redemptions."""
        return self.redeemed[0].redemption_ref

    @property
    def voucher_ref(self) -> str:
        """The voucher that was shown."""
        return self.redeemed[0].voucher_ref

    @property
    def unit_ref(self) -> str:
        """The unit of its first use."""
        return self.redeemed[0].unit_ref

    @property
    def use_no(self) -> int:
        """Which use of the voucher the last one was."""
        return self.redeemed[-1].use_no

    @property
    def spent_units(self) -> tuple[str, ...]:
        """The units that were used by it: what the room `pay` settles."""
        return tuple(one.unit_ref for one in self.redeemed if one.spent)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a voucher could be used for now: up to `most` uses by one scan, of each choice what is `left` by position.

    `asks` is True where choices or the amount of the bill have to be said. `refusal` is why its terms allow none now.
    """

    voucher_ref: str
    offer_ref: str
    titles: dict[str, str]
    terms: Terms
    most: int
    left: Mapping[int, int]
    refusal: Refusal | None
    asks: bool
    channel: str = ""
    """Who sold it, where it was not this site."""


@dataclass(frozen=True, slots=True)
class UndoResult:
    """A scan that was undone, all of it. `voucher_state` is `expired` when the voucher's time had run out meanwhile.

    `unit_refs` are the units that are unused again.
    """

    redemption_ref: str
    voucher_ref: str
    order_ref: str
    offer_ref: str
    unit_refs: tuple[str, ...]
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
    terms: Terms
    given: bool
    """Whether it changed hands; whoever looks by the order it was bought with sees no code then."""
    gives_back: bool
    """Whether its terms promise the shopper the money of what is unused, at the moment that was asked for."""
    blocked: bool = False
    """Its payment is in dispute: it is not redeemed for now."""


@dataclass(frozen=True, slots=True)
class ExpiredVoucher:
    """A voucher whose last day is over, with its unused units, and what was promised of their money."""

    voucher_ref: str
    order_ref: str
    valid_until: datetime
    unit_refs: tuple[str, ...]
    refund: RefundPromise


@dataclass(frozen=True, slots=True)
class RedeemedLine:
    """A redemption as the merchant's page of the day shows it. It says nothing about the shopper.

    `scan_ref` is the first redemption of its scan: what one scan used is undone together.
    """

    redemption_ref: str
    scan_ref: str
    unit_ref: str
    titles: dict[str, str]
    store_ref: str
    store_names: dict[str, str]
    actor_ref: str
    device_name: str | None
    staff_name: str | None
    at: datetime
    undone_at: datetime | None
    channel: str
    """Who sold it, where it was not this site: then it has no unit."""


@dataclass(frozen=True, slots=True)
class ExpiringVoucher:
    """A voucher that ends soon with something left on it, for the reminder; `zone` is the merchant's.

    `gives_back` says whether its owner may take the money of what is unused until its end.
    """

    voucher_ref: str
    person_ref: str
    titles: dict[str, str]
    merchant_names: dict[str, str]
    valid_until: datetime
    zone: str
    gives_back: bool


@dataclass(frozen=True, slots=True)
class GiftView:
    """A voucher that is given by a link. `token` opens it; "" once it is open or taken back."""

    ref: str
    token: str
    voucher_ref: str
    giver_ref: str
    giver_name: str
    message: str
    titles: dict[str, str]
    merchant_names: dict[str, str]
    valid_until: datetime
    zone: str
    givable: bool
    """Whether the voucher could still change hands at the moment that was asked for."""
    claimed_at: datetime | None
    claimed_by_ref: str | None
    taken_back_at: datetime | None


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
class EndingUnits:
    """Unused units of a merchant whose vouchers end on one day; `goes_back`: the terms send their money back then."""

    ends_on: date
    goes_back: bool
    unit_refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """Something that was enjoyed and neither undone nor refunded: of which order, in which store, when last."""

    order_ref: str
    person_ref: str
    store_ref: str
    offer_ref: str
    titles: dict[str, str]
    at: datetime
