"""Values of opening hours as people edit them; the text in OpenStreetMap's syntax is what is stored."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `opens` to `closes`, in minutes after midnight by the clock on the wall.

    `opens` is before 24:00; `closes` may be 24:00. One that does not lie behind `opens` is on the next day.
    """

    opens: int
    closes: int

    @property
    def over_midnight(self) -> bool:
        """Whether it ends on the next day, later than at midnight."""
        return self.closes <= self.opens

    @property
    def ends(self) -> int:
        """`closes` in minutes after the midnight before `opens`."""
        return self.closes + MINUTES_A_DAY if self.over_midnight else self.closes


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True, order=True)
class ExceptionDays:
    """Days on which other hours hold, the last one included; without spans the store is closed on them."""

    first_on: date
    last_on: date
    spans: Spans = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """Opening hours as a form shows them: the spans that begin on each day from Monday on, and what differs.

    `holidays` are the spans of public holidays, empty for closed, None when they are days like any other.
    A span over midnight belongs to the evening it begins in, whatever holds on the next day.
    """

    days: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
    holidays: Spans | None = None
    exceptions: tuple[ExceptionDays, ...] = ()

    def of_day(self, day: date, *, holiday: bool) -> Spans:
        """The spans that begin on a day: an exception goes before a holiday, that before the weekday."""
        for exception in self.exceptions:
            if exception.first_on <= day <= exception.last_on:
                return exception.spans
        if holiday and self.holidays is not None:
            return self.holidays
        return self.days[day.weekday()]

    @property
    def over_midnight(self) -> bool:
        """Whether any of its spans ends on the next day."""
        every = [*self.days, self.holidays or (), *(one.spans for one in self.exceptions)]
        return any(span.over_midnight for spans in every for span in spans)


class HoursFault(StrEnum):
    """What may be wrong with hours that somebody typed."""

    OVERLAP = "overlap"
    RUNS_INTO_NEXT_DAY = "runs_into_next_day"
    DATES_TURNED = "dates_turned"
    DATES_TWICE = "dates_twice"
    TOO_MANY = "too_many"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    TIME_MISSING = "time_missing"


@dataclass(frozen=True, slots=True)
class FoundFault:
    """A fault and where it is: `day` is 0 for Monday and 7 for public holidays, `exception` counts from 0."""

    kind: HoursFault
    day: int | None = None
    exception: int | None = None
