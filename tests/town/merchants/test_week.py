"""The week as people edit it: to text and back, what is refused, nights, exceptions, days the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hutong.town.merchants.rules import clean_note, faults, open_state, read_week, week_hours, write_week
from hutong.town.merchants.types import ExceptionDays, FoundFault, HoursFault, Span, Spans, WeekPlan

HELSINKI = "Europe/Helsinki"
PLACE = {"lon": 24.94, "lat": 60.17}
CLOSED: Spans = ()
ALWAYS = (Span(0, 1440),)
DAY = (Span(9 * 60, 17 * 60),)
NIGHT = (Span(18 * 60, 2 * 60),)
EVENING = (Span(18 * 60, 23 * 60),)


def week(*days: Spans, holidays: Spans | None = None, exceptions: tuple[ExceptionDays, ...] = ()) -> WeekPlan:
    """A week of the days given; the last one stands for all that follow."""
    seven = [*days, *[days[-1]] * (7 - len(days))]
    return WeekPlan(
        days=(seven[0], seven[1], seven[2], seven[3], seven[4], seven[5], seven[6]),
        holidays=holidays,
        exceptions=exceptions,
    )


def off(month: int, day: int, *spans: Span, until: date | None = None, note: str = "") -> ExceptionDays:
    first = date(2026, month, day)
    return ExceptionDays(first, until or first, spans, note)


def wall(month: int, day: int, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, fold=fold, tzinfo=ZoneInfo(HELSINKI))


def is_open(hours: str, at: datetime) -> bool | None:
    return open_state(hours, zone=HELSINKI, at=at.astimezone(UTC), **PLACE).open


@st.composite
def _spans(draw: st.DrawFn) -> Spans:
    """None to three spans of one day that do not meet; the last one may run over midnight."""
    minutes = sorted(draw(st.sets(st.integers(0, 1439), max_size=6)))
    if draw(st.booleans()):
        minutes = [*minutes[1:], *minutes[:1]]
    return tuple(
        Span(opens, closes or 1440) for opens, closes in zip(minutes[::2], minutes[1::2], strict=False)
    )


spans_of_a_day = _spans()
notes = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20).map(clean_note)
days_of_2026 = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def exceptions(draw: st.DrawFn) -> ExceptionDays:
    first = draw(days_of_2026)
    last = first + timedelta(days=draw(st.integers(0, 40)))
    return ExceptionDays(first, last, draw(spans_of_a_day), draw(notes))


@st.composite
def plans(draw: st.DrawFn) -> WeekPlan:
    few = draw(st.lists(spans_of_a_day, min_size=1, max_size=3))
    made = week(
        *[draw(st.sampled_from(few)) for _ in range(7)],
        holidays=draw(st.none() | spans_of_a_day),
        exceptions=tuple(sorted(draw(st.lists(exceptions(), max_size=3)))),
    )
    assume(not faults(made))
    return made


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(plans())
def test_text_and_back_is_the_same_plan(plan: WeekPlan) -> None:
    assert read_week(write_week(plan)) == plan


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(plans(), st.integers(0, 364), st.integers(0, 1439))
def test_open_at_a_moment_is_what_the_plan_says(plan: WeekPlan, day: int, minute: int) -> None:
    """Without holidays, which the plan alone cannot know; told by the library or by us."""
    plan = WeekPlan(days=plan.days, exceptions=plan.exceptions)
    today = date(2026, 1, 1) + timedelta(days=day)
    yesterday = today - timedelta(days=1)
    means = any(span.opens <= minute < span.ends for span in plan.of_day(today, holiday=False)) or any(
        minute < span.ends - 1440 for span in plan.of_day(yesterday, holiday=False)
    )
    at = datetime(today.year, today.month, today.day, minute // 60, minute % 60, tzinfo=ZoneInfo("UTC"))
    assert open_state(write_week(plan), zone="UTC", at=at).open is means


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("", week(CLOSED)),
        ("24/7", week(ALWAYS)),
        ("off", week(CLOSED)),
        ("Mo-Fr 9:00-17:00", week(DAY, DAY, DAY, DAY, DAY, CLOSED)),
        ("Mo-Su 09:00-17:00; Su off", week(DAY, DAY, DAY, DAY, DAY, DAY, CLOSED)),
        ("09:00-17:00; Su,PH closed", week(DAY, DAY, DAY, DAY, DAY, DAY, CLOSED, holidays=CLOSED)),
        ("Mo-Th 09:00-17:00, Fr-Sa 18:00-26:00", week(DAY, DAY, DAY, DAY, NIGHT, NIGHT, CLOSED)),
        ("Sa-Mo 09:00-17:00", week(DAY, CLOSED, CLOSED, CLOSED, CLOSED, DAY, DAY)),
        ("Mo-Su 09:00-17:00; PH 18:00-23:00", week(DAY, holidays=EVENING)),
        ("Mo-Su 09:00-17:00; 2026 Dec 24 off", week(DAY, exceptions=(off(12, 24),))),
        (
            'Mo-Su 09:00-17:00; 2026 Dec 24-26 off "Christmas; shut"',
            week(DAY, exceptions=(off(12, 24, until=date(2026, 12, 26), note="Christmas; shut"),)),
        ),
        (
            'Mo-Su 09:00-17:00; 2026 Dec 24-2027 Jan 2 18:00-23:00 open "Short"',
            week(DAY, exceptions=(off(12, 24, *EVENING, until=date(2027, 1, 2), note="Short"),)),
        ),
    ],
)
def test_what_openstreetmap_has_is_read(text: str, plan: WeekPlan) -> None:
    assert read_week(text) == plan


@pytest.mark.parametrize(
    "text",
    [
        "Mo-Fr sunrise-sunset",
        "Apr-Oct Mo-Su 10:00-18:00",
        "Dec 24 off",
        "Mo-Fr 10:00+",
        'Mo-Fr 09:00-17:00 "by appointment"',
        "week 1-26 Mo 10:00-12:00",
        "Mo[1] 10:00-12:00",
        "PH off; Mo-Fr 09:00-17:00",
        "Mo-Su 18:00-04:00; Su 18:00-23:00",
        "Mo-Fr 09:00-17:00; SH off",
        "Mo-Fr 25:00-26:00",
        "Mo-Fr 09:00-09:00",
        "2026 Feb 30 off",
        "nonsense",
    ],
)
def test_what_the_editor_cannot_show_stays_text(text: str) -> None:
    assert read_week(text) is None


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (week((Span(540, 720), Span(660, 800))), FoundFault(HoursFault.OVERLAP, day=0)),
        (week(CLOSED, (Span(540, 540),), CLOSED), FoundFault(HoursFault.OVERLAP, day=1)),
        (week((Span(540, 480), Span(600, 700)), CLOSED), FoundFault(HoursFault.OVERLAP, day=0)),
        (
            week(CLOSED, CLOSED, NIGHT, (Span(60, 300),), CLOSED),
            FoundFault(HoursFault.RUNS_INTO_NEXT_DAY, day=2),
        ),
        (
            week((Span(60, 300),), CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, NIGHT),
            FoundFault(HoursFault.RUNS_INTO_NEXT_DAY, day=6),
        ),
        (
            week(DAY, holidays=(Span(540, 720), Span(660, 800))),
            FoundFault(HoursFault.OVERLAP, day=7),
        ),
        (
            week(DAY, exceptions=(off(5, 3, until=date(2026, 5, 1)),)),
            FoundFault(HoursFault.DATES_TURNED, exception=0),
        ),
        (
            week(DAY, exceptions=(off(5, 1, until=date(2026, 5, 5)), off(5, 5))),
            FoundFault(HoursFault.DATES_TWICE, exception=1),
        ),
        (
            week(DAY, exceptions=(off(5, 1, Span(540, 720), Span(700, 800)),)),
            FoundFault(HoursFault.OVERLAP, exception=0),
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(plan: WeekPlan, fault: FoundFault) -> None:
    assert fault in faults(plan)


def test_spans_that_touch_are_no_fault() -> None:
    assert faults(week((Span(540, 720), Span(720, 1440)), ALWAYS)) == []
    assert faults(week(NIGHT, (Span(120, 300), Span(1080, 1440)), CLOSED)) == []


def test_too_many_exceptions_are_refused() -> None:
    many = tuple(
        ExceptionDays(day, day) for day in (date(2026, 1, 1) + timedelta(days=2 * step) for step in range(41))
    )
    assert faults(week(DAY, exceptions=many)) == [FoundFault(HoursFault.TOO_MANY)]


@pytest.mark.parametrize(
    ("exception", "at", "opened"),
    [
        # the night of the 23rd runs to its end, though the 24th is closed
        (off(12, 24), wall(12, 24, 1), True),
        (off(12, 24), wall(12, 24, 19), False),
        (off(12, 24), wall(12, 25, 1), False),
        (off(12, 24), wall(12, 25, 19), True),
        # a night that only the exception has runs into an ordinary day
        (off(12, 31, Span(20 * 60, 4 * 60)), wall(12, 31, 19), False),
        (off(12, 31, Span(20 * 60, 4 * 60)), wall(12, 31, 23), True),
        (off(12, 24, Span(12 * 60, 14 * 60)), wall(12, 24, 1), True),
        (off(12, 24, Span(12 * 60, 14 * 60)), wall(12, 24, 13), True),
        (off(12, 24, Span(12 * 60, 14 * 60)), wall(12, 24, 19), False),
    ],
)
def test_a_night_belongs_to_its_evening(exception: ExceptionDays, at: datetime, opened: bool) -> None:
    assert is_open(write_week(week(NIGHT, exceptions=(exception,))), at) is opened


def test_a_long_new_year_s_night_runs_into_the_closed_day() -> None:
    hours = write_week(week(DAY, exceptions=(off(12, 31, Span(20 * 60, 4 * 60)),)))
    new_year = datetime(2027, 1, 1, 3, tzinfo=ZoneInfo(HELSINKI))
    assert is_open(hours, new_year) is True
    state = open_state(hours, zone=HELSINKI, at=new_year, **PLACE)
    assert state.until == datetime(2027, 1, 1, 4, tzinfo=ZoneInfo(HELSINKI))


def test_on_holidays_the_country_of_the_place_counts() -> None:
    """Christmas Day 2026 is a Friday; its eve is no public holiday everywhere, the night before runs on."""
    hours = write_week(week(NIGHT, holidays=CLOSED))
    assert is_open(hours, wall(12, 25, 19)) is False
    assert is_open(hours, wall(12, 24, 1)) is True
    assert open_state(hours, zone=HELSINKI, at=wall(12, 25, 19)).open is True


@pytest.mark.parametrize(
    ("evening", "closing", "hours_open"),
    [
        # spring: 03:00 becomes 04:00, so the night is an hour shorter
        (wall(3, 28, 22), wall(3, 29, 5), 6),
        # autumn: 04:00 becomes 03:00, so it is an hour longer
        (wall(10, 24, 22), wall(10, 25, 5), 8),
    ],
)
def test_nights_in_which_the_clock_changes(evening: datetime, closing: datetime, hours_open: int) -> None:
    hours = write_week(week((Span(22 * 60, 5 * 60),), exceptions=(off(7, 1),)))
    state = open_state(hours, zone=HELSINKI, at=evening, **PLACE)
    assert (state.open, state.until) == (True, closing)
    assert closing.astimezone(UTC) - evening.astimezone(UTC) == timedelta(hours=hours_open)


def test_a_boundary_in_the_hour_that_does_not_exist_or_is_there_twice() -> None:
    hours = write_week(week((Span(22 * 60, 3 * 60 + 30),)))
    spring = open_state(hours, zone=HELSINKI, at=wall(3, 28, 23), **PLACE).until
    assert spring is not None
    assert spring.astimezone(UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    autumn = open_state(hours, zone=HELSINKI, at=wall(10, 24, 23), **PLACE).until
    assert autumn is not None
    assert autumn.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_the_week_shown_has_each_night_on_its_evening() -> None:
    hours = write_week(week(NIGHT, exceptions=(off(6, 3),)))
    shown = week_hours(hours, zone=HELSINKI, first_on=date(2026, 6, 1), **PLACE)
    assert shown is not None
    assert [len(day.spans) for day in shown] == [1, 1, 0, 1, 1, 1, 1]
    assert shown[1].spans == ((datetime(2026, 6, 2, 18), datetime(2026, 6, 3, 2)),)


def test_a_note_cannot_end_a_rule() -> None:
    assert clean_note('He said "off"; 24/7\n') == "He said 'off', 24/7"
    plan = week(NIGHT, exceptions=(off(12, 24, note=clean_note('"; 24/7')),))
    assert read_week(write_week(plan)) == plan
