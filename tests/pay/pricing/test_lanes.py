"""Exclusive within a lane, one after the other across lanes; told as stories, with figures worked by hand."""

from __future__ import annotations

from hutong.pay.pricing.rules import price_cart
from hutong.pay.pricing.types import (
    BuyGet,
    Coupon,
    FreeDelivery,
    Funder,
    Lane,
    Promotion,
    Quote,
    Reason,
    SpecialPrice,
)
from tests.factories.pricing import (
    context,
    coupon,
    delivery,
    euros,
    line,
    off,
    percent,
    points,
    promotion,
)


def shown(quote: Quote) -> list[tuple[str, int]]:
    return [(each.ref, each.amount.minor) for each in quote.discounts]


def test_a_whole_evening_out() -> None:
    """Two menus at 30.00 (list 40.00) and three teas at 5.00, 4.00 each from three on; delivery 5.00.

    | | | left |
    | --- | --- | --- |
    | price lane | 2 x 30.00 + 3 x 4.00 | 72.00 |
    | shop promotion | 10 % of 72.00 | 64.80 |
    | shop coupon | 6.00 off menus: of 54.00 | 58.80 |
    | platform promotion | 5 % of 58.80 | 55.86 |
    | platform coupon | 5.00 from 70.00: 72.00 are | 50.86 |
    | delivery | 5.00, for nothing | |
    | points | 1,000 for 10.00, up to 20 % of 72.00 | 40.86 |
    """
    lines = [
        line("off_menu", 3000, quantity=2, list_price=4000, categories=["menus"]),
        line("off_tea", 500, quantity=3, special=[SpecialPrice(euros(400), 3)]),
        delivery(500),
    ]
    quote = price_cart(
        lines,
        context=context(),
        promotions=[
            promotion(percent(10), ref="prm_shop"),
            promotion(percent(5), Lane.PLATFORM_PROMOTION, ref="prm_town"),
            promotion(FreeDelivery(), ref="prm_ride"),
        ],
        coupons=[
            coupon(off(600), ref="cpn_menu", categories=["menus"]),
            coupon(off(500), Lane.PLATFORM_COUPON, ref="cpn_town", minimum=7000),
        ],
        points=points(1000, share_ppm=200_000),
    )
    assert shown(quote) == [
        ("prm_shop", 720),
        ("cpn_menu", 600),
        ("prm_town", 294),
        ("cpn_town", 500),
        ("prm_ride", 500),
        ("pts_town", 1000),
    ]
    assert quote.total == euros(4086)
    assert quote.list_total == euros(8000 + 1500 + 500)
    assert quote.discount_total == quote.list_total - quote.total


def test_a_percentage_is_of_what_the_lanes_before_it_left() -> None:
    """10 % of the shop and 10 % of the platform on 100.00 are 19.00, not 20.00."""
    quote = price_cart(
        [line(price=10000)],
        context=context(),
        promotions=[
            promotion(percent(10), ref="prm_shop"),
            promotion(percent(10), Lane.PLATFORM_PROMOTION, ref="prm_town"),
        ],
    )
    assert shown(quote) == [("prm_shop", 1000), ("prm_town", 900)]


def test_a_minimum_is_measured_before_any_discount() -> None:
    """50.00 are spent, so a coupon from 50.00 holds, although a promotion leaves 40.00 of it."""
    quote = price_cart(
        [line(price=5000)],
        context=context(),
        promotions=[promotion(percent(20), ref="prm_shop")],
        coupons=[coupon(off(500), Lane.PLATFORM_COUPON, minimum=5000)],
    )
    assert shown(quote) == [("prm_shop", 1000), ("cpn_a", 500)]


def test_a_minimum_is_measured_after_the_price_lane() -> None:
    """List 60.00, deal 45.00: 45.00 are spent."""
    held = coupon(off(500), minimum=5000)
    quote = price_cart([line(price=4500, list_price=6000)], context=context(), coupons=[held])
    assert (quote.unused[0].reason, quote.unused[0].missing) == (Reason.MINIMUM_NOT_REACHED, euros(500))


def test_of_one_lane_only_the_best_counts() -> None:
    quote = price_cart(
        [line(price=2000)],
        context=context(),
        promotions=[promotion(percent(10), ref="prm_ten"), promotion(off(300), ref="prm_three")],
    )
    assert shown(quote) == [("prm_three", 300)]


def test_the_best_of_each_lane_is_not_always_the_best_of_all() -> None:
    """Soup 10.00 and cake 10.00. The shop takes 6.00 off the soup, or 5.00 off the cake; a coupon takes half of the
    soup. With the larger promotion the coupon has 4.00 to halve: 8.00 in all. With the smaller it halves 10.00: 10.00."""
    quote = price_cart(
        [line("off_soup", 1000), line("off_cake", 1000)],
        context=context(),
        promotions=[
            promotion(off(600), ref="prm_soup", offers=["off_soup"]),
            promotion(off(500), ref="prm_cake", offers=["off_cake"]),
        ],
        coupons=[coupon(percent(50), offers=["off_soup"])],
    )
    assert shown(quote) == [("prm_cake", 500), ("cpn_a", 500)]
    assert quote.total == euros(1000)


def _alone() -> tuple[list[Promotion], Coupon]:
    promotions = [
        promotion(off(300), ref="prm_shop"),
        promotion(off(200), Lane.PLATFORM_PROMOTION, ref="prm_town"),
        promotion(FreeDelivery(), ref="prm_ride"),
    ]
    return promotions, coupon(off(800), Lane.PLATFORM_COUPON, alone=True)


def test_what_goes_alone_goes_with_the_price_lane_only() -> None:
    """A coupon over 8.00 that goes alone, or 3.00 + 2.00 without it. A line's own price it goes with."""
    promotions, held = _alone()
    lines = [line(price=2000, quantity=3, special=[SpecialPrice(euros(1500), 3)])]
    quote = price_cart(lines, context=context(), promotions=promotions, coupons=[held])
    assert (shown(quote), quote.total) == ([("cpn_a", 800)], euros(3700))


def test_what_goes_alone_is_left_out_where_the_others_are_more() -> None:
    """3.00 + 2.00 + 4.00 of delivery are more than 8.00."""
    promotions, held = _alone()
    quote = price_cart(
        [line(price=2000), delivery(400)], context=context(), promotions=promotions, coupons=[held]
    )
    assert shown(quote) == [("prm_shop", 300), ("prm_town", 200), ("prm_ride", 400)]
    assert quote.unused[0].reason is Reason.OTHER_IS_BETTER


def test_what_goes_alone_goes_without_points() -> None:
    _promotions, held = _alone()
    lines = [line(price=2000)]
    alone = price_cart(lines, context=context(), coupons=[held], points=points(700))
    assert shown(alone) == [("cpn_a", 800)]
    spent = price_cart(lines, context=context(), coupons=[held], points=points(900))
    assert shown(spent) == [("pts_town", 900)]


def test_a_coupon_that_is_asked_for_is_used_though_it_goes_alone_and_is_dearer() -> None:
    promotions, held = _alone()
    lines = [line(price=2000), delivery(400)]
    quote = price_cart(
        lines, context=context(), promotions=promotions, coupons=[held], wanted=frozenset({"cpn_a"})
    )
    assert (shown(quote), quote.total) == ([("cpn_a", 800)], euros(1600))


def test_of_two_coupons_of_a_lane_that_are_asked_for_the_better_is_used() -> None:
    held = [coupon(off(100), ref="cpn_a"), coupon(BuyGet(1, 1), ref="cpn_b"), coupon(off(900), ref="cpn_c")]
    quote = price_cart(
        [line(price=300, quantity=2)],
        context=context(),
        coupons=held,
        wanted=frozenset({"cpn_a", "cpn_b"}),
    )
    assert shown(quote) == [("cpn_b", 300)]
    assert [(each.ref, each.reason) for each in quote.unused] == [
        ("cpn_a", Reason.OTHER_IS_BETTER),
        ("cpn_c", Reason.NOT_WANTED),
    ]


def test_a_wallet_may_hold_the_same_coupon_three_times() -> None:
    terms = promotion(off(100), Lane.SHOP_COUPON, funder=Funder.MERCHANT)
    quote = price_cart(
        [line()], context=context(), coupons=[Coupon(f"cpn_{number}", terms) for number in range(3)]
    )
    assert shown(quote) == [("cpn_0", 100)]
    assert {each.reason for each in quote.unused} == {Reason.OTHER_IS_BETTER}
