"""Who pays a discount, and where it lies: on which line, on which unit, and what is kept of the sale."""

from __future__ import annotations

from dataclasses import replace

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import flat_rate, price_cart
from hutong.pay.pricing.types import DiscountPart, FlatRate, Funder, Lane, Quote, SoldLine
from tests.factories.pricing import context, coupon, euros, line, off, percent, points, promotion


def quote_of_two_funders() -> Quote:
    """Two soups at 10.00 (list 12.00) and a cake at 5.00. The shop takes 10 %, the platform 3.00 more."""
    return price_cart(
        [line("off_soup", 1000, quantity=2, list_price=1200), line("off_cake", 500)],
        charge=flat_rate(100_000),
        context=context(),
        promotions=[promotion(percent(10), ref="prm_shop")],
        coupons=[coupon(off(300), Lane.PLATFORM_COUPON, ref="cpn_town")],
    )


def test_each_unit_says_who_pays_what_of_it() -> None:
    """The shop's 2.50 are 1.00 of each soup and 0.50 of the cake, which leaves 9.00, 9.00 and 4.50. The platform's 3.00
    are 2/15 of these 22.50: 1.20 of each soup, 0.60 of the cake."""
    soups, cake = quote_of_two_funders().lines
    assert [unit.paid.minor for unit in (*soups.units, *cake.units)] == [780, 780, 390]
    soup = soups.units[0]
    # 2.00 between list price and price, 1.00 of the promotion.
    assert (soup.list, soup.price) == (euros(1200), euros(1000))
    assert (soup.discount_merchant, soup.discount_platform) == (euros(300), euros(120))
    assert soup.discounts == (
        DiscountPart("prm_shop", Lane.SHOP_PROMOTION, Funder.MERCHANT, euros(100)),
        DiscountPart("cpn_town", Lane.PLATFORM_COUPON, Funder.PLATFORM, euros(120)),
    )


def test_commission_is_on_what_the_merchant_sells_for() -> None:
    """Less the merchant's own discounts, with what the platform adds: 10 % of 18.00 and of 4.50."""
    soups, cake = quote_of_two_funders().lines
    assert [unit.commission.minor for unit in soups.units] == [90, 90]
    assert cake.units[0].commission == euros(45)


def test_whoever_charges_sees_the_price_after_the_merchants_discounts() -> None:
    seen: list[SoldLine] = []

    def charge(sold: SoldLine) -> FlatRate:
        seen.append(sold)
        return flat_rate(0)(sold)

    price_cart(
        [line("off_soup", 1000, quantity=2, uses=3)],
        charge=charge,
        context=context(),
        promotions=[promotion(off(500)), promotion(off(700), Lane.PLATFORM_PROMOTION)],
    )
    assert [(sold.offer_ref, sold.units, sold.price) for sold in seen] == [("off_soup", 6, euros(1500))]


def test_a_brand_pays_through_a_funder_and_is_named() -> None:
    given = promotion(off(200), Lane.PLATFORM_PROMOTION, ref="prm_brand", brand_ref="brd_cola")
    quote = price_cart([line()], context=context(), promotions=[given])
    (discount,) = quote.discounts
    assert (discount.funder, discount.brand_ref) == (Funder.PLATFORM, "brd_cola")
    assert quote.lines[0].units[0].discount_platform == euros(200)


def test_a_shop_may_pay_in_a_lane_of_the_platform() -> None:
    given = promotion(off(200), Lane.PLATFORM_PROMOTION, funder=Funder.MERCHANT)
    unit = price_cart([line()], context=context(), promotions=[given]).lines[0].units[0]
    assert (unit.discount_merchant, unit.discount_platform) == (euros(200), euros(0))


def test_points_are_paid_by_whoever_gave_them() -> None:
    unit = price_cart([line()], points=points(300)).lines[0].units[0]
    assert (unit.discount_platform, unit.discounts[0].points) == (euros(300), Money(300, "pts_town"))


def test_a_cent_that_does_not_divide_lies_on_the_earlier_unit() -> None:
    """1.00 off three of 3.33: 0.34, 0.33, 0.33. What is stored is never divided again, so two given back and one kept
    are what they were together."""
    units = price_cart(
        [line(price=333, quantity=3)], context=context(), promotions=[promotion(off(100))]
    ).lines[0].units  # fmt: skip
    assert [unit.paid.minor for unit in units] == [299, 300, 300]


def test_of_equal_lines_the_one_with_the_earlier_ref_has_the_cent_wherever_it_stands() -> None:
    lines = [line("off_b", 333), line("off_a", 333), line("off_c", 333)]
    quote = price_cart(lines, context=context(), promotions=[promotion(off(100))])
    assert [(each.offer_ref, each.total.minor) for each in quote.lines] == [
        ("off_b", 300),
        ("off_a", 299),
        ("off_c", 300),
    ]


def test_tax_is_contained_in_what_is_paid_of_each_unit() -> None:
    """A discount makes it smaller: 25.5 % contained in 12.55 are 2.55."""
    taxed = replace(line(price=1755), tax_rate_ppm=255_000)
    quote = price_cart([taxed], context=context(), promotions=[promotion(off(500))])
    assert quote.tax_total == euros(255)
