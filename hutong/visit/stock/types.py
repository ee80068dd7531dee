"""Values of stock that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HoldState(StrEnum):
    """Where a hold stands; the moves are in `rules.HOLD_TRANSITIONS`."""

    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"


class HoldEvent(StrEnum):
    """What happens to a hold: paid in time, given up or timed out, paid after all."""

    CONFIRM = "confirm"
    RELEASE = "release"
    RETAKE = "retake"


@dataclass(frozen=True, slots=True)
class Want:
    """So many of one offer; `per_person_limit` None means that a person may take any number."""

    offer_ref: str
    quantity: int
    per_person_limit: int | None = None

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError("a want is for one at least")


@dataclass(frozen=True, slots=True)
class HoldView:
    """One order's hold on one offer."""

    order_ref: str
    offer_ref: str
    person_ref: str
    quantity: int
    state: HoldState
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StockView:
    """The counters of one offer; `capacity` and `left` are None when it is unlimited. `elsewhere` other channels sold."""

    offer_ref: str
    capacity: int | None
    held: int
    sold: int
    elsewhere: int

    @property
    def taken(self) -> int:
        """All that is held or sold, here and elsewhere."""
        return self.held + self.sold + self.elsewhere

    @property
    def left(self) -> int | None:
        """How many can still be held now; None when unlimited."""
        return None if self.capacity is None else max(0, self.capacity - self.taken)


@dataclass(frozen=True, slots=True)
class StockProblem:
    """A counter that does not agree with the holds behind it; `what` says which, in plain words."""

    ref: str
    what: str
