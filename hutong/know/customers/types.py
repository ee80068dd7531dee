"""Values of customers that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money


class VisitKind(StrEnum):
    """What a line of the timeline tells: bought, came and used it, or that use was undone."""

    PURCHASE = "purchase"
    REDEMPTION = "redemption"
    UNDO = "undo"


class Segment(StrEnum):
    """Where a customer stands, by recency and frequency; the grid is in `rules`."""

    BEST = "best"
    REGULAR = "regular"
    NEW = "new"
    OCCASIONAL = "occasional"
    SLIPPING = "slipping"
    LOST = "lost"
    BOUGHT = "bought"


class Sort(StrEnum):
    """How a customer list is ordered: last here first, most often first, most spent first."""

    RECENCY = "recency"
    FREQUENCY = "frequency"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Marks:
    """Recency, frequency and money, each from 1 (weak) to 5 (strong)."""

    recency: int
    frequency: int
    money: int


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A span of consent as the person sees it; live while `withdrawn_at` is None."""

    merchant_ref: str
    merchant_names: dict[str, str]
    granted_at: datetime
    withdrawn_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One line of the history of consents to merchants; `source` is where it was given or taken back."""

    merchant_ref: str
    merchant_names: dict[str, str]
    granted: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a merchant's list. The phone is masked; marks are None before the first visit.

    `visits` counts days, `spent` what was paid for all that was used, `last_titles` is the newest deal.
    """

    ref: str
    name: str
    phone_masked: str
    first_visit_at: datetime | None
    last_visit_at: datetime | None
    visits: int
    spent: Money
    marks: Marks | None
    segment: Segment
    last_titles: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class CustomerList:
    """One page of a list; `next_cursor` None at its end."""

    rows: tuple[CustomerRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many customers a merchant has in all, by segment, and by (recency, frequency) mark for a chart."""

    total: int
    by_segment: dict[Segment, int]
    by_marks: dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a customer's timeline; `undone` marks a redemption that was undone later."""

    kind: VisitKind
    ref: str
    titles: dict[str, str]
    store_names: dict[str, str] | None
    amount: Money
    at: datetime
    undone: bool


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A customer with the timeline, newest first, and since when the consent holds."""

    customer: CustomerRow
    consent_since: datetime
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class CustomerProblem:
    """A customer whose counts and visits do not agree; `what` says how, in plain words."""

    ref: str
    what: str
