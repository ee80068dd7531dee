"""Promotions and coupons in orders: used with the payment, free again without it, back with a full refund."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from hutong.flows import books, cart, discounts, expire_orders, jobs, refund
from hutong.flows.checkout import TIME_TO_PAY
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Coupon, Promotion
from hutong.pay.pricing.types import (
    AmountOff,
    CouponState,
    FirstPurchase,
    Issue,
    Lane,
    Limits,
    PercentOff,
    Reach,
    Reason,
)
from hutong.town.people.models import Person
from tests.factories import people, promotions
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def quote_total(shop: Scene, at: datetime, *, person: Person | None = None, quantity: int = 1) -> int:
    wants = {shop.offer.public_id: quantity}
    return cart.price(wants=wants, at=at, person=person or shop.shopper).quote.total.minor


def state_of(coupon_ref: str) -> CouponState:
    return CouponState(Coupon.objects.get(public_id=coupon_ref).state)


def test_the_platform_pays_what_its_promotion_takes_off(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(AmountOff(euros(500)), at=at)
    (voucher,) = shop.bought()
    assert orders.orders_of(shop.shopper.pk)[0].total == euros(1490)
    assert ledger.balance(AccountKind.PROMOTION, PLATFORM, "EUR") == euros(-500)
    assert ledger.balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR") == euros(1990)
    shop.scan(voucher.code)
    assert ledger.balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR") == euros(0)


def test_the_shop_bears_its_own_promotion(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(
        PercentOff(100_000), Lane.SHOP_PROMOTION, merchant_ref=shop.merchant.public_id, at=at
    )
    shop.bought()
    assert ledger.balance(AccountKind.PROMOTION, PLATFORM, "EUR") == euros(0)
    assert ledger.balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR") == euros(1791)


def test_a_promotion_of_another_shop_holds_for_nobody_here(at: datetime) -> None:
    shop, other = scene(at=at), scene(at=at)
    promotions.promotion(lane=Lane.SHOP_PROMOTION, merchant_ref=other.merchant.public_id, at=at)
    assert quote_total(shop, at) == 1990
    assert quote_total(other, at) == 1790


def test_a_coupon_is_held_then_used(at: datetime) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(shop.shopper, at=at)
    placed = shop.order()
    assert (placed.total.minor, state_of(coupon)) == (1790, CouponState.HELD)
    assert quote_total(shop, at) == 1990, "it counts once, also over a second order that is begun meanwhile"
    shop.money_arrives(placed)
    assert state_of(coupon) is CouponState.USED


def test_a_coupon_of_an_order_that_ended_unpaid_is_there_again(at: datetime) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(shop.shopper, at=at, times=1)
    shop.order()
    expire_orders.run(at=at + TIME_TO_PAY)
    assert state_of(coupon) is CouponState.READY
    assert quote_total(shop, at) == 1790, "and so is the budget"


def test_money_that_comes_late_takes_the_coupon_again(at: datetime) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(shop.shopper, at=at)
    placed = shop.order()
    expire_orders.run(at=at + TIME_TO_PAY)
    assert shop.money_arrives(placed, at=at + TIME_TO_PAY) == "paid_late"
    assert state_of(coupon) is CouponState.USED


def test_money_that_comes_late_goes_back_when_the_coupon_was_used_elsewhere(at: datetime) -> None:
    shop = scene(at=at)
    promotions.coupon(shop.shopper, at=at)
    placed = shop.order()
    later = at + TIME_TO_PAY
    expire_orders.run(at=later)
    shop.money_arrives(shop.order(at=later), at=later)
    assert shop.money_arrives(placed, at=later) == "returned"
    view = orders.order_view(placed.order_ref)
    assert view is not None
    assert view.state is OrderState.EXPIRED


@pytest.mark.parametrize(("days", "state"), [(0, CouponState.READY), (8, CouponState.USED)])
def test_a_full_refund_brings_the_coupon_back_unless_it_is_over(
    days: int, state: CouponState, at: datetime
) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(shop.shopper, at=at, valid_days=7, times=1)
    vouchers = shop.bought(quantity=2)
    later = at + timedelta(days=days)
    order_ref = orders.orders_of(shop.shopper.pk)[0].order_ref
    give_back(shop, [vouchers[0].uses[0].unit_ref], at=later)
    assert state_of(coupon) is CouponState.USED, "a part of the order is kept"
    give_back(shop, [vouchers[1].uses[0].unit_ref], at=later)
    assert state_of(coupon) is state
    facts = orders.order_facts(order_ref)
    assert facts is not None
    assert facts.state is OrderState.REFUNDED
    (report,) = queries.reports([Coupon.objects.get().promotion_id], unit="EUR").values()
    assert (report.used, report.returned, report.cost) == (0, 1, euros(0))


def give_back(shop: Scene, unit_refs: list[str], *, at: datetime) -> None:
    order_ref = orders.orders_of(shop.shopper.pk)[0].order_ref
    refund.refund(
        order_ref=order_ref, unit_refs=unit_refs, reason="", by=shop.shopper, as_operator=False, at=at
    )


def test_a_partly_refunded_order_cost_and_brought_less(at: datetime) -> None:
    shop = scene(at=at)
    made = promotions.promotion(AmountOff(euros(400)), at=at)
    vouchers = shop.bought(quantity=2)
    (before,) = queries.reports([made.promotion_id], unit="EUR").values()
    assert (before.used, before.cost, before.brought) == (1, euros(400), euros(3580))
    give_back(shop, [vouchers[0].uses[0].unit_ref], at=at)
    (after,) = queries.reports([made.promotion_id], unit="EUR").values()
    assert (after.used, after.cost, after.brought) == (1, euros(200), euros(1790))


def test_a_budget_that_is_too_small_for_the_best_discount_leaves_the_next(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(AmountOff(euros(500)), at=at, budget=900)
    promotions.promotion(AmountOff(euros(100)), at=at)
    shop.bought()
    assert quote_total(shop, at, person=people.person()) == 1890
    assert quote_total(shop, at) == 1890


def test_a_budget_that_ends_between_page_and_click_is_told(at: datetime) -> None:
    shop = scene(at=at)
    made = promotions.promotion(at=at, times=1)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at, person=shop.shopper).quote
    shop.order(by=people.person())
    with pytest.raises(services.DiscountGone), transaction.atomic():
        services.hold(
            order_ref="ord_x",
            person_id=shop.shopper.pk,
            merchant_ref="",
            discounts=shown.discounts,
            order_total=shown.total,
            at=at,
        )
    assert queries.promotion_by_ref(made.ref).used_count == 1  # type: ignore[union-attr]


def test_a_limit_per_person_counts_orders(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(at=at, per_person=1)
    shop.bought()
    assert quote_total(shop, at) == 1990
    assert quote_total(shop, at, person=people.person()) == 1790


def test_a_first_purchase_is_the_first_paid_order(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(at=at, limits=Limits(first=FirstPurchase.ON_PLATFORM))
    assert quote_total(shop, at) == 1790
    shop.bought()
    assert quote_total(shop, at) == 1990


def test_nobody_signed_in_is_no_first_customer(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(at=at, limits=Limits(first=FirstPurchase.ON_PLATFORM))
    assert cart.price(wants={shop.offer.public_id: 1}, at=at).quote.total.minor == 1990


def test_zone_category_and_store_are_those_of_the_shop(at: datetime) -> None:
    shop = scene(at=at)
    category = shop.store.category
    assert category is not None
    promotions.promotion(
        at=at,
        reach=Reach(categories=frozenset({category.slug})),
        limits=Limits(
            region_refs=frozenset({shop.store.region.public_id}),
            store_refs=frozenset({shop.store.public_id}),
        ),
    )
    promotions.promotion(
        AmountOff(euros(900)), at=at, limits=Limits(region_refs=frozenset({"reg_elsewhere"}))
    )
    assert quote_total(shop, at) == 1790


def test_coupons_that_are_named_are_used_and_no_others(at: datetime) -> None:
    shop = scene(at=at)
    small = promotions.coupon(shop.shopper, AmountOff(euros(100)), at=at)
    promotions.coupon(shop.shopper, AmountOff(euros(700)), at=at)
    assert shop.order(coupons=[small]).total.minor == 1890
    assert shop.order(coupons=[]).total.minor == 1990
    assert shop.order().total.minor == 1290


def test_a_coupon_of_another_currency_says_so(at: datetime) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(shop.shopper, AmountOff(Money(200, "CNY")), at=at)
    quote = cart.price(wants={shop.offer.public_id: 1}, at=at, person=shop.shopper).quote
    assert quote.total.minor == 1990
    assert [(each.ref, each.reason) for each in quote.unused] == [(coupon, Reason.WRONG_CURRENCY)]


def test_nobody_uses_the_coupon_of_somebody_else(at: datetime) -> None:
    shop = scene(at=at)
    coupon = promotions.coupon(people.person(), at=at)
    assert shop.order(coupons=[coupon]).total.minor == 1990


def test_an_order_that_a_shop_gives_for_nothing_is_bought_used_and_given_back(at: datetime) -> None:
    shop = scene(at=at)
    ref = shop.merchant.public_id
    promotions.promotion(PercentOff(1_000_000), Lane.SHOP_PROMOTION, merchant_ref=ref, at=at)
    placed = shop.order(quantity=2)
    assert placed.state is OrderState.PAID
    unit = orders.units_of(placed.order_ref)[0]
    give_back(shop, [unit.unit_ref], at=at)
    view = orders.order_view(placed.order_ref)
    assert view is not None
    assert view.state is OrderState.PARTLY_REFUNDED


def test_what_the_platform_gives_for_nothing_goes_back_to_it(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(PercentOff(1_000_000), at=at)
    shop.order(quantity=2)
    assert ledger.balance(AccountKind.PROMOTION, PLATFORM, "EUR") == euros(-3980)
    order_ref = orders.orders_of(shop.shopper.pk)[0].order_ref
    give_back(shop, [unit.unit_ref for unit in orders.units_of(order_ref)], at=at)
    assert ledger.balance(AccountKind.PROMOTION, PLATFORM, "EUR") == euros(0)


def test_a_paid_order_earns_one_coupon_for_the_next(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(
        lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE, issue_minimum=euros(1500), coupons_each=5
    )
    promotions.promotion(
        lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE, issue_minimum=euros(9900), coupons_each=5
    )
    shop.bought()
    order_ref = orders.orders_of(shop.shopper.pk)[0].order_ref
    for _again in range(2):
        jobs.HANDLERS["tell_order_paid"](order_ref=order_ref)
    assert Coupon.objects.count() == 1
    assert discounts.give_for_order(order_ref=order_ref, at=at) == 0


def test_welcome_coupons_are_for_who_never_bought(at: datetime) -> None:
    shop = scene(at=at)
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.WELCOME)
    shop.bought()
    assert discounts.give_welcome(person=shop.shopper, at=at) == 0
    new = people.person()
    assert discounts.give_welcome(person=new, at=at) == 1
    assert discounts.give_welcome(person=new, at=at) == 0


def test_the_books_find_a_count_that_is_wrong(at: datetime) -> None:
    shop = scene(at=at)
    made = promotions.promotion(at=at, times=5)
    shop.bought()
    assert queries.problems() == []
    Promotion.objects.filter(pk=made.promotion_id).update(used_count=2)
    assert queries.problems() == [
        f"the counts of promotion {made.ref} are not those of its orders and coupons"
    ]
    assert any(made.ref in problem for problem in books.check(at=at, ask_providers=False).problems)
    Promotion.objects.filter(pk=made.promotion_id).update(used_count=1)
