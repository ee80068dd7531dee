"""Why a coupon was not used: a stable code for each reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import CartInvalid, price_cart
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    Coupon,
    FirstPurchase,
    FreeDelivery,
    Gift,
    Lane,
    Limits,
    Reach,
    Reason,
    Unused,
    Window,
)
from tests.factories.pricing import (
    AT,
    context,
    coupon,
    delivery,
    euros,
    line,
    off,
    percent,
    promotion,
)

HOUR = timedelta(hours=1)


def why(held: Coupon, *lines: Any, **known: Any) -> Unused:
    """Why the only coupon is not used."""
    quote = price_cart(lines or [line(price=1000)], context=context(**known), coupons=[held])
    assert quote.discounts == ()
    assert len(quote.unused) == 1
    return quote.unused[0]


def used(held: Coupon, *lines: Any, **known: Any) -> bool:
    """Whether it is used under other circumstances, so that the reason was the reason."""
    quote = price_cart(lines or [line(price=1000)], context=context(**known), coupons=[held])
    return [each.ref for each in quote.discounts] == [held.ref]


def limited(**limits: Any) -> Coupon:
    return coupon(off(100), limits=Limits(**limits))


def test_minimum_not_reached_says_how_much_is_missing() -> None:
    held = coupon(off(100), minimum=2500)
    assert why(held) == Unused("cpn_a", Reason.MINIMUM_NOT_REACHED, missing=euros(1500))
    assert used(held, line(price=2500))


def test_a_minimum_counts_only_the_lines_it_is_for() -> None:
    held = coupon(off(100), offers=["off_a"], minimum=2000)
    lines = [line("off_a", 1900), line("off_b", 5000)]
    assert why(held, *lines) == Unused("cpn_a", Reason.MINIMUM_NOT_REACHED, missing=euros(100))


def test_expired_with_the_promotion_or_with_the_coupon_itself() -> None:
    of_all = coupon(off(100))
    ended = replace(of_all, promotion=replace(of_all.promotion, ends_at=AT))
    assert why(ended).reason is Reason.EXPIRED
    assert why(coupon(off(100), ends_at=AT)).reason is Reason.EXPIRED
    assert used(coupon(off(100), ends_at=AT + HOUR))


def test_not_yet() -> None:
    held = Coupon("cpn_a", promotion(off(100), Lane.SHOP_COUPON, starts_at=AT + HOUR))
    assert why(held).reason is Reason.NOT_YET
    assert used(held, at=AT + HOUR)


@pytest.mark.parametrize(
    "held",
    [
        Coupon("cpn_a", promotion(AmountOff(Money(100, "SEK")), Lane.SHOP_COUPON)),
        Coupon("cpn_a", promotion(replace(percent(10), most=Money(100, "SEK")), Lane.SHOP_COUPON)),
        Coupon("cpn_a", promotion(percent(10), Lane.SHOP_COUPON, limits=Limits(minimum=Money(1, "SEK")))),
    ],
    ids=["amount", "cap", "minimum"],
)
def test_wrong_currency(held: Coupon) -> None:
    assert why(held).reason is Reason.WRONG_CURRENCY


def test_a_percentage_goes_with_every_currency() -> None:
    assert used(coupon(percent(10)))


def test_not_for_this_shop() -> None:
    held = coupon(off(100))
    assert why(held, line(merchant_ref="mer_b")).reason is Reason.NOT_FOR_THIS_SHOP
    assert used(held)


def test_not_in_this_region() -> None:
    held = limited(region_refs=frozenset({"reg_north", "reg_south"}))
    assert why(held, region_refs=["reg_city", "reg_west"]).reason is Reason.NOT_IN_THIS_REGION
    assert used(held, region_refs=["reg_city", "reg_south"])


def test_not_in_this_store() -> None:
    held = limited(store_refs=frozenset({"sto_a"}))
    assert why(held, store_ref="sto_b").reason is Reason.NOT_IN_THIS_STORE
    assert why(held).reason is Reason.NOT_IN_THIS_STORE
    assert used(held, store_ref="sto_a")


def test_not_for_you() -> None:
    held = limited(segments=frozenset({"student", "member"}))
    assert why(held, segments=["tourist"]).reason is Reason.NOT_FOR_YOU
    assert used(held, segments=["tourist", "member"])


def test_first_purchase_only() -> None:
    at_shop, anywhere = limited(first=FirstPurchase.AT_SHOP), limited(first=FirstPurchase.ON_PLATFORM)
    assert why(at_shop).reason is Reason.FIRST_PURCHASE_ONLY
    assert used(at_shop, first_at_shop=True)
    assert why(anywhere, first_at_shop=True).reason is Reason.FIRST_PURCHASE_ONLY
    assert used(anywhere, first_at_shop=True, first_on_platform=True)


def test_not_on_this_day_and_not_at_this_hour() -> None:
    held = limited(windows=(Window(frozenset({1}), time(16), time(18)),))
    assert why(held).reason is Reason.NOT_AT_THIS_HOUR  # a Tuesday, 15:00
    assert why(held, at=AT + 24 * HOUR).reason is Reason.NOT_ON_THIS_DAY
    assert used(held, at=AT + HOUR)


def test_not_for_these() -> None:
    held = coupon(off(100), offers=["off_b"], categories=["tea"])
    assert why(held, line(categories=["noodles"])).reason is Reason.NOT_FOR_THESE
    assert used(held, line("off_b"))
    assert used(held, line(categories=["hot", "tea"]))


def test_no_delivery() -> None:
    held = coupon(FreeDelivery(), ref="cpn_a")
    assert why(held).reason is Reason.NO_DELIVERY
    assert used(held, line(), delivery(400))


def test_too_few_says_how_many_are_missing() -> None:
    held = coupon(BuyGet(3, 1))
    assert why(held, line(quantity=2)) == Unused("cpn_a", Reason.TOO_FEW, missing_pieces=2)
    assert used(held, line(quantity=4))


def test_gift_not_in_cart() -> None:
    held = coupon(Gift("off_cake"))
    assert why(held).reason is Reason.GIFT_NOT_IN_CART
    assert used(held, line(), line("off_cake", 300))


def test_a_gift_alone_is_not_what_it_is_for() -> None:
    assert why(coupon(Gift("off_cake")), line("off_cake", 300)).reason is Reason.NOT_FOR_THESE


def test_nothing_left() -> None:
    assert why(coupon(off(100)), line(price=0, list_price=500)).reason is Reason.NOTHING_LEFT
    # One per cent of 49 cents rounds to nothing.
    assert why(coupon(percent(1)), line(price=49)).reason is Reason.NOTHING_LEFT


def test_other_is_better() -> None:
    quote = price_cart([line()], context=context(), coupons=[coupon(off(300), ref="cpn_b"), coupon(off(200))])
    assert [each.ref for each in quote.discounts] == ["cpn_b"]
    assert quote.unused == (Unused("cpn_a", Reason.OTHER_IS_BETTER),)


def test_not_wanted() -> None:
    better, asked = coupon(off(300), ref="cpn_b"), coupon(off(200))
    quote = price_cart([line()], context=context(), coupons=[better, asked], wanted=frozenset({asked.ref}))
    assert [each.ref for each in quote.discounts] == ["cpn_a"]
    assert quote.unused == (Unused("cpn_b", Reason.NOT_WANTED),)
    none = price_cart([line()], context=context(), coupons=[better, asked], wanted=frozenset())
    assert (none.total, {each.reason for each in none.unused}) == (euros(1000), {Reason.NOT_WANTED})


def test_every_reason_has_a_test_here() -> None:
    """Each is named in an assertion above, in the order in which they are looked at."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [reason for reason in Reason if f"Reason.{reason.name}" not in text] == []


def test_of_several_reasons_the_first_is_told() -> None:
    wrong = Limits(
        minimum=euros(9000),
        windows=(Window(frozenset({6}), time(8), time(9)),),
        region_refs=frozenset({"reg_other"}),
        store_refs=frozenset({"sto_other"}),
        segments=frozenset({"nobody"}),
        first=FirstPurchase.AT_SHOP,
    )
    held = coupon(off(100), offers=["off_none"], limits=wrong, ends_at=AT)
    assert why(held).reason is Reason.EXPIRED
    assert why(replace(held, ends_at=None)).reason is Reason.NOT_IN_THIS_REGION
    held = replace(held, ends_at=None)
    order: list[tuple[str, Any, Reason]] = [
        ("region_refs", frozenset(), Reason.NOT_IN_THIS_STORE),
        ("store_refs", frozenset(), Reason.NOT_FOR_YOU),
        ("segments", frozenset(), Reason.FIRST_PURCHASE_ONLY),
        ("first", None, Reason.NOT_ON_THIS_DAY),
        ("windows", (), Reason.NOT_FOR_THESE),
    ]
    for name, empty, then in order:
        changed: dict[str, Any] = {name: empty}
        wrong = replace(wrong, **changed)
        assert why(Coupon(held.ref, replace(held.promotion, limits=wrong))).reason is then
    for_all = replace(held.promotion, limits=wrong, reach=Reach("mer_a"))
    assert why(Coupon(held.ref, for_all)).reason is Reason.MINIMUM_NOT_REACHED


@pytest.mark.parametrize(
    "asked",
    [
        {"wanted": frozenset({"cpn_b"}), "coupons": [coupon(off(100))]},
        {"coupons": [coupon(off(100)), coupon(off(200))]},
        {"promotions": [coupon(off(100)).promotion]},
        {"coupons": [Coupon("cpn_a", promotion(off(100)))]},
        {"promotions": [promotion(off(100))], "context": None},
    ],
    ids=["not held", "twice", "a coupon's lane", "a promotion's lane", "no context"],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(CartInvalid):
        price_cart([line()], **{"context": context(), **asked})
