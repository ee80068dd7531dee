"""What an address asks for: days, the days compared with, and the moments they stand for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hutong.kernel.geo import Datum
from hutong.know.insight.types import Looks
from hutong.pay.orders.types import Grouping, OrderSteps
from hutong.town.regions.types import Extent, RegionKind, RegionView
from hutong.web.operator.figures_parts import change, funnel, percent, rate_change
from hutong.web.operator.figures_span import Against, Span, asked
from hutong.web.shell.spreadsheet import plain

TOWN = RegionView(
    region_id=1, ref="reg_a", slug="helsinki", names={"en": "Helsinki"}, kind=RegionKind.CITY, lon=24.9, lat=60.2,
    extent=Extent(24, 60, 25, 61), zone="Europe/Helsinki", currency="EUR", datum=Datum.WGS84, languages=("fi",),
    basemap="", attribution="",
)  # fmt: skip
NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)  # noon in Helsinki


@pytest.mark.parametrize(
    ("query", "first_on", "last_on", "back"),
    [
        ({}, date(2026, 5, 26), date(2026, 6, 1), 7),
        ({"span": "today"}, date(2026, 6, 1), date(2026, 6, 1), 1),
        ({"span": "28d"}, date(2026, 5, 5), date(2026, 6, 1), 28),
        ({"span": "28d", "against": "week"}, date(2026, 5, 5), date(2026, 6, 1), 7),
        ({"span": "90d", "against": "year"}, date(2026, 3, 4), date(2026, 6, 1), 364),
        (
            {"span": "custom", "start": "2026-02-01", "end": "2026-02-10"},
            date(2026, 2, 1),
            date(2026, 2, 10),
            10,
        ),
        (
            {"span": "custom", "start": "2026-05-31", "end": "2027-01-01"},
            date(2026, 5, 31),
            date(2026, 6, 1),
            2,
        ),
    ],
)
def test_days(query: dict[str, str], first_on: date, last_on: date, back: int) -> None:
    page = asked(query, TOWN, NOON)
    assert (page.first_on, page.last_on, page.back.days, page.problem) == (first_on, last_on, back, "")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"span": "custom", "start": "2026-02-10", "end": "2026-02-01"}, "before the first"),
        ({"span": "custom", "start": "2026-02-10"}, "first and the last"),
        ({"span": "custom", "start": "2020-01-01", "end": "2026-01-01"}, "at most a year"),
        ({"span": "custom", "start": "0001-01-01", "end": "0001-01-02"}, "later days"),
        ({"span": "custom", "start": "tomorrow", "end": "2026-01-01"}, "not understood"),
        ({"span": "century"}, "not understood"),
        ({"category": "a b'--"}, "not understood"),
        ({"area": "x" * 21}, "not understood"),
    ],
)
def test_what_is_not_understood_says_so_and_shows_a_week(query: dict[str, str], word: str) -> None:
    page = asked(query, TOWN, NOON)
    assert word in page.problem
    assert (page.span, page.first_on, page.last_on) == (Span.WEEK, date(2026, 5, 26), date(2026, 6, 1))
    assert (page.category, page.area) == ("", None)


def test_a_running_day_is_compared_up_to_the_same_time() -> None:
    page = asked({"span": "7d"}, TOWN, NOON)
    assert page.then.ends_at == datetime(2026, 5, 25, 21, tzinfo=UTC)
    assert page.then_so_far.ends_at == datetime(2026, 5, 25, 9, tzinfo=UTC)
    assert page.then_so_far.starts_at == datetime(2026, 5, 18, 21, tzinfo=UTC)
    over = asked({"span": "custom", "start": "2026-05-01", "end": "2026-05-02"}, TOWN, NOON)
    assert over.then_so_far == over.then


def test_the_time_of_day_is_the_walls_over_a_change_of_the_clock() -> None:
    at = datetime(2026, 3, 29, 9, tzinfo=UTC)  # noon in summer time, an hour later than the day before
    page = asked({"span": "today"}, TOWN, at)
    assert page.then_so_far.ends_at == datetime(2026, 3, 28, 10, tzinfo=UTC)
    assert page.now.ends_at - page.now.starts_at == timedelta(hours=23)


def test_addresses_keep_what_was_chosen() -> None:
    query = {"span": "custom", "start": "2026-02-01", "end": "2026-02-10", "against": "year", "by": "area"}
    page = asked({**query, "category": "cafe", "area": "-"}, TOWN, NOON)
    assert (page.against, page.by, page.category, page.area) == (Against.YEAR, Grouping.AREA, "cafe", "")
    address = page.address()
    for part in (
        "span=custom",
        "start=2026-02-01",
        "end=2026-02-10",
        "against=year",
        "category=cafe",
        "area=-",
    ):
        assert part in address
    assert "area" not in page.address(area=None, by="shop")


def test_changes_in_words() -> None:
    more, less, same, new = (
        change(150, 100, "100"),
        change(50, 100, "100"),
        change(7, 7, "7"),
        change(5, 0, "0"),
    )
    assert (more.words, more.short, more.trend, more.good) == (
        "50% more than before (100)",
        "+50%",
        "up",
        True,
    )
    assert (less.words, less.short, less.trend, less.good) == (
        "50% less than before (100)",
        "−50%",
        "down",
        False,
    )
    assert (same.words, same.trend, same.good) == ("as before (7)", "", None)
    assert (new.words, new.trend, new.good) == ("nothing before", "up", True)
    nearly = change(10_004, 10_000, "€100.00")
    assert (nearly.words, nearly.short, nearly.trend) == ("nearly as before (€100.00)", "0%", "")
    assert change(150, 100, "", more_is_good=False).good is False
    assert rate_change((6, 10), (1, 2)).words == "10 points more than before (50%)"
    assert rate_change((1, 10), (1, 2), more_is_good=False).good is True
    assert rate_change((0, 0), (1, 2)).words == "nothing to compare with"
    assert [percent(1, 3), percent(1, 40), percent(0, 5), percent(1, 0)] == ["33%", "2.5%", "0%", "—"]


def test_a_funnel_with_orders_that_looked_at_no_page() -> None:
    steps = funnel(Looks(seen=200, checkouts=10), OrderSteps(ordered=20, paid=15, redeemed=3))
    assert [(step.value, step.rate, step.bar) for step in steps] == [
        ("200", "", 1000),
        ("10", "5.0%", 50),
        ("20", "", 100),
        ("15", "75%", 75),
        ("3", "20%", 15),
    ]
    assert {step.bar for step in funnel(Looks(0, 0), OrderSteps(0, 0, 0))} == {0}


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@sum", "\tx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert plain(text) == f"'{text}"
    assert plain("Kahvila = 1") == "Kahvila = 1"
