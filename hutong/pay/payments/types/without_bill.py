"""Days without a bill, and the money of them that stands on none."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money


class WithoutBillState(StrEnum):
    """What became of an operator's word that there is no bill of some days."""

    WAITING = "waiting"
    AGREED = "agreed"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class WithoutBillView:
    """Somebody says that a provider gives no bill of the days from `first_on` to `last_on`."""

    ref: str
    provider: str
    first_on: date
    last_on: date
    reason: str
    state: WithoutBillState
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unbilled:
    """A payment or refund that stands on no bill; `amount` is negative where money went back."""

    ref: str
    order_ref: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class UnbilledSum:
    """Payments and refunds that stand on no bill: how many, what came and what went back, both positive."""

    number: int
    came: Money
    went: Money


@dataclass(frozen=True, slots=True)
class Explained:
    """The money of a span in one unit, what came and what went back added up: how much of it, and of how many payments
    and refunds, stands on no bill because there is none."""

    number: int
    moved: Money
    number_without: int
    without: Money

    @property
    def per_mille(self) -> int:
        """What bills explain of it, in thousandths, rounded down: 1000 only where nothing is without a bill."""
        if not self.moved:
            return 1000
        return (self.moved.minor - self.without.minor) * 1000 // self.moved.minor
