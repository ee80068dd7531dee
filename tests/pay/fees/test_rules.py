"""Which rule counts, and what it makes of a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.pay.fees.rules import (
    charge,
    counting,
    default_rule,
    fits,
    free_until,
    months_after,
    most_specific,
    read_reason,
)
from hutong.pay.fees.types import Bearer, Charge, Facts, Reach, Reason, Rule, Scope, Terms

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
FACTS = Facts(
    offer_ref="off_a",
    merchant_ref="mer_a",
    region_ref="reg_a",
    categories=("cafe", "food"),
    unit="EUR",
    zone="Europe/Helsinki",
    joined_on=date(2026, 4, 30),
    on=date(2026, 6, 1),
)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def rule(number: int = 1, *, reach: Reach = Reach(), **terms: Any) -> Rule:
    return Rule(f"cru_{number}", number, reach, Terms(**terms), NOON, None)


def kept(found: Charge) -> tuple[int, int, int]:
    return found.commission.minor, found.commission_tax.minor, found.provider_fee.minor


def test_the_closest_rule_counts() -> None:
    """Each of the table in the docs beats all below it, however old it is."""
    ladder = [
        Reach(offer_ref="off_a"),
        Reach(merchant_ref="mer_a", category="cafe"),
        Reach(merchant_ref="mer_a", category="food"),
        Reach(merchant_ref="mer_a", region_ref="reg_a"),
        Reach(merchant_ref="mer_a"),
        Reach(category="cafe", region_ref="reg_a"),
        Reach(category="cafe"),
        Reach(category="food"),
        Reach(region_ref="reg_a"),
        Reach(),
    ]
    rules = [rule(number + 1, reach=reach) for number, reach in enumerate(ladder)]
    for first in range(len(rules)):
        assert most_specific(rules[first:], FACTS) == rules[first]
        assert most_specific(reversed(rules[first:]), FACTS) == rules[first]
    assert [each.reach.scope for each in rules] == [
        Scope.OFFER,
        Scope.MERCHANT_IN_CATEGORY,
        Scope.MERCHANT_IN_CATEGORY,
        Scope.MERCHANT,
        Scope.MERCHANT,
        Scope.CATEGORY,
        Scope.CATEGORY,
        Scope.CATEGORY,
        Scope.REGION,
        Scope.EVERYTHING,
    ]


def test_of_equals_the_newest_counts() -> None:
    same = Reach(region_ref="reg_a")
    assert most_specific([rule(2, reach=same), rule(3, reach=same), rule(1, reach=same)], FACTS) == rule(
        3, reach=same
    )


@pytest.mark.parametrize(
    "reach",
    [
        Reach(offer_ref="off_b"),
        Reach(merchant_ref="mer_b"),
        Reach(category="hotel"),
        Reach(region_ref="reg_b"),
        Reach(merchant_ref="mer_a", category="hotel"),
    ],
)
def test_a_rule_for_something_else_never_counts(reach: Reach) -> None:
    assert most_specific([rule(reach=reach)], FACTS) is None


def test_amounts_count_in_their_own_currency_only() -> None:
    in_crowns = rule(fixed=30, unit="SEK")
    assert not fits(in_crowns, FACTS)
    assert fits(in_crowns, replace(FACTS, unit="SEK"))


def test_the_rate_of_tax_comes_from_the_next_rule_that_says_one() -> None:
    shop = rule(3, reach=Reach(merchant_ref="mer_a"), rate_ppm=50_000)
    region = rule(2, reach=Reach(region_ref="reg_a"), rate_ppm=100_000, tax_ppm=255_000)
    everything = rule(1, tax_ppm=10_000)
    found = counting([shop, region, everything], FACTS, default_rule(100_000))
    assert (found.ref, found.terms.rate_ppm, found.terms.tax_ppm) == ("cru_3", 50_000, 255_000)
    untaxed = replace(shop, terms=replace(shop.terms, tax_ppm=0))
    assert counting([untaxed, region], FACTS, default_rule(100_000)).terms.tax_ppm == 0
    assert counting([shop], FACTS, default_rule(100_000)).terms.tax_ppm == 0
    assert counting([], FACTS, default_rule(80_000)).terms.rate_ppm == 80_000


@pytest.mark.parametrize(
    ("terms", "price", "units", "expected"),
    [
        ({"rate_ppm": 100_000}, 1990, 1, (199, 0, 0)),
        ({"rate_ppm": 100_000, "tax_ppm": 255_000}, 1990, 1, (199, 51, 0)),
        ({"rate_ppm": 100_000, "fixed": 30, "unit": "EUR"}, 1990, 2, (259, 0, 0)),
        ({"rate_ppm": 100_000, "minimum": 250, "unit": "EUR"}, 1990, 1, (250, 0, 0)),
        ({"rate_ppm": 100_000, "minimum": 99, "unit": "EUR"}, 1990, 2, (199, 0, 0)),
        ({"rate_ppm": 125}, 4000, 1, (1, 0, 0)),
        ({"minimum": 100, "unit": "EUR"}, 80, 1, (80, 0, 0)),
        ({"minimum": 100, "unit": "EUR", "tax_ppm": 250_000}, 80, 1, (64, 16, 0)),
        (
            {
                "rate_ppm": 100_000,
                "bearer": Bearer.MERCHANT,
                "provider_rate_ppm": 14_000,
                "provider_fixed": 25,
                "unit": "EUR",
            },
            1990,
            1,
            (199, 0, 53),
        ),
        (
            {"rate_ppm": 900_000, "bearer": Bearer.MERCHANT, "provider_fixed": 25, "unit": "EUR"},
            100,
            1,
            (90, 0, 10),
        ),
        ({"rate_ppm": 1_000_000, "tax_ppm": 1_000_000}, 3, 1, (2, 1, 0)),
        (
            {"minimum": 100, "unit": "EUR", "bearer": Bearer.MERCHANT, "provider_fixed": 25},
            0,
            1,
            (0, 0, 0),
        ),
    ],
    ids=[
        "rate",
        "tax",
        "fixed for each unit",
        "minimum",
        "minimum reached",
        "half up",
        "not above the price",
        "not above the price with its tax",
        "fee on the merchant",
        "fee not above what is left",
        "all of it",
        "nothing of nothing",
    ],
)
def test_what_a_rule_makes_of_a_price(
    terms: dict[str, Any], price: int, units: int, expected: tuple[int, int, int]
) -> None:
    assert kept(charge(rule(**terms), FACTS, euros(price), units=units)) == expected


def test_the_first_months_are_free_of_commission_and_not_of_the_fee() -> None:
    told: dict[str, Any] = {
        "rate_ppm": 100_000,
        "free_months": 2,
        "bearer": Bearer.MERCHANT,
        "provider_rate_ppm": 20_000,
    }
    for_shop = rule(7, reach=Reach(merchant_ref="mer_a"), **told)
    last_free, first_paid = date(2026, 6, 29), date(2026, 6, 30)
    free = charge(for_shop, replace(FACTS, on=last_free), euros(1000))
    assert (kept(free), free.rate_ppm) == ((0, 0, 20), 0)
    assert free.reason == "free until 2026-06-30 rule cru_7 merchant"
    paid = charge(for_shop, replace(FACTS, on=first_paid), euros(1000))
    assert (kept(paid), paid.rate_ppm, paid.reason) == ((100, 0, 20), 100_000, "rule cru_7 merchant")
    assert free_until(for_shop, replace(FACTS, joined_on=None)) is None


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 3, 15), 24, date(2028, 3, 15)),
    ],
)
def test_months_end_where_the_calendar_does(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_a_reason_reads_back() -> None:
    assert charge(default_rule(100_000), FACTS, euros(100)).reason == "default"
    assert read_reason("default") == read_reason("rule cru_7 nobody") == Reason()
    in_category = rule(7, reach=Reach(merchant_ref="mer_a", category="cafe"), free_months=3)
    told = charge(in_category, FACTS, euros(100)).reason
    assert len(told) + 26 <= 100  # an id on the site has 26 symbols
    assert read_reason(told) == Reason("cru_7", Scope.MERCHANT_IN_CATEGORY, date(2026, 7, 30))
    assert read_reason("rule cru_7 offer") == Reason("cru_7", Scope.OFFER)


REACHES = st.builds(
    Reach,
    region_ref=st.sampled_from(["", "reg_a", "reg_b"]),
    merchant_ref=st.sampled_from(["", "mer_a", "mer_b"]),
    category=st.sampled_from(["", "cafe", "food", "hotel"]),
    offer_ref=st.sampled_from(["", "", "off_a", "off_b"]),
)
RATES = st.integers(0, 1_000_000)
AMOUNTS = st.integers(0, 10**9)
TERMS = st.builds(
    Terms,
    rate_ppm=RATES,
    fixed=AMOUNTS,
    minimum=AMOUNTS,
    unit=st.just("EUR"),
    free_months=st.integers(0, 3),
    bearer=st.sampled_from(Bearer),
    provider_rate_ppm=RATES,
    provider_fixed=AMOUNTS,
    tax_ppm=st.none() | RATES,
)


@given(TERMS, st.integers(0, 10**12), st.integers(1, 100))
@settings(max_examples=100)
def test_what_is_kept_is_never_negative_and_never_more_than_the_price(
    terms: Terms, price: int, units: int
) -> None:
    found = charge(Rule("cru_1", 1, Reach(), terms, NOON, None), FACTS, euros(price), units=units)
    assert min(kept(found)) >= 0
    assert found.kept.minor <= price
    asked = found.commission.minor * (terms.tax_ppm or 0)
    assert abs(found.commission_tax.minor * 1_000_000 - asked) <= 1_000_000


@given(st.lists(REACHES, max_size=8))
@settings(max_examples=100)
def test_the_most_specific_rule_is_what_a_search_by_hand_finds(reaches: list[Reach]) -> None:
    rules = [rule(number, reach=reach) for number, reach in enumerate(reaches, start=1)]
    assert most_specific(rules, FACTS) == by_hand(rules)


def by_hand(rules: Sequence[Rule]) -> Rule | None:
    """Walk down every combination of names a rule may have, the closest first; take the newest that has it."""
    names = (
        ("off_a", ""),
        ("mer_a", ""),
        ("cafe", "food", ""),
        ("reg_a", ""),
    )
    for offer in names[0]:
        for merchant in names[1]:
            for category in names[2]:
                for region in names[3]:
                    wanted = Reach(region, merchant, category, offer)
                    having = [each for each in rules if each.reach == wanted]
                    if having:
                        return having[-1]
    return None
