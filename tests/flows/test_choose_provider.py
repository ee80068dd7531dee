"""Which provider takes how much: the least amounts that providers take, alone and beside a gift card."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.flows.choose_provider import AmountTooSmall, choose, least, part_of_balance
from hutong.kernel.money import Money


@pytest.fixture
def stripe_first(settings: Any) -> None:
    """A site that takes cards, and the sandbox."""
    settings.HUTONG_PROVIDERS = ["stripe", "sandbox"]
    settings.HUTONG_PROVIDER_KEYS = {"stripe": {}}


@pytest.mark.parametrize(
    ("balance", "total", "provider", "part"),
    [
        (500, 1990, "stripe", 500),
        (1940, 1990, "stripe", 1940),
        (1941, 1990, "stripe", 1940),
        (1989, 1990, "stripe", 1940),
        (1990, 1990, "stripe", 1990),
        (9000, 1990, "stripe", 1990),
        (1989, 1990, "sandbox", 1989),
        (30, 50, "stripe", 0),
        (30, 40, "stripe", 0),
        (40, 40, "stripe", 40),
        (30, 40, "", 30),
    ],
)
def test_nothing_is_left_to_pay_or_as_much_as_is_taken(
    balance: int, total: int, provider: str, part: int
) -> None:
    used = part_of_balance(balance=Money(balance, "EUR"), total=Money(total, "EUR"), provider=provider)
    assert used == Money(part, "EUR")


def test_the_least_amount_is_counted_in_the_minor_units_of_each_currency() -> None:
    found = [least("stripe", unit).minor for unit in ("EUR", "JPY", "SEK", "HUF", "CNY")]
    assert found == [50, 50, 300, 17_500, 1]
    assert [least(name, "CNY").minor for name in ("wechat", "alipay", "sandbox")] == [1, 1, 1]


@pytest.mark.usefixtures("stripe_first")
def test_too_little_is_refused_by_the_way_that_was_wanted_and_the_usual_one_is_passed_over() -> None:
    assert choose(wanted=None, amount=Money(50, "EUR")) == "stripe"
    assert choose(wanted=None, amount=Money(49, "EUR")) == "sandbox"
    with pytest.raises(AmountTooSmall, match=r"takes €0\.50 or more"):
        choose(wanted="stripe", amount=Money(49, "EUR"))


def test_where_nothing_takes_so_little_the_lowest_amount_is_said(settings: Any) -> None:
    settings.HUTONG_PROVIDERS = ["stripe"]
    settings.HUTONG_PROVIDER_KEYS = {"stripe": {}}
    with pytest.raises(AmountTooSmall) as refused:
        choose(wanted=None, amount=Money(1, "EUR"))
    assert (refused.value.code, refused.value.details) == ("amount_too_small", {"least": "€0.50"})
