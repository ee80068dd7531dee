"""What crosses the boundary of `placements`. Names and titles are by language; see `kernel.text.pick`."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PlacementState(StrEnum):
    """Where a placement stands; an ended one stays ended."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class PlacementEvent(StrEnum):
    """What an operator may do with a placement; `rules.MOVES` says when."""

    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


class Subject(StrEnum):
    """What a placement shows."""

    STORE = "store"
    DEAL = "deal"


class Counted(StrEnum):
    """What is counted of a placement."""

    VIEW = "view"
    CLICK = "click"


@dataclass(frozen=True, slots=True)
class Slotted:
    """A placement that may be shown now: its public id, and what to show (`sto_...` or `off_...`)."""

    ref: str
    subject: Subject
    subject_ref: str


@dataclass(frozen=True, slots=True)
class PlacementDraft:
    """What an operator says of a new placement.

    `subject_ref` is a shop or a deal. `category_slug` None means the home page and every list the shop belongs to;
    otherwise lists of that category (of all its categories where it is a group) and not the home page.
    """

    region_ref: str
    subject_ref: str
    category_slug: str | None
    starts_at: datetime
    ends_at: datetime
    views_a_day: int


@dataclass(frozen=True, slots=True)
class PlacementView:
    """A placement as the operator sees it. `views` and `clicks` are of all its days, the others of today."""

    ref: str
    subject: Subject
    subject_ref: str
    names: dict[str, str]
    merchant_names: dict[str, str] | None
    region_names: dict[str, str]
    zone: str
    category_names: dict[str, str] | None
    state: PlacementState
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    views_a_day: int
    views: int
    clicks: int
    views_today: int
    clicks_today: int
    shown: bool


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often a placement was shown and followed on a day of its region."""

    day: date
    views: int
    clicks: int
