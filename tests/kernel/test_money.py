"""Money is exact, never mixes units, and splits without losing a cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.money import Money, exponent, format_amount, format_money


def test_units_never_mix() -> None:
    with pytest.raises(ValueError, match="units never mix"):
        Money(1, "EUR") + Money(1, "JPY")


def test_no_floats() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]


@given(
    minor=st.integers(-(10**12), 10**12),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any),
)
def test_parts_sum_to_the_whole_and_are_off_by_less_than_one(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "EUR").allocate(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)


def test_ties_go_to_the_earlier_part() -> None:
    assert [part.minor for part in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]


def test_nothing_to_weigh_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "EUR").allocate([0, 0])


def test_share_rounds_half_away_from_zero() -> None:
    assert Money(5, "EUR").share(100_000) == Money(1, "EUR")
    assert Money(-5, "EUR").share(100_000) == Money(-1, "EUR")
    assert Money(1990, "EUR").share(100_000) == Money(199, "EUR")


@pytest.mark.parametrize(("unit", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("pts_tea", 0)])
def test_exponents(unit: str, digits: int) -> None:
    assert exponent(unit) == digits


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(1990, "EUR"), "en", "€19.90"),
        (Money(1990, "EUR"), "zh-hans", "€19.90"),
        (Money(1990, "CNY"), "zh-hans", "¥19.90"),
        (Money(1990, "JPY"), "en", "¥1,990"),
        (Money(-5, "KWD"), "en", "−KWD0.005"),
    ],
)
def test_people_read_it(money: Money, locale: str, text: str) -> None:
    assert format_money(money, locale) == text


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(-199_000, "EUR"), "−1,990.00"),
        (Money(5, "KWD"), "0.005"),
        (Money(1990, "JPY"), "1,990"),
        (Money(-1990, "pts_tea"), "−1,990"),
    ],
)
def test_people_read_it_without_its_currency(money: Money, text: str) -> None:
    assert [format_amount(money, locale) for locale in ("en", "zh-hans")] == [text, text]
