"""Values of flash sales that cross the boundary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class TicketState(StrEnum):
    """Where a ticket stands.

    waiting: in line. admitted: may order until `admitted_until`. ordering: its order waits for the money. done: its
    order is paid. lapsed: its time was over before. left: given up by whoever had it.
    """

    WAITING = "waiting"
    ADMITTED = "admitted"
    ORDERING = "ordering"
    DONE = "done"
    LAPSED = "lapsed"
    LEFT = "left"


class Phase(StrEnum):
    """Where a sale stands on the clock: nothing yet, people gather in line, people buy, over."""

    ANNOUNCED = "announced"
    GATHERING = "gathering"
    OPEN = "open"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SaleView:
    """A flash sale. `places` is None where there is no line, and whoever comes may order."""

    ref: str
    offer_ref: str
    starts_at: datetime
    ends_at: datetime
    gathers_at: datetime
    places: int | None
    minutes: int

    @property
    def has_line(self) -> bool:
        """Whether an order needs a ticket."""
        return self.places is not None

    def phase(self, at: datetime) -> Phase:
        """Where it stands at `at`."""
        if at >= self.ends_at:
            return Phase.OVER
        if at >= self.starts_at:
            return Phase.OPEN
        return Phase.GATHERING if self.has_line and at >= self.gathers_at else Phase.ANNOUNCED


@dataclass(frozen=True, slots=True)
class TicketView:
    """Somebody's place in line.

    `ahead` are the people who wait in front, None for who does not wait; with `about` it is the most it can be, since
    nobody counts a long line for each question. `ahead_at_first` is what it was on arrival.
    """

    ref: str
    number: int
    state: TicketState
    ahead: int | None
    about: bool
    ahead_at_first: int
    arrived_at: datetime
    admitted_until: datetime | None
    order_ref: str

    def may_order(self, at: datetime) -> bool:
        """Whether an order may use it at `at`."""
        return (
            self.state is TicketState.ADMITTED
            and self.admitted_until is not None
            and self.admitted_until > at
        )

    def is_over(self, at: datetime) -> bool:
        """Whether it is good for nothing any more, so that one may come to the end of the line again."""
        if self.state in (TicketState.LAPSED, TicketState.LEFT):
            return True
        held = self.state in (TicketState.ADMITTED, TicketState.ORDERING)
        return held and self.admitted_until is not None and self.admitted_until <= at


@dataclass(frozen=True, slots=True)
class Standing:
    """A sale as one person finds it. `free` are the places nobody has, `admissions` the last moments of admission."""

    sale: SaleView
    ticket: TicketView | None
    free: int
    admissions: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody still waits at the measured rate, None while there is none; and when to ask again."""

    estimate: timedelta | None
    ask_again_s: int
