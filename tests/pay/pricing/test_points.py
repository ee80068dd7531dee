"""Points as money: so many points are so much, in steps, up to a share of the price."""

from __future__ import annotations

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import CartInvalid, price_cart
from hutong.pay.pricing.types import Lane, Points, Quote
from tests.factories.pricing import context, coupon, delivery, euros, line, off, points, promotion


def spent(quote: Quote) -> tuple[int, int]:
    """Points, and cents for them."""
    found = [each for each in quote.discounts if each.lane is Lane.POINTS]
    if not found:
        return 0, 0
    assert found[0].points is not None
    return found[0].points.minor, found[0].amount.minor


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (points(950), (900, 900)),
        (points(99), (0, 0)),
        (points(5000), (2000, 2000)),
        (points(950, step=500), (500, 500)),
        (points(950, share_ppm=200_000), (400, 400)),
        (points(950, worth=50), (900, 450)),
        (points(950, step=1), (950, 950)),
        (points(950, each=1000, worth=100, step=10), (950, 95)),
    ],
    ids=["hundreds", "too few", "no more than it costs", "step", "share", "half a cent", "each one", "tenth"],
)
def test_points_of_an_order_of_twenty(given: Points, expected: tuple[int, int]) -> None:
    quote = price_cart([line(price=2000)], points=given)
    assert spent(quote) == expected
    assert quote.total == euros(2000 - expected[1])


def test_no_points_are_spent_unasked() -> None:
    assert price_cart([line(price=2000)], context=context()).discounts == ()


def test_the_share_is_of_the_price_before_discounts() -> None:
    """As a minimum: 20 % of 20.00 are 4.00, also where a promotion has taken 10.00 before."""
    quote = price_cart(
        [line(price=2000)],
        context=context(),
        promotions=[promotion(off(1000))],
        points=points(5000, share_ppm=200_000),
    )
    assert (spent(quote), quote.total) == ((400, 400), euros(600))


def test_points_pay_for_no_delivery() -> None:
    quote = price_cart([line(price=500), delivery(400)], points=points(900))
    assert (spent(quote), quote.total) == ((500, 500), euros(400))


def test_the_points_of_each_unit_are_fixed() -> None:
    """Of 700 points for 7.00 on 30.00: three units and what each of them takes back to its lot."""
    quote = price_cart([line(price=1000, quantity=3)], points=points(700))
    parts = [unit.discounts[0] for unit in quote.lines[0].units]
    assert [(part.amount.minor, part.points) for part in parts] == [
        (234, Money(234, "pts_town")),
        (233, Money(233, "pts_town")),
        (233, Money(233, "pts_town")),
    ]


def test_where_it_comes_to_the_same_points_are_kept_rather_than_coupons() -> None:
    """5.00 to pay, a coupon over 5.00 and 500 points: the coupon goes, the points stay."""
    quote = price_cart([line(price=500)], context=context(), coupons=[coupon(off(500))], points=points(500))
    assert ([each.ref for each in quote.discounts], spent(quote)) == (["cpn_a"], (0, 0))


def test_points_of_another_currency_are_refused() -> None:
    foreign = Points(
        use=Money(100, "pts_town"),
        each=Money(100, "pts_town"),
        worth=Money(100, "SEK"),
        funder=points(1).funder,
        titles={},
    )
    with pytest.raises(CartInvalid):
        price_cart([line()], points=foreign)
