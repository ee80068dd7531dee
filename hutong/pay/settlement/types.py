"""What crosses the boundary of `settlement`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money
from hutong.kernel.text import mask_email


@dataclass(frozen=True, slots=True)
class Share:
    """The amounts of one redeemed unit, fixed at sale: what it sold for and what is kept of that.

    `provider_fee` is what the merchant bears of the provider's fee.
    """

    unit_ref: str
    gross: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money

    @property
    def net(self) -> Money:
        """What the merchant gets."""
        return self.gross - self.commission - self.commission_tax - self.provider_fee


@dataclass(frozen=True, slots=True)
class SettledUnit:
    """One unit as it was settled; `undone_at` is set when its redemption was undone."""

    unit_ref: str
    reference: str
    merchant_ref: str
    store_ref: str
    gross: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money
    net: Money
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a merchant earned over a span, undone ones left out: what is kept of `gross` leaves `net`."""

    units: int
    gross: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money
    net: Money

    @property
    def kept(self) -> Money:
        """Commission, the tax on it and the share of the provider's fee."""
        return self.gross - self.net


class PayoutEvery(StrEnum):
    """How often a merchant is paid."""

    BATCH = "batch"
    """With every batch that is made."""
    WEEK = "week"
    MONTH = "month"


ACCOUNT_CHANGED = "account_changed"
"""The reason of a payout that was not sent because the merchant is paid to another account by now."""


class BatchState(StrEnum):
    """Where a batch of payouts stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    CLOSED = "closed"
    """The bank has answered for each of its payouts."""
    DROPPED = "dropped"


class PayoutState(StrEnum):
    """Where one payout stands. `DROPPED` never left; what it was to pay waits for the next one."""

    PENDING = "pending"
    SENT = "sent"
    PAID = "paid"
    BOUNCED = "bounced"
    DROPPED = "dropped"


class AdjustmentReason(StrEnum):
    """Why what is owed to a merchant changed without a redemption."""

    DISPUTE = "dispute"
    """A shopper's bank took the money back, and the merchant bears it."""
    PROVIDER_FEE = "provider_fee"
    CORRECTION = "correction"


class CorrectionState(StrEnum):
    """Where a correction stands that one operator may not book alone."""

    WAITING = "waiting"
    BOOKED = "booked"
    DECLINED = "declined"


class NotDue(StrEnum):
    """Why a merchant to whom something is owed is not in a batch."""

    NO_ACCOUNT = "no_account"
    NEW_ACCOUNT = "new_account"
    """The bank account changed a moment ago."""
    NOT_YET = "not_yet"
    """Paid this week, or this month, already."""
    TOO_LITTLE = "too_little"
    BELOW_LEAST = "below_least"
    """Less than the provider sends that would send it."""


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """How the site pays out, where a merchant has no terms of its own. Amounts in whole major units."""

    holdback_days: int
    cooling_days: int
    second_above: int
    minimum: int


class AccountType(StrEnum):
    """What kind of account a merchant is paid to."""

    BANK = "bank"
    ALIPAY = "alipay"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class BankDetails:
    """Where money goes, as it was checked: an IBAN, or an account number with the code of its bank.

    At Alipay `account_number` is the e-mail address or phone number by which the holder signs in, at Stripe the id of the
    account (`acct_...`), whose country nobody asks.
    """

    holder: str
    country: str
    iban: str
    account_number: str
    bank_code: str
    bic: str
    kind: AccountType = AccountType.BANK

    @property
    def number(self) -> str:
        """What the bank calls the account."""
        return self.iban or self.account_number

    @property
    def masked(self) -> str:
        """The account as pages show it: `FI •••• 0785`, `Alipay k•••@example.org`, `Stripe •••• 5678`."""
        if self.kind is AccountType.ALIPAY and "@" in self.number:
            return f"Alipay {mask_email(self.number)}"
        where = self.country if self.kind is AccountType.BANK else self.kind.value.capitalize()
        return f"{where} •••• {self.number[-4:]}"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A merchant's bank account. Nothing is paid to it before `usable_at`."""

    ref: str
    merchant_ref: str
    details: BankDetails
    created_at: datetime
    created_by: str
    usable_at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how a merchant is paid; `own_holdback` says that it is not the site's. `minimum` in minor units."""

    every: PayoutEvery
    holdback_days: int
    own_holdback: bool
    minimum: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be paid to one merchant at a moment.

    `due`: the sum of everything past its holdback, less what went back meanwhile. `balance`: what the books owe
    in all. `next_at`: when more is past its holdback, None when nothing waits.
    """

    merchant_ref: str
    due: Money
    balance: Money
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A merchant that is owed something and not in the batch, and why."""

    claim: Claim
    why: NotDue


@dataclass(frozen=True, slots=True)
class PayoutView:
    """One payout to one merchant."""

    ref: str
    batch_ref: str
    merchant_ref: str
    amount: Money
    state: PayoutState
    details: BankDetails
    made_at: datetime
    sent_at: datetime | None
    paid_at: datetime | None
    bounced_at: datetime | None
    reason: str
    via: str = ""
    """The provider that sends it; "" where it is in a file for the bank."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch of payouts. `total` and `payouts` count what was not dropped."""

    ref: str
    on: date
    unit: str
    state: BatchState
    needs_two: bool
    made_by: str
    made_at: datetime
    approved_by: str
    seconded_by: str
    sent_at: datetime | None
    closed_at: datetime | None
    total: Money
    payouts: int
    open: int


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """A change of what is owed to a merchant, signed: negative is less."""

    ref: str
    merchant_ref: str
    amount: Money
    reason: AdjustmentReason
    reference: str
    subject_ref: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """What an operator wants to give a merchant or take, which waits for a second one; signed as an adjustment."""

    ref: str
    merchant_ref: str
    amount: Money
    reason: AdjustmentReason
    note: str
    state: CorrectionState
    asked_by: str
    asked_at: datetime
    decided_by: str


class LineKind(StrEnum):
    """What a line of a statement is."""

    REDEEMED = "redeemed"
    UNDONE = "undone"
    """Undone, or refunded after it was redeemed."""
    ADJUSTED = "adjusted"
    PAID_OUT = "paid_out"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of what is owed to a merchant. `amount` is signed, and the sum of all is the balance's change.

    `ref` names the unit, the adjustment or the payout; gross and what is kept are None where there is none.
    """

    kind: LineKind
    at: datetime
    ref: str
    amount: Money
    store_ref: str = ""
    gross: Money | None = None
    commission: Money | None = None
    commission_tax: Money | None = None
    provider_fee: Money | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month of one currency whose books are closed, or were until somebody opened them again."""

    ref: str
    on: date
    unit: str
    starts_at: datetime
    ends_at: datetime
    closed_by: str
    closed_at: datetime
    reopened_by: str
    reopened_at: datetime | None
    reason: str
