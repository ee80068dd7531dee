"""Opening hours of a store: open or not at a moment, and the spans of a week, in OpenStreetMap's syntax."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State
from opening_hours.opening_hours import ParserError

from hutong.town.merchants.rules.nights import Nights
from hutong.town.merchants.rules.week import read_week
from hutong.town.merchants.types import DayHours, OpenState

# Hours are searched this far; a store that opens later than that is shown as closed without a date.
HORIZON_DAYS = 366
# The library reads a moment as wall time, so around the repeated hour of autumn it is asked from before it.
LONGEST_CLOCK_CHANGE = timedelta(hours=3)
# Closed and unknown spans may alternate; after so many without an open one none is promised.
SPANS_SEARCHED = 20
_DAY = timedelta(days=1)
# Of all hours these alone are others at another place of the same zone.
_BY_SUN = re.compile(r"\b(sunrise|sunset|dawn|dusk)\b", re.IGNORECASE)
_BY_HOLIDAYS = re.compile(r"\b(PH|SH)\b", re.IGNORECASE)
# The state of hours in their zone: from when it was told, until when it holds, and what it is. Reading hours takes 50 us
# to 200 us, a list has 20 stores, and a city has some thousands of hours.
_STATES_KEPT, _STATE_KEPT = 10_000, timedelta(hours=1)
_states: dict[tuple[str, str, tuple[float, float] | None], tuple[datetime, datetime, OpenState]] = {}
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_NAME = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_TIMES = r"\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}"
# A rule of weekdays and times alone, such as `Mo-Th,Su 11:00-14:00,16:00-23:00`.
_WEEKDAY_RULE = re.compile(
    rf"({_DAY_NAME}(?:-{_DAY_NAME})?(?:\s*,\s*{_DAY_NAME}(?:-{_DAY_NAME})?)*)\s+{_TIMES}(?:\s*,\s*{_TIMES})*"
)


def open_state(
    hours: str, *, zone: str, at: datetime, lon: float | None = None, lat: float | None = None
) -> OpenState:
    """Whether a store with these hours is open at a moment, until when, and when it opens next.

    `hours` is in the syntax of OpenStreetMap's `opening_hours`. The position, where given, tells sunset and
    the country's public holidays. Missing or unreadable hours give an unknown state, never a closed one.
    A boundary inside the hour that autumn repeats means its second passing; one inside the hour that spring
    leaves out means the moment of the change.
    """
    if _BY_SUN.search(hours):
        return _state(hours, zone, at, lon, lat)
    # These hours say the same everywhere in the zone, those with holidays around here, until they change.
    around = None
    if lon is not None and lat is not None and _BY_HOLIDAYS.search(hours):
        around = round(lon, 1), round(lat, 1)
    key = hours, zone, around
    moment = at.astimezone(UTC)
    known = _states.get(key)
    if known is None or not known[0] <= moment < known[1]:
        state = _state(hours, zone, at, lon, lat)
        until = (
            moment + _STATE_KEPT
            if state.until is None
            else min(moment + _STATE_KEPT, state.until.astimezone(UTC))
        )
        if len(_states) >= _STATES_KEPT:
            _states.clear()
        known = _states[key] = moment, until, state
    return known[2]


def _state(hours: str, zone: str, at: datetime, lon: float | None, lat: float | None) -> OpenState:
    parsed = _parse(hours, zone, lon, lat)
    if parsed is None:
        return OpenState(open=None, until=None, next_open=None)
    spans = _spans_from(parsed, at.astimezone(ZoneInfo(zone)))
    _, until, state = next(spans)
    if state == State.OPEN:
        return OpenState(open=True, until=until, next_open=None)
    next_open = None
    for _, (starts_at, _, later) in zip(range(SPANS_SEARCHED), spans, strict=False):
        if later == State.OPEN:
            next_open = starts_at
            break
    return OpenState(open=None if state == State.UNKNOWN else False, until=until, next_open=next_open)


def week_hours(
    hours: str, *, zone: str, first_on: date, lon: float | None = None, lat: float | None = None
) -> list[DayHours] | None:
    """The open spans of seven days from `first_on`, each on the day it begins; None when unknown.

    Wall times of the store. A span that ends on the next day runs past midnight; one that is longer than a
    day is told day by day, from midnight to midnight.
    """
    parsed = _parse(hours, zone, lon, lat)
    if parsed is None:
        return None
    begin = datetime.combine(first_on, time.min, ZoneInfo(zone))
    spans: dict[date, list[tuple[datetime, datetime]]] = {}
    # From the day before, so that the end of last night is not taken for a span of its own.
    for starts_at, ends_at, state, _comment in parsed.intervals(begin - _DAY, begin + 8 * _DAY):
        if state == State.OPEN and ends_at is not None:
            for piece in _pieces(starts_at.replace(tzinfo=None), ends_at.replace(tzinfo=None)):
                spans.setdefault(piece[0].date(), []).append(piece)
    days = [first_on + offset * _DAY for offset in range(7)]
    return [DayHours(on=day, spans=tuple(spans.get(day, ()))) for day in days]


def open_spans(
    hours: str,
    *,
    zone: str,
    starts_at: datetime,
    ends_at: datetime,
    lon: float | None = None,
    lat: float | None = None,
) -> list[tuple[datetime, datetime]] | None:
    """When a store with these hours is open between two moments, half-open, in UTC, cut to them; None when unknown."""
    parsed = _parse(hours, zone, lon, lat)
    if parsed is None:
        return None
    first, last = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    found: list[tuple[datetime, datetime]] = []
    local = starts_at.astimezone(ZoneInfo(zone))
    for opens, closes, state, _comment in parsed.intervals(
        local - LONGEST_CLOCK_CHANGE, local + (last - first) + LONGEST_CLOCK_CHANGE
    ):
        begin = max(first, opens.astimezone(UTC))
        end = last if closes is None else min(last, closes.astimezone(UTC))
        if state == State.OPEN and begin < end:
            found.append((begin, end))
    return found


def _pieces(starts_at: datetime, ends_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A span as it is, or cut at each midnight when it is longer than a day."""
    if ends_at - starts_at <= _DAY:
        yield starts_at, ends_at
        return
    while starts_at < ends_at:
        midnight = datetime.combine(starts_at.date() + _DAY, time.min)
        yield starts_at, min(midnight, ends_at)
        starts_at = midnight


def readable(hours: str) -> bool:
    """Whether hours can be understood at all; an empty text says nothing, and so cannot."""
    return _parse(hours, "UTC", None, None) is not None


def _parse(hours: str, zone: str, lon: float | None, lat: float | None) -> OpeningHours | Nights | None:
    if not hours:
        return None
    coords = None if lon is None or lat is None else (lat, lon)
    plan = read_week(hours)
    if plan is not None and plan.over_midnight:
        return Nights(plan, zone=zone, coords=coords, horizon_days=HORIZON_DAYS)
    try:
        return OpeningHours(
            _as_people_mean(hours),
            timezone=ZoneInfo(zone),
            coords=coords,
            auto_country=coords is not None,
            max_interval_days=HORIZON_DAYS,
        )
    except ParserError:
        return None


def _as_people_mean(hours: str) -> str:
    """The same hours with `,` for `;` between rules of different weekdays.

    After `;` a rule replaces its whole day, also what the evening before left open past midnight: by the
    letter, `Fr-Sa 18:00-03:00; Su 12:00-20:00` closes at midnight on Saturday. Nobody means that: where the
    weekdays have nothing in common there is nothing to replace.
    """
    told: set[str] = set()
    text = ""
    for rule in (part.strip() for part in hours.split(";")):
        match = _WEEKDAY_RULE.fullmatch(rule)
        days = _days_of(match[1]) if match else set(_WEEKDAYS)
        joint = "," if match and told and not told & days else ";"
        text += f"{joint} {rule}" if text else rule
        told |= days
    return text


def _days_of(names: str) -> set[str]:
    """The weekdays of a list such as `Mo-We,Sa`; a range may run over the end of the week."""
    days: set[str] = set()
    for part in names.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        begin, length = _WEEKDAYS.index(first), (_WEEKDAYS.index(last or first) - _WEEKDAYS.index(first)) % 7
        days |= {_WEEKDAYS[(begin + step) % 7] for step in range(length + 1)}
    return days


def _spans_from(
    parsed: OpeningHours | Nights, at: datetime
) -> Iterator[tuple[datetime, datetime | None, State]]:
    """The spans of one state each, from the one that holds `at`, a moment in the store's zone.

    The library takes a moment as wall time, which says nothing in the hour that autumn repeats; but its
    boundaries are exact moments. So it is asked from earlier on, and the spans that ended are dropped here.
    Moments of one zone compare by wall time in Python, therefore in UTC.
    """
    moment = at.astimezone(UTC)
    for starts_at, ends_at, state, _comment in parsed.intervals(at - LONGEST_CLOCK_CHANGE):
        if ends_at is None or ends_at.astimezone(UTC) > moment:
            yield starts_at, ends_at, state
