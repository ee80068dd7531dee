"""The price lane: each line has the lowest of its prices that hold."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from hutong.pay.pricing.rules import CartInvalid, price_cart
from hutong.pay.pricing.types import CartLine, PriceKind, QuoteLine, SpecialPrice, Step, Window
from tests.factories.pricing import context, euros, line

FROM_3 = SpecialPrice(euros(800), from_quantity=3)
FROM_5 = SpecialPrice(euros(700), from_quantity=5)
MEMBER = SpecialPrice(euros(850), segments=frozenset({"member"}))
AFTERNOON = (Window(frozenset({1, 2, 3}), time(14), time(17)),)
"""Tuesday to Thursday, 14 to 17 h."""
HAPPY_HOUR = SpecialPrice(euros(750), windows=AFTERNOON)


def priced(cart_line: CartLine, at: datetime | None = None, *segments: str) -> QuoteLine:
    when = context(at, segments=segments) if at else context(segments=segments)
    return price_cart([cart_line], context=when).lines[0]


def helsinki(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of June 2026, when Helsinki is three hours ahead; the 1st is a Monday."""
    return datetime(2026, 6, day, hour - 3, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quantity", "each", "kind"),
    [(1, 1000, "deal"), (2, 1000, "deal"), (3, 800, "quantity"), (4, 800, "quantity"), (5, 700, "quantity")],
)
def test_three_or_more_for_eight_each(quantity: int, each: int, kind: str) -> None:
    found = priced(line(price=1000, list_price=1200, quantity=quantity, special=[FROM_5, FROM_3]))
    assert (found.total, found.price_kind) == (euros(quantity * each), PriceKind(kind))
    assert found.list_total == euros(quantity * 1200)


def test_the_steps_that_led_to_a_price_are_kept() -> None:
    found = priced(line(price=1000, quantity=4, special=[FROM_5, FROM_3]))
    assert found.steps == (Step(1, euros(1000)), Step(3, euros(800)))
    assert priced(line(price=1000, quantity=2, special=[FROM_3])).steps == ()


def test_a_member_pays_the_member_price() -> None:
    cart_line = line(price=1000, special=[MEMBER])
    assert (priced(cart_line).total, priced(cart_line).price_kind) == (euros(1000), PriceKind.LIST)
    member = priced(cart_line, None, "student", "member")
    assert (member.total, member.price_kind) == (euros(850), PriceKind.MEMBER)


@pytest.mark.parametrize(
    ("at", "cents"),
    [
        (helsinki(2, 14), 750),
        (helsinki(2, 16, 59), 750),
        (helsinki(2, 17), 1000),
        (helsinki(2, 13, 59), 1000),
        (helsinki(4, 15), 750),
        (helsinki(5, 15), 1000),
        (helsinki(1, 15), 1000),
    ],
    ids=["opens", "last minute", "over", "before", "Thursday", "Friday", "Monday"],
)
def test_tuesday_to_thursday_in_the_afternoon(at: datetime, cents: int) -> None:
    assert priced(line(price=1000, special=[HAPPY_HOUR]), at).total == euros(cents)


def test_the_hours_are_those_of_the_shop() -> None:
    at = helsinki(2, 15)
    lines = [line(price=1000, special=[HAPPY_HOUR])]
    assert price_cart(lines, context=context(at, zone="Asia/Shanghai")).total == euros(1000)
    assert price_cart(lines, context=context(at, zone="Europe/Berlin")).total == euros(750)


def test_of_several_prices_the_lowest_counts() -> None:
    """A member who buys three on a Tuesday afternoon: 8.50, 8.00 or 7.50 each, so 7.50."""
    cart_line = line(price=1000, quantity=3, special=[FROM_3, MEMBER, HAPPY_HOUR])
    found = priced(cart_line, helsinki(2, 15), "member")
    assert (found.total, found.price_kind) == (euros(2250), PriceKind.WINDOW)
    evening = priced(cart_line, helsinki(2, 19), "member")
    assert (evening.total, evening.price_kind) == (euros(2400), PriceKind.QUANTITY)
    # For a member the first step is the member price.
    assert evening.steps == (Step(1, euros(850)), Step(3, euros(800)))


def test_conditions_of_one_price_hold_together() -> None:
    both = SpecialPrice(euros(600), from_quantity=2, windows=AFTERNOON, segments=frozenset({"member"}))
    at = helsinki(2, 15)
    assert priced(line(price=1000, quantity=2, special=[both]), at, "member").total == euros(1200)
    assert priced(line(price=1000, quantity=1, special=[both]), at, "member").total == euros(1000)
    assert priced(line(price=1000, quantity=2, special=[both]), at).total == euros(2000)
    assert priced(line(price=1000, quantity=2, special=[both]), helsinki(1, 15), "member").total == euros(
        2000
    )


def test_a_dearer_special_price_is_nobodys() -> None:
    dear = SpecialPrice(euros(1100), segments=frozenset({"member"}))
    found = priced(line(price=1000, list_price=1200, special=[dear]), None, "member")
    assert (found.total, found.price_kind) == (euros(1000), PriceKind.DEAL)


def test_each_line_counts_for_itself() -> None:
    lines = [
        line("off_a", 1000, quantity=2, special=[FROM_3]),
        line("off_b", 1000, quantity=1, special=[FROM_3]),
    ]
    assert price_cart(lines).total == euros(3000)


def test_the_uses_of_a_piece_share_its_price() -> None:
    found = priced(line(price=1000, quantity=3, uses=3, special=[FROM_3]))
    assert [unit.paid.minor for unit in found.units] == [267, 267, 266] * 3
    assert [unit.price.minor for unit in found.units] == [267, 267, 266] * 3


@pytest.mark.parametrize(
    "special",
    [SpecialPrice(euros(1001)), SpecialPrice(euros(-1)), SpecialPrice(euros(900), from_quantity=0)],
    ids=["above the list price", "negative", "from no piece"],
)
def test_a_price_that_makes_no_sense_is_refused(special: SpecialPrice) -> None:
    with pytest.raises(CartInvalid):
        price_cart([line(price=1000, special=[special])])


@pytest.mark.parametrize("special", [MEMBER, HAPPY_HOUR])
def test_a_price_for_some_needs_to_know_for_whom_and_when(special: SpecialPrice) -> None:
    with pytest.raises(CartInvalid, match="context"):
        price_cart([line(price=1000, special=[special])])
    with pytest.raises(CartInvalid, match="wall time"):
        price_cart([line(price=1000)], context=context(datetime(2026, 6, 2, 12)))
