"""A coupon that an order earned is worth no more than the order: it goes when all of that went back."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import cart, discounts, expire_orders, refund
from hutong.flows.checkout import TIME_TO_PAY
from hutong.flows.groups import settle
from hutong.kernel.models import OutboxRow
from hutong.pay.orders import queries as orders
from hutong.pay.payments.types import DisputeStatus
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Coupon
from hutong.pay.pricing.types import CouponState, CouponView, Issue, Lane
from tests.factories import disputes, people, promotions
from tests.factories.groups import group_scene, joined, opened
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop on whose site an order earns 2.00 off the next one, twice at most."""
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE, coupons_each=2)
    return scene(at=at)


def paid(shop: Scene, *, quantity: int = 1) -> str:
    """An order that is paid and has earned its coupon."""
    placed = shop.order(quantity=quantity, coupons=[])
    shop.money_arrives(placed)
    discounts.give_for_order(order_ref=placed.order_ref, at=shop.at)
    return placed.order_ref


def give_back(shop: Scene, order_ref: str, *, units: int | None = None) -> None:
    refs = None if units is None else [unit.unit_ref for unit in orders.units_of(order_ref)[:units]]
    refund.refund(
        order_ref=order_ref, unit_refs=refs, reason="", by=shop.shopper, as_operator=False, at=shop.at
    )


def next_price(shop: Scene) -> int:
    wants = {shop.offer.public_id: 1}
    return cart.price(wants=wants, at=shop.at, person=shop.shopper).quote.total.minor


def mine(shop: Scene) -> CouponView:
    (found,) = queries.coupons_of(shop.shopper.pk)
    return found


def test_a_coupon_goes_with_the_order_that_earned_it(shop: Scene, at: datetime) -> None:
    order_ref = paid(shop, quantity=2)
    assert next_price(shop) == 1790
    give_back(shop, order_ref, units=1)
    assert mine(shop).usable(at), "a part of the order is kept"
    give_back(shop, order_ref)
    assert next_price(shop) == 1990
    assert (mine(shop).withdrawn_at, mine(shop).usable(at)) == (at, False)
    (report,) = queries.reports([Coupon.objects.get().promotion_id], unit="EUR").values()
    assert (report.issued, report.withdrawn, report.used_all_the_same) == (1, 1, 0)
    assert queries.problems() == []


def test_a_coupon_of_another_order_stays(shop: Scene, at: datetime) -> None:
    first = paid(shop)
    paid(shop)
    give_back(shop, first)
    assert [each.usable(at) for each in queries.coupons_of(shop.shopper.pk)] == [True, False]
    assert next_price(shop) == 1790


def test_an_order_that_went_back_earns_none_any_more(shop: Scene, at: datetime) -> None:
    placed = shop.order()
    shop.money_arrives(placed)
    give_back(shop, placed.order_ref)
    assert discounts.give_for_order(order_ref=placed.order_ref, at=at) == 0
    assert queries.coupons_of(shop.shopper.pk) == []


def test_what_was_used_stays_used_and_is_counted(shop: Scene, at: datetime) -> None:
    order_ref = paid(shop)
    later = shop.order()
    shop.money_arrives(later)
    give_back(shop, order_ref)
    assert later.total.minor == 1790
    assert mine(shop).state is CouponState.USED
    (report,) = queries.reports([Coupon.objects.get().promotion_id], unit="EUR").values()
    assert (report.used, report.withdrawn, report.used_all_the_same) == (1, 0, 1)
    give_back(shop, later.order_ref)
    assert mine(shop).state is CouponState.READY
    assert not mine(shop).usable(at), "nor does it come back from that order"
    assert queries.problems() == []


@pytest.mark.parametrize("in_time", [True, False])
def test_an_order_that_waits_for_its_money_keeps_its_price(in_time: bool, shop: Scene, at: datetime) -> None:
    order_ref = paid(shop)
    waiting = shop.order()
    give_back(shop, order_ref)
    if in_time:
        assert shop.money_arrives(waiting) == "paid"
        assert mine(shop).state is CouponState.USED
        return
    late = at + TIME_TO_PAY
    expire_orders.run(at=late)
    assert not mine(shop).usable(late), "what it held is not free again"
    assert shop.money_arrives(waiting, at=late) == "returned"


def test_an_order_that_was_lost_to_the_bank_takes_its_coupon_along(shop: Scene, at: datetime) -> None:
    order_ref = paid(shop)
    disputes.tell(disputes.report(order_ref), at)
    assert mine(shop).usable(at)
    disputes.tell(disputes.report(order_ref, DisputeStatus.LOST), at)
    assert not mine(shop).usable(at)


def test_a_coupon_that_was_taken_does_not_go_with_an_order(shop: Scene, at: datetime) -> None:
    order_ref = paid(shop)
    taken = promotions.coupon(shop.shopper, at=at)
    give_back(shop, order_ref)
    views = {each.ref: each for each in queries.coupons_of(shop.shopper.pk)}
    assert [ref for ref, each in views.items() if each.usable(at)] == [taken]
    assert services.withdraw(source_ref=order_ref, at=at) == 0


def test_an_order_in_a_group_earns_its_coupon_when_that_is_full(at: datetime) -> None:
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE)
    shop = group_scene(at=at)
    group_ref, placed = opened(shop)
    assert discounts.give_for_order(order_ref=placed.order_ref, at=at) == 0
    last = joined(shop, group_ref, by=people.person())
    assert discounts.give_for_order(order_ref=last.order_ref, at=at) == 1
    settle.settle(order_ref=placed.order_ref, at=at)
    (asked,) = OutboxRow.objects.filter(job="give_for_order").values_list("payload", flat=True)
    assert asked == {"order_ref": placed.order_ref}
    assert discounts.give_for_order(order_ref=placed.order_ref, at=at) == 1
    assert Coupon.objects.count() == 2


def test_what_was_paid_in_a_group_that_failed_earns_nothing(at: datetime) -> None:
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE)
    shop = group_scene(at=at)
    group_ref, placed = opened(shop)
    late = at + timedelta(hours=25)
    assert settle.end(group_ref=group_ref, at=late)
    assert discounts.give_for_order(order_ref=placed.order_ref, at=late) == 0
    settle.settle(order_ref=placed.order_ref, at=late)
    assert discounts.give_for_order(order_ref=placed.order_ref, at=late) == 0
    assert not Coupon.objects.exists()
