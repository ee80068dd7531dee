"""What each kind of discount takes off, by example."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import price_cart
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    CartLine,
    Coupon,
    Effect,
    EffectKind,
    FreeDelivery,
    Funder,
    Gift,
    Lane,
    Limits,
    PercentOff,
    Points,
    Promotion,
    PromotionInvalid,
    Quote,
    Reach,
)
from tests.factories.pricing import (
    AT,
    SHOP,
    context,
    coupon,
    delivery,
    euros,
    line,
    off,
    percent,
    promotion,
)


def priced(effect: Effect, *lines: CartLine, **more: Any) -> Quote:
    return price_cart(lines, context=context(), promotions=[promotion(effect, ref="prm_a", **more)])


def totals(quote: Quote) -> list[int]:
    return [each.total.minor for each in quote.lines]


def test_an_amount_off_comes_once_and_is_shared_by_the_lines() -> None:
    quote = priced(off(500), line("off_a", 1000, quantity=2), line("off_b", 500))
    assert totals(quote) == [1600, 400]
    (discount,) = quote.discounts
    assert (discount.kind, discount.amount) == (EffectKind.AMOUNT_OFF, euros(500))
    assert discount.lines == ((0, euros(400)), (1, euros(100)))


def test_an_amount_off_takes_no_more_than_there_is() -> None:
    quote = priced(off(5000), line("off_a", 1000), line("off_b", 500), offers=["off_a"])
    assert totals(quote) == [0, 500]
    assert quote.discounts[0].amount == euros(1000)


def test_an_amount_from_an_amount_on() -> None:
    """5.00 off from 20.00."""
    assert priced(off(500), line(price=1999), minimum=2000).total == euros(1999)
    assert priced(off(500), line(price=2000), minimum=2000).total == euros(1500)


def test_a_percentage_is_rounded_half_up_once_over_its_lines() -> None:
    # 10 % of 0.35 + 0.30 is 0.065, so 0.07; by lines it would have been 0.04 + 0.03.
    assert priced(percent(10), line("off_a", 35), line("off_b", 30)).total == euros(58)
    assert priced(percent(10), line("off_a", 34), line("off_b", 30)).total == euros(58)


def test_a_percentage_has_a_cap() -> None:
    assert priced(percent(20, most=300), line(price=1400)).total == euros(1120)
    assert priced(percent(20, most=300), line(price=2000)).total == euros(1700)


def test_a_promotion_is_for_categories_and_offers() -> None:
    lines = [line("off_a", 1000, categories=["tea", "drinks"]), line("off_b", 1000), line("off_c", 1000)]
    quote = priced(percent(50), *lines, categories=["tea"], offers=["off_c"])
    assert totals(quote) == [500, 1000, 500]


def test_a_promotion_is_for_one_merchant() -> None:
    quote = priced(percent(50), line("off_a", 1000), line("off_b", 1000, merchant_ref="mer_b"))
    assert totals(quote) == [500, 1000]


@pytest.mark.parametrize(
    ("quantity", "paid"),
    [(2, 2000), (3, 2000), (5, 4000), (6, 4000), (9, 6000)],
)
def test_buy_two_get_one(quantity: int, paid: int) -> None:
    assert priced(BuyGet(2, 1), line(price=1000, quantity=quantity)).total == euros(paid)


def test_of_different_pieces_the_cheapest_are_got_and_all_of_them_share_it() -> None:
    """Tea 3.00, cake 5.00 twice, soup 8.00: of four pieces one is free, the tea. Its 3.00 are shared by what counted,
    so that giving back the soup does not leave a free tea: 21.00 less 3.00, one seventh less for each."""
    quote = priced(
        BuyGet(3, 1), line("off_tea", 300), line("off_cake", 500, quantity=2), line("off_soup", 800)
    )
    assert quote.discounts[0].amount == euros(300)
    assert totals(quote) == [257, 857, 686]


def test_buy_one_get_one_for_half_at_most_twice() -> None:
    effect = BuyGet(1, 1, rate_ppm=500_000, times=2)
    assert priced(effect, line(price=1000, quantity=2)).total == euros(1500)
    assert priced(effect, line(price=1000, quantity=8)).total == euros(7000)


def test_a_gift_is_one_piece_for_nothing_once_it_is_in_the_cart() -> None:
    lines = [line("off_soup", 1500), line("off_cake", 450, quantity=2)]
    quote = priced(Gift("off_cake"), *lines)
    assert totals(quote) == [1500, 450]
    assert quote.discounts[0].lines == ((1, euros(450)),)


def test_a_gift_does_not_count_for_its_own_minimum() -> None:
    lines = [line("off_soup", 1500), line("off_cake", 600)]
    assert totals(priced(Gift("off_cake"), *lines, minimum=2000)) == [1500, 600]
    assert totals(priced(Gift("off_cake"), *lines, minimum=1500)) == [1500, 0]


def test_free_delivery_takes_the_delivery_and_nothing_else() -> None:
    lines = [line(price=1000), delivery(490)]
    assert totals(priced(FreeDelivery(), *lines)) == [1000, 0]
    assert totals(priced(FreeDelivery(euros(300)), *lines)) == [1000, 190]
    assert totals(priced(percent(50), *lines)) == [500, 490]


def test_delivery_counts_for_no_minimum() -> None:
    lines = [line(price=1000), delivery(490)]
    assert priced(FreeDelivery(), *lines, minimum=1001).total == euros(1490)
    assert priced(off(100), *lines, minimum=1001).total == euros(1490)


def test_free_delivery_of_a_promotion_spares_the_coupon() -> None:
    quote = price_cart(
        [line(), delivery()],
        context=context(),
        promotions=[promotion(FreeDelivery(), ref="prm_a")],
        coupons=[coupon(FreeDelivery())],
    )
    assert [each.ref for each in quote.discounts] == ["prm_a"]


def _promotion(**other: Any) -> Promotion:
    plain: dict[str, Any] = {
        "ref": "prm_a", "titles": {}, "lane": Lane.SHOP_PROMOTION, "funder": Funder.MERCHANT,
        "effect": off(100), "starts_at": AT, "reach": Reach(SHOP),
    }  # fmt: skip
    return Promotion(**{**plain, **other})


def _points(**other: Any) -> Points:
    plain: dict[str, Any] = {
        "use": Money(100, "pts_a"), "each": Money(100, "pts_a"), "worth": euros(100),
        "funder": Funder.PLATFORM, "titles": {},
    }  # fmt: skip
    return Points(**{**plain, **other})


@pytest.mark.parametrize(
    "make",
    [
        lambda: AmountOff(euros(0)),
        lambda: PercentOff(0),
        lambda: PercentOff(1_000_001),
        lambda: PercentOff(100_000, euros(0)),
        lambda: BuyGet(0, 1),
        lambda: BuyGet(1, 0),
        lambda: BuyGet(1, 1, rate_ppm=0),
        lambda: BuyGet(1, 1, times=0),
        lambda: FreeDelivery(euros(0)),
        lambda: _promotion(lane=Lane.POINTS),
        lambda: _promotion(lane=Lane.DELIVERY),
        lambda: _promotion(effect=FreeDelivery()),
        lambda: _promotion(reach=Reach()),
        lambda: _promotion(starts_at=datetime(2026, 6, 1)),
        lambda: _promotion(ends_at=AT),
        lambda: Coupon("cpn_a", _promotion(lane=Lane.SHOP_COUPON), datetime(2026, 6, 30)),
        lambda: _promotion(limits=Limits(minimum=euros(0))),
        lambda: _promotion(limits=Limits(minimum=Money(100, "SEK"))),
        lambda: _points(use=Money(100, "pts_b")),
        lambda: _points(use=Money(-1, "pts_a")),
        lambda: _points(each=Money(0, "pts_a")),
        lambda: _points(worth=euros(0)),
        lambda: _points(share_ppm=0),
        lambda: _points(each=Money(3, "pts_a"), worth=euros(1), step=Money(1, "pts_a")),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(PromotionInvalid):
        make()


def test_plain_rules_are_accepted() -> None:
    assert _promotion(ends_at=AT + timedelta(seconds=1)).unit == "EUR"
    assert _promotion(effect=percent(10)).unit == ""
    assert _points().least_worth == euros(100)
