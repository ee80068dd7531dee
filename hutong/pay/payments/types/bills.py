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
class Bill:
    """One day of a provider's bill, as the provider counts days. What is broken is kept beside the rest."""

    lines: tuple[BillLine, ...]
    broken: tuple[BrokenLine, ...] = ()


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


@dataclass(frozen=True, slots=True)
class BillDifference:
    """One thing to be explained: what it is about ("" where the line names nothing), and both sides in words."""

    kind: DifferenceKind
    ref: str
    provider_ref: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Matched:
    """A bill against our rows: each line is one of `refs` (it fits) or has its difference, none is left over."""

    refs: tuple[str, ...]
    differences: tuple[BillDifference, ...]


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A difference as it is kept until somebody has explained it."""

    difference_ref: str
    provider: str
    on: date
    kind: DifferenceKind
    ref: str
    provider_ref: str
    ours: str
    theirs: str
    note: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as it was matched: how many lines it had, how many fit, and how many differences are open."""

    provider: str
    on: date
    fetched_at: datetime
    lines: int
    matched: int
    open: int
