"""Scans that were made without a network: what is told, what came of it, who bears what could not be redeemed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ScanOutcome(StrEnum):
    """What came of a scan when its device told of it."""

    WAITS = "waits"
    """Its transaction is under way; nobody else sees it."""
    REDEEMED = "redeemed"
    CONFLICT = "conflict"
    """It was served, and something that came first in the server's order had taken what it wanted."""
    REFUSED = "refused"
    """Its QR is none of this merchant's. It is counted, and no row is kept."""


class Bearer(StrEnum):
    """Who bears what was served and could not be redeemed."""

    SHOP = "shop"
    """The shop writes it off: nothing is owed to it."""
    SHOPPER = "shopper"
    """The shop asks the shopper for it."""


@dataclass(frozen=True, slots=True)
class OfflineLimits:
    """What a merchant's scanners may do without a network, and who bears a conflict (None: a person decides).

    They stop `most_hours` after they last reached the site, at `most_scans` in the queue, or before its value passes
    `most_value_minor`, in minor units of the merchant's currency.
    """

    allowed: bool
    most_hours: int
    most_scans: int
    most_value_minor: int
    borne_by: Bearer | None


DEFAULT_OFFLINE = OfflineLimits(
    allowed=True, most_hours=8, most_scans=50, most_value_minor=50_000, borne_by=Bearer.SHOP
)


@dataclass(frozen=True, slots=True)
class ScanFact:
    """What a device tells of one scan: `scanned_at` by its own clock, the text of the QR, and its own nonce."""

    nonce: str
    qr: str
    scanned_at: datetime
    uses: int = 1


@dataclass(frozen=True, slots=True)
class ScanTold:
    """What came of one fact. `at` is its moment by the server's clock; `reason` is the code of a conflict.

    Of a refused one nothing but its nonce is said.
    """

    nonce: str
    outcome: ScanOutcome
    ref: str = ""
    reason: str = ""
    title: str = ""
    at: datetime | None = None
    borne_by: Bearer | None = None
    replay: bool = False


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A conflict as the shop sees it, without the shopper: what, where, when, why, and who bears it.

    `first_at`, `first_store` and `first_by` tell of the redemption that came first, where there is one.
    """

    ref: str
    titles: Mapping[str, str]
    store_ref: str
    store_names: Mapping[str, str]
    device_name: str
    staff_name: str
    scanned_at: datetime
    received_at: datetime
    reason: str
    first_at: datetime | None
    first_store: Mapping[str, str] | None
    first_by: str
    borne_by: Bearer | None
    settled_by: str
    settled_at: datetime | None
    settled_reason: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """Vouchers of a merchant that are over before their time, and codes of those that were given away, as marks, the
    newest first; `complete` unless there are more than fit."""

    marks: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class VoucherStanding:
    """What tells why a scan came too late: of which order a voucher is, when it ends, its units, how often it was given."""

    order_ref: str
    valid_until: datetime
    unit_refs: frozenset[str]
    code_no: int
