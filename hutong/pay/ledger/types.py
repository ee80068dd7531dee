"""What crosses the ledger's boundary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money


class AccountKind(StrEnum):
    """What an account stands for. Its balance is what came in less what went out."""

    CLEARING = "clearing"
    """The other side of a provider's books: minus what the provider holds for us. Owner: the provider."""
    SUSPENSE = "suspense"
    """Money that arrived and belongs to no order. Owner: the provider."""
    UNREDEEMED = "unredeemed"
    """Paid, and not yet enjoyed: still the shopper's to take back. Owner: the merchant."""
    PAYABLE = "payable"
    """Owed to the merchant. Owner: the merchant."""
    PAYOUT = "payout"
    """On its way to the merchant's bank account. Owner: the merchant."""
    COMMISSION = "commission"
    """The platform's share. Owner: the platform."""
    COMMISSION_TAX = "commission_tax"
    """Tax on the commission, owed to the tax office. Owner: the platform."""
    PROVIDER_FEES = "provider_fees"
    """What merchants bear of the providers' fees, less what the providers kept. Owner: the platform."""
    PROMOTION = "promotion"
    """Minus what the platform put into discounts and goodwill. Owner: the platform."""
    LOSSES = "losses"
    """Minus what the platform bears of disputes and of differences nobody else does. Owner: the platform."""
    BANK = "bank"
    """Minus what lies in the platform's own bank account. Owner: the platform."""
    DISPUTED = "disputed"
    """Minus what the provider took back for disputes that have not ended. Owner: the provider."""
    DISCREPANCY = "discrepancy"
    """What a provider's bill says otherwise than our rows, until it is explained. Owner: the provider."""
    STORED_VALUE = "stored_value"
    """What is left on a gift card or in a balance. Owner: the card."""
    STORED_HELD = "stored_held"
    """Of that, what orders that wait for the rest of their money have set aside. Owner: the card."""
    POINTS_ISSUED = "points_issued"
    """Minus the points that were given and not taken back. Owner: the platform."""
    POINTS = "points"
    """Points that somebody has: the sum of what is left of their lots. Owner: the person."""
    POINTS_HELD = "points_held"
    """Points that orders which wait for their money have set aside. Owner: the person."""
    POINTS_SPENT = "points_spent"
    """Points that paid for something. Owner: the platform."""
    POINTS_EXPIRED = "points_expired"
    """Points that nobody spent in time. Owner: the platform."""


class OwnerType(StrEnum):
    """Who can own an account; a transfer between accounts of one owner type stays with one owner."""

    PROVIDER = "provider"
    MERCHANT = "merchant"
    PLATFORM = "platform"
    CARD = "card"
    PERSON = "person"


class TransactionKind(StrEnum):
    """Why money moved. `rules.DECLARED` says between which accounts each kind may move it."""

    CAPTURE = "capture"
    """An order was paid: by a provider, from gift cards, and by what the platform puts in."""
    SUSPENSE_IN = "suspense_in"
    """Money arrived that belongs to no order."""
    SUSPENSE_OUT = "suspense_out"
    """It was sent back."""
    REDEEM = "redeem"
    """A unit was enjoyed: the merchant is owed, the platform has its share."""
    UNDO_REDEEM = "undo_redeem"
    """A redemption was undone, or what was redeemed is refunded all the same."""
    REFUND = "refund"
    """What was not enjoyed went back to where it came from."""
    REFUND_RETURNED = "refund_returned"
    """It came back days later: the shopper's bank would not take it."""
    PROVIDER_FEE = "provider_fee"
    """A provider kept its fee, or gave a part of it back."""
    BANK_IN = "bank_in"
    """A provider paid what it held for us into the platform's bank account."""
    PAYOUT_SENT = "payout_sent"
    """A payout is with the bank."""
    PAYOUT_PAID = "payout_paid"
    """The merchant has it."""
    PAYOUT_BOUNCED = "payout_bounced"
    """It came back; the merchant is owed again."""
    ADJUST = "adjust"
    """What is owed to a merchant changes by an operator's word: at the platform's cost, or for a fee it bears."""
    DISPUTE_OPENED = "dispute_opened"
    """A provider took back what a cardholder disputes, and its fee for that."""
    DISPUTE_WON = "dispute_won"
    """The provider gave both back."""
    DISPUTE_LOST = "dispute_lost"
    """It keeps them: borne by what was not enjoyed or spent, by the merchant, or by the platform."""
    RECONCILE = "reconcile"
    """What a provider moved and our rows do not say, or the other way round."""
    WRITE_OFF = "write_off"
    """A difference that nobody makes good."""
    TOP_UP = "top_up"
    """A gift card was paid for."""
    GOODWILL = "goodwill"
    """The platform gave a balance away."""
    STORED_HOLD = "stored_hold"
    """An order that waits for the rest of its money set a part of a card aside."""
    STORED_RELEASE = "stored_release"
    """The order ended unpaid."""
    TOP_UP_REFUND = "top_up_refund"
    """A gift card that nobody used was refunded to its buyer."""
    POINTS_EARNED = "points_earned"
    """Something was paid and enjoyed: its points are there."""
    POINTS_TAKEN_BACK = "points_taken_back"
    """It was not enjoyed after all, or refunded."""
    POINTS_HOLD = "points_hold"
    """An order that waits for its money set points aside."""
    POINTS_RELEASE = "points_release"
    """It ended unpaid."""
    POINTS_SPENT = "points_spent"
    """It was paid."""
    POINTS_RETURNED = "points_returned"
    """What points had paid for was refunded: they are in their lots again."""
    POINTS_EXPIRED = "points_expired"
    """The time of a lot is over."""


class PartState(StrEnum):
    """Where the points that a lot gave to an order stand."""

    HELD = "held"
    SPENT = "spent"
    RELEASED = "released"


PLATFORM = "platform"
"""The owner of the platform's own accounts."""


@dataclass(frozen=True, slots=True)
class TransferSpec:
    """One movement asked for: a positive amount from one account to another of the same unit."""

    from_kind: AccountKind
    from_owner: str
    to_kind: AccountKind
    to_owner: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction in the books. `replayed` says that it was there already, with the same content."""

    transaction_ref: str
    reference: str
    kind: TransactionKind
    at: datetime
    replayed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer as read back from the books."""

    transaction_ref: str
    reference: str
    kind: TransactionKind
    at: datetime
    from_kind: AccountKind
    from_owner: str
    to_kind: AccountKind
    to_owner: str
    amount: Money


@dataclass(frozen=True, slots=True)
class LotView:
    """Points that somebody got together. `source_ref` names what they were earned with."""

    source_ref: str
    earned: Money
    remaining: Money
    earned_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of an earning that did not last. `written_off` was spent, and nobody owes it."""

    points: Money
    written_off: Money


@dataclass(frozen=True, slots=True)
class Returned:
    """Points that returned to their lots; of them `expired` at once, since their lot's time is over, and
    `taken_back` covers what could not be taken back before."""

    points: Money
    expired: Money
    taken_back: Money
