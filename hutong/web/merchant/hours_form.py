"""The table of opening hours as a form sends it: rows of days and of exceptions, with buttons that add and remove.

The browser sends everything it shows, so the page works without JavaScript: a button changes the rows, and they
are shown again; only "Save" stores them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from hutong.town.merchants.rules import HOLIDAYS, MAX_EXCEPTIONS, MAX_SPANS, clean_note, clock_text, faults
from hutong.town.merchants.types import (
    MINUTES_A_DAY,
    ExceptionDays,
    FoundFault,
    HoursFault,
    Span,
    Spans,
    WeekPlan,
)

HOURS, CLOSED, ALWAYS, AS_USUAL = "hours", "closed", "always", "usual"
_WHOLE_DAY = (Span(0, MINUTES_A_DAY),)


@dataclass
class Row:
    """The hours of one day, or of one exception: how it is open, and its spans as typed."""

    mode: str = CLOSED
    spans: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The spans to show: at least an empty one, to be typed in."""
        return self.spans or [("", "")]

    @property
    def full(self) -> bool:
        """Whether no span can be added."""
        return len(self.spans) >= MAX_SPANS


@dataclass
class ExceptionRow(Row):
    """Days on which other hours hold."""

    first: str = ""
    last: str = ""
    note: str = ""


@dataclass
class Table:
    """The whole form: seven days and public holidays, and the exceptions."""

    days: list[Row]
    exceptions: list[ExceptionRow]
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        rows: list[Row] = [*self.days, *self.exceptions]
        return not self.faults and not any(row.faults for row in rows)


def table_of(plan: WeekPlan, today: date) -> Table:
    """The form of a plan; exceptions that are over are left out, and so go with the next save."""
    holidays = Row(AS_USUAL) if plan.holidays is None else _row(plan.holidays)
    exceptions = [
        ExceptionRow(
            mode=row.mode,
            spans=row.spans,
            first=one.first_on.isoformat(),
            last=one.last_on.isoformat(),
            note=one.note,
        )
        for one in plan.exceptions
        if one.last_on >= today
        for row in [_row(one.spans)]
    ]
    return Table([*(_row(spans) for spans in plan.days), holidays], exceptions)


def read_table(sent: Mapping[str, str]) -> Table:
    """The form as it was sent, whatever is in it; only so many rows are looked at."""
    days = [Row(_mode(sent, f"d{day}", day), _spans_sent(sent, f"d{day}")) for day in range(8)]
    count = sent.get("exceptions", "0")
    exceptions = [
        ExceptionRow(
            mode=_mode(sent, f"x{number}", None),
            spans=_spans_sent(sent, f"x{number}"),
            first=sent.get(f"x{number}_first", "")[:10],
            last=sent.get(f"x{number}_last", "")[:10],
            note=clean_note(sent.get(f"x{number}_note", "")),
        )
        for number in range(min(int(count) if count.isdecimal() else 0, MAX_EXCEPTIONS))
    ]
    return Table(days, exceptions)


def change(table: Table, action: str, today: date) -> None:
    """What a button asks for, such as `add-3`, `drop-3-1`, `copy-0`, `xadd`, `xdrop-2`; an unknown one changes nothing."""
    verb, *numbers = action.split("-")
    places = [int(number) for number in numbers if number.isdecimal()]
    rows: list[Row] = [*table.exceptions] if verb.startswith("x") else [*table.days]
    if verb == "xadd" and len(table.exceptions) < MAX_EXCEPTIONS:
        table.exceptions.append(ExceptionRow(first=today.isoformat()))
    elif not places or places[0] >= len(rows):
        return
    elif verb in ("add", "xspan") and not rows[places[0]].full:
        row = rows[places[0]]
        row.mode, row.spans = HOURS, [*row.shown, ("", "")]
    elif verb in ("drop", "xless") and len(places) > 1:
        row = rows[places[0]]
        row.spans = [span for place, span in enumerate(row.spans) if place != places[1]]
        row.mode = row.mode if row.spans else CLOSED
    elif verb in ("copy", "week"):
        source = table.days[places[0]]
        for day in range(5 if verb == "week" else 7):
            table.days[day] = Row(source.mode, list(source.spans))
    elif verb == "xdrop":
        del table.exceptions[places[0]]


def plan_of(table: Table) -> WeekPlan | None:
    """The plan that was typed, or None after the faults were written beside their rows."""
    spans = [_typed(row) for row in table.days]
    exceptions = [_exception(row) for row in table.exceptions]
    if not table.good:
        return None
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = spans[:HOLIDAYS]
    usual = table.days[HOLIDAYS].mode == AS_USUAL
    plan = WeekPlan(
        days=(monday, tuesday, wednesday, thursday, friday, saturday, sunday),
        holidays=None if usual else spans[HOLIDAYS],
        exceptions=tuple(sorted(one for one in exceptions if one)),
    )
    # Faults are found by place, so the rows stand in the order of the plan's exceptions.
    table.exceptions.sort(key=lambda row: (row.first, row.last))
    found = faults(plan)
    for fault in found:
        _place(table, fault)
    return None if found else plan


def _place(table: Table, fault: FoundFault) -> None:
    words = {
        HoursFault.OVERLAP: _("These hours overlap. Change one of them."),
        HoursFault.RUNS_INTO_NEXT_DAY: _("The last hours run into those of the next day."),
        HoursFault.DATES_TURNED: _("The last day is before the first one, or more than a year later."),
        HoursFault.DATES_TWICE: _("Another exception has one of these days already."),
        HoursFault.TOO_MANY: _("At most 40 exceptions. Remove some."),
        HoursFault.TOO_LONG: _("This is more than can be stored. Remove some exceptions."),
    }[fault.kind]
    if fault.day is not None:
        table.days[fault.day].faults.append(words)
    elif fault.exception is not None:
        table.exceptions[fault.exception].faults.append(words)
    else:
        table.faults.append(words)


def _row(spans: Spans) -> Row:
    if spans == _WHOLE_DAY:
        return Row(ALWAYS)
    typed = [(clock_text(span.opens), clock_text(span.closes % MINUTES_A_DAY)) for span in spans]
    return Row(HOURS if spans else CLOSED, typed)


def _mode(sent: Mapping[str, str], prefix: str, day: int | None) -> str:
    mode = sent.get(f"{prefix}_mode", "")
    allowed = (HOURS, CLOSED, ALWAYS, AS_USUAL) if day == HOLIDAYS else (HOURS, CLOSED, ALWAYS)
    return mode if mode in allowed else CLOSED


def _spans_sent(sent: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    spans = []
    for number in range(MAX_SPANS):
        opens, closes = sent.get(f"{prefix}_{number}_from"), sent.get(f"{prefix}_{number}_to")
        if opens is not None and closes is not None:
            spans.append((opens[:5], closes[:5]))
    return spans


def _minutes(text: str) -> int | None:
    hours, _colon, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        return None
    value = int(hours) * 60 + int(minutes)
    return value if int(minutes) < 60 and value < MINUTES_A_DAY else None


def _typed(row: Row) -> Spans:
    """The spans of a row. Midnight as the end is 24:00. What cannot be read is said beside the row."""
    if row.mode == ALWAYS:
        return _WHOLE_DAY
    if row.mode != HOURS:
        return ()
    spans = []
    for opens_text, closes_text in row.spans:
        if not opens_text and not closes_text:
            continue
        opens, closes = _minutes(opens_text), _minutes(closes_text)
        if opens is None or closes is None:
            row.faults.append(_("Say from when and until when, such as 09:00 and 17:30."))
            return ()
        spans.append(Span(opens, closes or MINUTES_A_DAY))
    if not spans:
        row.faults.append(_("Say from when and until when, such as 09:00 and 17:30."))
    return tuple(sorted(spans))


def _exception(row: ExceptionRow) -> ExceptionDays | None:
    try:
        first = date.fromisoformat(row.first)
        last = date.fromisoformat(row.last) if row.last else first
    except ValueError:
        row.faults.append(_("Say on which day, or from which to which."))
        return None
    return ExceptionDays(first, last, _typed(row), row.note)
