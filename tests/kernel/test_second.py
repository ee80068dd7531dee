"""What takes two people is the same amount in whole units of any currency."""

import pytest

from hutong.kernel.money import Money, above
from hutong.kernel.second import SecondPersonNeeded, agree, takes_two

LIMIT = 10_000  # a hundred of whatever it is


@pytest.mark.parametrize(
    ("unit", "minor"), [("EUR", 10_000), ("CNY", 10_000), ("JPY", 100), ("KRW", 100), ("KWD", 100_000)]
)
def test_the_limit_is_as_many_whole_units_of_every_currency(unit: str, minor: int) -> None:
    for sign in (1, -1):
        assert not takes_two(Money(sign * minor, unit), alone_up_to=LIMIT)
        assert takes_two(Money(sign * (minor + 1), unit), alone_up_to=LIMIT)


def test_one_of_several_amounts_is_enough() -> None:
    assert not takes_two(alone_up_to=0)
    assert takes_two(Money(1, "EUR"), Money(101, "JPY"), alone_up_to=LIMIT)
    assert not takes_two(Money(101, "EUR"), Money(100, "JPY"), alone_up_to=LIMIT)


@pytest.mark.parametrize(("unit", "alone"), [("EUR", 50), ("JPY", 0), ("KWD", 500)])
def test_a_limit_below_one_whole_unit(unit: str, alone: int) -> None:
    assert not above(Money(alone, unit), hundredths=50)
    assert above(Money(alone + 1, unit), hundredths=50)


def test_nobody_agrees_to_what_they_asked_for() -> None:
    agree(asked_by="per_a", by="per_b")
    with pytest.raises(SecondPersonNeeded):
        agree(asked_by="per_a", by="per_a")
