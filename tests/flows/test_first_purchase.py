"""What is for a first purchase lowers one order of a person: one of a shop, and one of all."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hutong.flows import cart, discounts, expire_orders, refund
from hutong.flows.checkout import TIME_TO_PAY
from hutong.flows.groups import settle
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.pricing import queries
from hutong.pay.pricing.models import FirstUse
from hutong.pay.pricing.types import AmountOff, FirstPurchase, Issue, Lane, Limits
from tests.factories import people, promotions
from tests.factories.groups import group_scene, opened
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

HERE = Limits(first=FirstPurchase.AT_SHOP)
ANYWHERE = Limits(first=FirstPurchase.ON_PLATFORM)


def promote(shop: Scene, minor: int, lane: Lane = Lane.SHOP_PROMOTION, limits: Limits = HERE) -> None:
    """So much off a first purchase: the shop's, or the platform's in one of its lanes."""
    own = lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON)
    promotions.promotion(
        AmountOff(Money(minor, "EUR")),
        lane,
        at=shop.at,
        merchant_ref=shop.merchant.public_id if own else "",
        limits=limits,
    )


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop that takes 9.00 of 19.90 off a first purchase."""
    made = scene(at=at)
    promote(made, 900)
    return made


def test_of_orders_that_wait_for_money_together_one_is_the_first(shop: Scene) -> None:
    placed = [shop.order() for _number in range(3)]
    for each in placed:
        shop.money_arrives(each)
    assert [each.total.minor for each in placed] == [1090, 1990, 1990]


def test_another_promotion_for_a_first_purchase_counts_no_second_time(shop: Scene) -> None:
    assert shop.order().total.minor == 1090
    promote(shop, 800)
    promote(shop, 700, Lane.PLATFORM_PROMOTION)
    assert shop.order().total.minor == 1990


def test_several_of_one_order_count_together(shop: Scene) -> None:
    promote(shop, 200, Lane.PLATFORM_PROMOTION)
    assert shop.order().total.minor == 890
    assert FirstUse.objects.count() == 1


def test_the_first_in_a_shop_is_one_in_each(shop: Scene, at: datetime) -> None:
    assert shop.order().total.minor == 1090
    other = replace(scene(at=at), shopper=shop.shopper)
    promote(other, 300)
    promote(other, 100, Lane.PLATFORM_PROMOTION)
    assert [other.order().total.minor, other.order().total.minor] == [1590, 1990]


def test_the_first_of_all_is_one_in_all_shops(at: datetime) -> None:
    shop = scene(at=at)
    promote(shop, 500, Lane.PLATFORM_PROMOTION, ANYWHERE)
    assert shop.order().total.minor == 1490
    assert replace(scene(at=at), shopper=shop.shopper).order().total.minor == 1990
    assert scene(at=at).order().total.minor == 1490


def test_an_order_that_ended_unpaid_was_no_first_one(shop: Scene, at: datetime) -> None:
    shop.order()
    later = at + TIME_TO_PAY
    expire_orders.run(at=later)
    assert shop.order(at=later).total.minor == 1090


@pytest.mark.parametrize(("second", "outcome"), [(False, "paid_late"), (True, "returned")])
def test_money_that_comes_late_is_for_a_first_purchase_unless_another_order_is_one_by_now(
    second: bool, outcome: str, shop: Scene, at: datetime
) -> None:
    placed = shop.order()
    later = at + TIME_TO_PAY
    expire_orders.run(at=later)
    if second:
        assert shop.order(at=later).total.minor == 1090
    assert shop.money_arrives(placed, at=later) == outcome
    assert shop.order(at=later).total.minor == 1990


def test_what_was_given_back_whole_was_a_first_purchase(shop: Scene, at: datetime) -> None:
    placed = shop.order()
    shop.money_arrives(placed)
    refund.refund(
        order_ref=placed.order_ref, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=at
    )
    assert not FirstUse.objects.exists()
    assert shop.order().total.minor == 1990


def test_what_was_paid_in_a_group_that_failed_was_none(at: datetime) -> None:
    shop = group_scene(at=at)
    promote(shop, 300)
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.WELCOME)
    group_ref, placed = opened(shop)
    assert placed.total.minor == 1290
    assert shop.order().total.minor == 1990
    late = at + timedelta(hours=25)
    expire_orders.run(at=late)
    assert settle.end(group_ref=group_ref, at=late)
    settle.settle(order_ref=placed.order_ref, at=late)
    view = orders.order_view(placed.order_ref)
    assert view is not None
    assert view.refunded == view.total
    assert cart.price(wants={shop.offer.public_id: 1}, at=late, person=shop.shopper).quote.total.minor == 1690
    assert discounts.give_welcome(person=shop.shopper, at=late) == 1


@pytest.mark.unbalanced("the row of a first purchase is written by hand")
def test_the_books_find_a_first_purchase_that_nothing_was_for(shop: Scene, at: datetime) -> None:
    shop.order()
    assert queries.problems() == []
    FirstUse.objects.create(person=people.person(), scope="platform", order_ref="ord_none", at=at)
    assert queries.problems() == ["ord_none has the place of a first purchase, and no promotion for it"]


def test_its_row_is_in_the_persons_own_file(shop: Scene) -> None:
    placed = shop.order()
    (found,) = queries.everything_about(shop.shopper.pk)["pricing.FirstUse"]
    assert found == {"scope": shop.merchant.public_id, "order_ref": placed.order_ref, "at": shop.at}
