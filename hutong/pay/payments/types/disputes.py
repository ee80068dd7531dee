"""What crosses the boundary about disputes: a cardholder's bank takes a payment back, and the shop may answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money


class DisputeStatus(StrEnum):
    """Where a dispute stands, in one vocabulary for all providers."""

    NEEDS_RESPONSE = "needs_response"
    """Evidence may be sent until it is due; without any the dispute is lost."""
    UNDER_REVIEW = "under_review"
    """The bank reads what was sent."""
    WON = "won"
    """The money came back."""
    LOST = "lost"


class Bearer(StrEnum):
    """Who bears what was redeemed of a lost dispute."""

    MERCHANT = "merchant"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """What a provider says about one dispute.

    `provider_ref` is its id at the provider. The payment is named by our own reference, or ("" there) by its id at
    the provider, `payment_provider_ref`. `amount` is what the provider took back when the dispute was opened, `fee`
    what it keeps for it by now (nothing again where it gave it back), which may be of another unit.
    """

    provider_ref: str
    payment_ref: str
    payment_provider_ref: str
    amount: Money
    fee: Money
    reason: str
    status: DisputeStatus
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A document for the bank. Its type was found out from its bytes."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is sent to a provider in answer to a dispute: the facts in words, and documents."""

    text: str
    files: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class LossShares:
    """How a lost dispute is borne: the units that end, and who bears how many minor units.

    `unused` end as refunded, out of what was not redeemed; `used` end as refunded, too, and the merchant bears them.
    The platform bears the rest.
    """

    unused: tuple[str, ...]
    used: tuple[str, ...]
    from_unredeemed: int
    from_merchant: int
    from_platform: int


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute as others see it. The shares are there once it was lost; `fee_changes`: how often the fee changed."""

    ref: str
    provider: str
    provider_ref: str
    payment_ref: str
    order_ref: str
    merchant_ref: str
    amount: Money
    fee: Money
    reason: str
    status: DisputeStatus
    borne_by: Bearer
    due_at: datetime | None
    opened_at: datetime
    submitted_at: datetime | None
    closed_at: datetime | None
    from_unredeemed: Money
    from_merchant: Money
    from_platform: Money
    fee_changes: int = 0

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A piece of evidence somebody added: words, or a document (`file_name`). `sent_at`: it went to the bank."""

    ref: str
    text: str
    file_name: str
    content_type: str
    by_ref: str
    at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class DisputeRecorded:
    """The answer of `record_dispute`.

    `opened`: it is new, and its money left. `ended`: it was won or lost now. `fee_changes` are what the provider keeps
    more (or, negative, less) than it said before, one for each unit. All false and none: old news, or the same again.
    """

    dispute: DisputeView
    opened: bool
    ended: bool
    fee_changes: tuple[Money, ...] = ()
    conflict: bool = False
