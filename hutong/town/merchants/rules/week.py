"""The week as people edit it, to and from OpenStreetMap's syntax.

What the editor cannot show (months, sunsets, comments on weekdays, holidays of one year only) reads as None and
is edited as text; nothing is lost by looking at it.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

from hutong.town.merchants.types import (
    MINUTES_A_DAY,
    ExceptionDays,
    FoundFault,
    HoursFault,
    Span,
    Spans,
    WeekPlan,
)

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOLIDAYS = 7
MAX_HOURS_TEXT = 2_000
MAX_SPANS = 6
MAX_EXCEPTIONS = 40
MAX_NOTE = 60
LONGEST_EXCEPTION = timedelta(days=366)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ALWAYS = (Span(0, MINUTES_A_DAY),)
_NEVER: tuple[Spans, ...] = ((),) * 7

_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_ITEM = rf"(?:{_DAY}(?:\s*-\s*{_DAY})?|PH)"
_MONTH = f"(?:{'|'.join(_MONTHS)})"
_TIME = r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})"
_TIMES = rf"{_TIME}(?:\s*,\s*{_TIME})*"
_WEEKLY = re.compile(
    rf"(?:(?P<days>{_ITEM}(?:\s*,\s*{_ITEM})*)\s+)?(?:(?P<times>{_TIMES})(?:\s+open)?|(?P<off>off|closed))"
)
_DATED = re.compile(
    rf"(?P<year>\d{{4}})\s+(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})"
    rf"(?:\s*-\s*(?:(?:(?P<last_year>\d{{4}})\s+)?(?P<last_month>{_MONTH})\s+)?(?P<last_day>\d{{1,2}}))?"
    rf'\s+(?:(?P<times>{_TIMES})(?:\s+open)?|(?P<off>off|closed))(?:\s+"(?P<note>[^"]*)")?'
)
# `Mo-Th 11:00-22:00, Fr 11:00-24:00`: a comma between a time and a day begins another rule.
_NEXT_RULE = re.compile(rf"(?<=\d)\s*,\s*(?={_DAY}|PH)")


def write_week(plan: WeekPlan) -> str:
    """The hours in OpenStreetMap's syntax; `read_week` gives the same plan back. Closed days are not named."""
    rules = list(_weekly_rules(plan.days)) or ["off"]
    if plan.holidays is not None:
        rules.append(f"PH {_times(plan.holidays)}")
    rules += [_exception_rule(exception) for exception in sorted(plan.exceptions)]
    return "; ".join(rules)


@lru_cache(maxsize=4096)
def read_week(hours: str) -> WeekPlan | None:
    """The hours as a week with its exceptions, or None for what only a text can say."""
    if not hours.strip():
        return WeekPlan(days=_seven(_NEVER))
    days: list[Spans] = list(_NEVER)
    holidays: Spans | None = None
    exceptions: list[ExceptionDays] = []
    told: set[int] = set()
    replaced = False
    for rule, adds in _rules(hours):
        dated = _DATED.fullmatch(rule)
        if dated:
            exception = _exception(dated)
            if exception is None or adds:
                return None
            exceptions.append(exception)
            continue
        weekly = _WEEKLY.fullmatch("Mo-Su 00:00-24:00" if rule == "24/7" else rule)
        spans = _spans(weekly) if weekly else None
        # After a holiday or a date, a rule for weekdays would take its word back.
        if weekly is None or spans is None or exceptions:
            return None
        named = _named_days(weekly["days"] or "Mo-Su")
        if holidays is not None and named != {HOLIDAYS}:
            return None
        replaced = replaced or (bool(named & told) and not adds)
        told |= named
        for day in named - {HOLIDAYS}:
            days[day] = tuple(sorted({*days[day], *spans})) if adds else spans
        if HOLIDAYS in named:
            holidays = tuple(sorted({*(holidays or ()), *spans})) if adds else spans
    plan = WeekPlan(days=_seven(days), holidays=holidays, exceptions=tuple(sorted(exceptions)))
    # What a rule for a day that was told before does to the night before it, only the letter says.
    return None if faults(plan) or (replaced and plan.over_midnight) else plan


def faults(plan: WeekPlan) -> list[FoundFault]:
    """What is wrong with a plan, from Monday on; an empty list when it can be stored."""
    found = []
    for day, spans in enumerate(plan.days):
        following = plan.days[(day + 1) % 7]
        if _overlap(spans):
            found.append(FoundFault(HoursFault.OVERLAP, day=day))
        elif spans and following and max(span.ends for span in spans) - MINUTES_A_DAY > following[0].opens:
            found.append(FoundFault(HoursFault.RUNS_INTO_NEXT_DAY, day=day))
    if plan.holidays and _overlap(plan.holidays):
        found.append(FoundFault(HoursFault.OVERLAP, day=HOLIDAYS))
    for position, exception in enumerate(plan.exceptions):
        if not timedelta() <= exception.last_on - exception.first_on <= LONGEST_EXCEPTION:
            found.append(FoundFault(HoursFault.DATES_TURNED, exception=position))
        elif any(
            other.first_on <= exception.last_on and exception.first_on <= other.last_on
            for other in plan.exceptions[:position]
        ):
            found.append(FoundFault(HoursFault.DATES_TWICE, exception=position))
        if _overlap(exception.spans):
            found.append(FoundFault(HoursFault.OVERLAP, exception=position))
    if len(plan.exceptions) > MAX_EXCEPTIONS:
        found.append(FoundFault(HoursFault.TOO_MANY))
    if not found and len(write_week(plan)) > MAX_HOURS_TEXT:
        found.append(FoundFault(HoursFault.TOO_LONG))
    return found


def clean_note(note: str) -> str:
    """A note as it can stand in quotes: no quote, and no mark that would end a rule."""
    plain = " ".join(note.replace('"', "'").replace(";", ",").split())
    return plain[:MAX_NOTE].rstrip()


def _overlap(spans: Spans) -> bool:
    """Whether spans of one day share a minute, or one of them is longer than a day or empty."""
    ordered = sorted(spans)
    shared = any(first.ends > then.opens for first, then in pairwise(ordered))
    return shared or any(
        span.opens == span.closes or span.ends - span.opens > MINUTES_A_DAY for span in spans
    )


def _weekly_rules(days: Iterable[Spans]) -> Iterator[str]:
    groups: dict[Spans, list[int]] = {}
    for day, spans in enumerate(days):
        if spans:
            groups.setdefault(tuple(sorted(spans)), []).append(day)
    for spans, named in groups.items():
        if spans == _ALWAYS and len(named) == len(WEEKDAYS):
            yield "24/7"
        else:
            yield f"{_day_names(named)} {_times(spans)}"


def _day_names(days: list[int]) -> str:
    """`Mo-Th,Sa` for 0 1 2 3 5."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" for run in runs
    )


def _times(spans: Spans) -> str:
    if not spans:
        return "off"
    return ",".join(f"{clock_text(span.opens)}-{clock_text(span.closes)}" for span in sorted(spans))


def clock_text(minutes: int) -> str:
    """Minutes after midnight as `HH:MM`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _exception_rule(exception: ExceptionDays) -> str:
    first, last = exception.first_on, exception.last_on
    days = _date_text(first)
    if last != first:
        days += (
            f"-{_date_text(last)}" if last.year != first.year else f"-{_MONTHS[last.month - 1]} {last.day}"
        )
    times = _times(exception.spans)
    if exception.note:
        times += f'{" open" if exception.spans else ""} "{exception.note}"'
    return f"{days} {times}"


def _date_text(day: date) -> str:
    return f"{day.year:04d} {_MONTHS[day.month - 1]} {day.day}"


def _rules(hours: str) -> Iterator[tuple[str, bool]]:
    """The rules of a text, each with whether it adds to those before it rather than replacing them."""
    for part in re.findall(r'(?:[^;"]|"[^"]*"?)+', hours):
        for position, rule in enumerate(_NEXT_RULE.split(part.strip())):
            if rule.strip():
                yield rule.strip(), position > 0


def _named_days(text: str) -> set[int]:
    named: set[int] = set()
    for part in re.sub(r"\s", "", text).split(","):
        if part == "PH":
            named.add(HOLIDAYS)
            continue
        first, _, last = part.partition("-")
        begin = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last or first) - begin) % 7
        named |= {(begin + step) % 7 for step in range(length + 1)}
    return named


def _spans(match: re.Match[str]) -> Spans | None:
    """The spans of a rule, in their order; None where one is empty or no time of a day."""
    if match["off"]:
        return ()
    spans = []
    for times in re.finditer(_TIME, match["times"]):
        begin_hour, begin_minute, end_hour, end_minute = (int(number) for number in times.groups())
        opens, closes = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
        # 26:00 is two o'clock of the next day
        if closes > MINUTES_A_DAY:
            closes -= MINUTES_A_DAY
        if opens >= MINUTES_A_DAY or closes > MINUTES_A_DAY or max(begin_minute, end_minute) > 59:
            return None
        spans.append(Span(opens, closes or MINUTES_A_DAY))
    return tuple(sorted(spans))


def _exception(match: re.Match[str]) -> ExceptionDays | None:
    spans = _spans(match)
    month = match["last_month"] or match["month"]
    try:
        first = date(int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"]))
        last = first
        if match["last_day"]:
            year = int(match["last_year"] or match["year"])
            last = date(year, _MONTHS.index(month) + 1, int(match["last_day"]))
    except ValueError:
        return None
    return None if spans is None else ExceptionDays(first, last, spans, match["note"] or "")


def _seven(days: Iterable[Spans]) -> tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]:
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = days
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday
