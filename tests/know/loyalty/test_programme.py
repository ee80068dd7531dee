"""The rules of points: what is earned, until when, and what an operator may set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.know.loyalty import queries, services
from hutong.know.loyalty.rules import earned, expires_at, fault, usual
from hutong.know.loyalty.types import Rules
from tests.factories import people
from tests.factories.points import TITLES, programme, rules


@pytest.mark.parametrize(
    ("paid", "expected"),
    [([10_000], [100]), ([199] * 10, [2] * 9 + [1]), ([99], [0]), ([0, 250], [0, 2]), ([], []), ([0], [0])],
)
def test_what_units_earn_at_a_point_a_euro(paid: list[int], expected: list[int]) -> None:
    assert earned(paid, rules()) == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.integers(1, 50), st.integers(1, 500))
def test_units_together_earn_what_the_order_does(paid: list[int], earn: int, each: int) -> None:
    told = rules(earn=earn, paid=each)
    shares = earned(paid, told)
    assert sum(shares) == told.earned_for(Money(sum(paid), "EUR")).minor
    assert all(share == 0 for share, minor in zip(shares, paid, strict=True) if minor == 0)


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        ("2026-06-01T09:00", 12, "2027-06-01T21:00"),
        ("2026-01-31T09:00", 1, "2026-02-28T22:00"),
        ("2026-05-31T21:30", 1, "2026-07-01T21:00"),  # in Helsinki it is the first of June
        ("2026-12-15T09:00", 1, "2027-01-15T22:00"),
        ("2025-02-28T09:00", 120, "2035-02-28T22:00"),
    ],
)
def test_points_end_with_a_day_on_the_wall(at: str, months: int, expected: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    ends = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert expires_at(moment, months, "Europe/Helsinki") == ends


def test_points_without_months_never_end(at: datetime) -> None:
    assert expires_at(at, None, "Europe/Helsinki") is None


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (rules(), ""),
        (rules(currency="JPY"), ""),
        (rules(earn=0), "earn"),
        (rules(earn=-1), "earn"),
        (rules(paid=0), "paid"),
        (rules(worth=0), "worth"),
        (rules(each=10**7), "each"),
        (rules(share_ppm=0), "share"),
        (rules(share_ppm=1_000_001), "share"),
        (rules(months=0), "months"),
        (rules(months=121), "months"),
        (rules(each=3, worth=1, step=1), "step"),
        (replace(rules(), earn=Money(1, "pts_cny")), "earn"),
        (replace(rules(), worth=Money(100, "CNY")), "worth"),
    ],
)
def test_rules_that_make_no_sense(told: Rules, field: str) -> None:
    assert fault(told) == field


def test_a_form_begins_with_rules_that_make_sense() -> None:
    for currency, worth in (("EUR", 100), ("JPY", 1), ("KWD", 1000)):
        assert fault(rules(currency=currency, **usual(currency))) == ""
        assert usual(currency)["worth"] == worth


@pytest.mark.django_db
def test_what_is_set_holds_from_then_on_and_is_in_the_log(at: datetime) -> None:
    operator, later = people.operator(), at + timedelta(days=1)
    assert queries.programme("EUR", at) is None
    programme(by=operator, at=at)
    programme(rules(earn=2), on=False, by=operator, at=later)
    for moment, earn, on in ((at, 1, True), (later - timedelta(seconds=1), 1, True), (later, 2, False)):
        found = queries.programme("EUR", moment)
        assert found is not None
        assert (found.rules.earn.minor, found.on, found.titles) == (earn, on, TITLES)
    assert queries.programme("CNY", later) is None
    assert [each.on for each in queries.earlier("EUR")] == [False, True]
    newest, _first = audit.search(action="loyalty.programme_set").entries
    assert newest.changes == {"points_for": ["1 : 1.00 EUR", "2 : 1.00 EUR"], "earning": [True, False]}


@pytest.mark.django_db
def test_who_may_set_what(at: datetime) -> None:
    with pytest.raises(Forbidden):
        programme(by=people.person(), at=at)
    with pytest.raises(services.RulesInvalid):
        programme(rules(months=0), at=at)
    with pytest.raises(services.TitleMissing):
        services.set_programme(titles={"en": " "}, rules=rules(), on=True, by=people.operator(), at=at)
    assert queries.programmes(at) == {}
