"""What crosses the boundary of `payments` about the providers' bills."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line of a provider's bill: money that came, or (`refund_ref` set) money that went back.

    `fee` is what the provider kept, negative where it gave a part back. `payment_ref` and `refund_ref` are
    what the line says of us, "" where it names nothing of ours. `status` is the provider's own word.
    """

    payment_ref: str
    refund_ref: str
    provider_ref: str
    amount: Money
    fee: Money
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line of a bill that cannot be read: which one (from 1), its text, and why."""

    number: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class BillPayout:
    """What the provider paid out of what it holds into our bank account; negative where it came back."""

    provider_ref: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Bill:
    """One day of a provider's bill, as the provider counts days. What is broken is kept beside the rest.

    `payouts` are those of that day, where the provider's bill names them.
    """

    lines: tuple[BillLine, ...]
    broken: tuple[BrokenLine, ...] = ()
    payouts: tuple[BillPayout, ...] = ()


@dataclass(frozen=True, slots=True)
class AgreedFee:
    """What a provider keeps of a payment: a rate in millionths, rounded half up, and so many minor units."""

    rate_ppm: int
    fixed: int = 0


@dataclass(frozen=True, slots=True)
class AgreedRateView:
    """What was agreed with a provider about one currency; it holds from the bill of `since` on."""

    provider: str
    unit: str
    since: date
    fee: AgreedFee


class DifferenceKind(StrEnum):
    """How a bill and our rows can disagree."""

    MISSING_HERE = "missing_here"
    """The bill names money that we do not know."""
    MISSING_THERE = "missing_there"
    """Our money is on neither the bill of its day nor the one after."""
    AMOUNT = "amount"
    CURRENCY = "currency"
    FEE = "fee"
    """The provider kept another fee than was agreed."""
    DUPLICATE = "duplicate"
    """The same money is on a bill again."""
    STATUS = "status"
    """The bill says it moved, our rows say it did not."""
    BROKEN = "broken"
    """The line cannot be read."""


@dataclass(frozen=True, slots=True)
class OurMoney:
    """One payment or refund as our rows have it, to be found on a bill. `ref` is its public id."""

    ref: str
    amount: Money
    done: bool


class Explanation(StrEnum):
    """What became of a difference."""

    PROMISED = "promised"
    """The provider corrects it; it stays booked until a line of a later bill does."""
    CORRECTED = "corrected"
    """A later bill took it back."""
    WRITTEN_OFF = "written_off"
    """Nobody makes it good: the platform bears it, or keeps it."""
    OUR_ROW = "our_row"
    """Our row was wrong, or late; now it fits."""
    NOTED = "noted"
    """No money was booked for it, and words are enough."""


@dataclass(frozen=True, slots=True)
class BillDifference:
    """One thing to be explained: what it is about ("" where the line names nothing), and both sides.

    `ours` and `theirs` are signed, negative where money went back; None where a side has nothing. `done`: our rows
    say that it happened. `text` is the provider's own word for its state, or the text of a line that is broken.
    """

    kind: DifferenceKind
    ref: str
    provider_ref: str
    ours: Money | None = None
    done: bool = False
    theirs: Money | None = None
    fee: Money | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class BilledSum:
    """A bill in one unit, in minor units: its lines are what our rows say of them and what is booked as different.

    `fees_kept` and `fees_back` are both not negative.
    """

    unit: str
    lines: int
    ours: int
    booked: int
    fees_kept: int
    fees_back: int

    @property
    def fees(self) -> int:
        """What the provider kept, less what it gave back."""
        return self.fees_kept - self.fees_back


@dataclass(frozen=True, slots=True)
class BilledTotals:
    """What bills and payouts changed in what a provider holds, in minor units of one unit.

    It keeps `fees`, has `paid_out`, and holds `booked` more than our rows say; of that, `open` is not written off.
    """

    provider: str
    unit: str
    fees: int
    paid_out: int
    booked: int
    open: int


@dataclass(frozen=True, slots=True)
class Matched:
    """A bill against our rows: each line is one of `refs` (it fits) or has its difference, none is left over.

    `counted` is what our rows say of the lines and of what is missing, signed.
    """

    refs: tuple[str, ...]
    differences: tuple[BillDifference, ...]
    counted: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A difference as it is kept. `booked`: what of it is in the books, signed as what the provider has more.

    `corrected_on` is the day of the bill that took it back, `corrected_by` the provider's number of its line.
    """

    difference_ref: str
    provider: str
    on: date
    kind: DifferenceKind
    ref: str
    provider_ref: str
    ours: Money | None
    done: bool
    theirs: Money | None
    fee: Money | None
    text: str
    booked: tuple[Money, ...]
    bookings: int
    explanation: Explanation | None
    note: str
    explained_by: str
    explained_at: datetime | None
    confirmed_by: str
    closed_at: datetime | None
    corrected_on: date | None
    corrected_by: str

    @property
    def awaits_second(self) -> bool:
        """Somebody wants to write it off, and it takes another operator to agree."""
        return self.explanation is Explanation.WRITTEN_OFF and self.closed_at is None


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as it was matched: how many lines it had, how many fit, how many differences are open, and its sums."""

    provider: str
    on: date
    fetched_at: datetime
    lines: int
    matched: int
    open: int
    sums: tuple[BilledSum, ...] = ()


@dataclass(frozen=True, slots=True)
class BankInView:
    """What a provider paid into the platform's bank account: named by a bill, or entered by an operator."""

    bank_in_ref: str
    provider: str
    amount: Money
    on: date
    provider_ref: str
    note: str
    by: str
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptBill:
    """What keeping a bill found, for the books. `corrected` are older differences that this bill took back, each as
    it stood before; `new` says that the bill was not here before: otherwise nothing is to be booked."""

    bill: BillView
    new: bool = False
    found: tuple[DifferenceView, ...] = ()
    corrected: tuple[DifferenceView, ...] = ()
    paid_out: tuple[BankInView, ...] = ()
