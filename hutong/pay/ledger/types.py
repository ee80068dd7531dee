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
    COMMISSION = "commission"
    """The platform's share. Owner: the platform."""


class OwnerType(StrEnum):
    """Who can own an account; a transfer between accounts of one owner type stays with one owner."""

    PROVIDER = "provider"
    MERCHANT = "merchant"
    PLATFORM = "platform"


class TransactionKind(StrEnum):
    """Why money moved. `rules.DECLARED` says between which accounts each kind may move it."""

    CAPTURE = "capture"
    SUSPENSE_IN = "suspense_in"
    SUSPENSE_OUT = "suspense_out"
    REDEEM = "redeem"
    UNDO_REDEEM = "undo_redeem"
    REFUND = "refund"


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
