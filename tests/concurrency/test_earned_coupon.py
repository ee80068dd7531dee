"""An order goes back while the coupon it earned is given, or used: whoever is first, nothing is had for nothing."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.flows import discounts, refund
from hutong.kernel.money import Money
from hutong.pay.orders.services import states
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Coupon
from hutong.pay.pricing.services import uses
from hutong.pay.pricing.types import CouponState, Issue, Lane
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories import promotions
from tests.factories.loop import Scene, scene
from tests.factories.promotions import discount

# The order that uses the coupon is a name alone; what an order has to do with its discounts is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop on whose site an order earns a coupon."""
    promotions.promotion(lane=Lane.PLATFORM_COUPON, at=at, issue=Issue.PURCHASE)
    return scene(at=at)


def ordered(shop: Scene) -> str:
    """An order that is paid."""
    placed = shop.order()
    shop.money_arrives(placed)
    return placed.order_ref


def earned(shop: Scene) -> str:
    """An order that is paid and has earned its coupon."""
    order_ref = ordered(shop)
    assert discounts.give_for_order(order_ref=order_ref, at=shop.at) == 1
    return order_ref


def give_back(shop: Scene, order_ref: str) -> None:
    refund._request(order_ref, None, "", shop.shopper, False, shop.at)


def use(shop: Scene) -> None:
    """Another order holds the coupon."""
    coupon = Coupon.objects.get()
    promotion = queries.promotion_by_ref(coupon.promotion.public_id)
    assert promotion is not None
    services.hold(
        order_ref="ord_next",
        person_id=shop.shopper.pk,
        merchant_ref="",
        discounts=[discount(promotion, 200, coupon.public_id)],
        order_total=Money(1790, "EUR"),
        at=shop.at,
    )


def stands() -> tuple[str, bool]:
    """The coupon's state, and whether it was withdrawn."""
    coupon = Coupon.objects.get()
    return coupon.state, coupon.withdrawn_at is not None


def test_what_is_just_given_back_is_not_used(shop: Scene) -> None:
    back = partial(give_back, shop, earned(shop))
    gone = behind(back, partial(use, shop), expected=(services.DiscountGone,))
    assert isinstance(gone, services.DiscountGone)
    assert stands() == (CouponState.READY.value, True)


def test_what_is_just_used_stays_with_its_order(shop: Scene) -> None:
    back = partial(give_back, shop, earned(shop))
    behind(partial(use, shop), back)
    assert stands() == (CouponState.HELD.value, True)
    services.release(order_ref="ord_next")
    assert stands() == (CouponState.READY.value, True)


def test_control_without_the_guard_a_coupon_is_used_after_its_order_went_back(
    shop: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = "withdrawn_at IS NULL"
    assert guard in uses._HOLD_COUPON
    monkeypatch.setattr(uses, "_HOLD_COUPON", uses._HOLD_COUPON.replace(guard, "TRUE"))
    behind(partial(give_back, shop, earned(shop)), partial(use, shop))
    assert stands() == (CouponState.HELD.value, True)


def test_an_order_that_just_goes_back_earns_nothing(shop: Scene) -> None:
    order_ref = ordered(shop)
    give = partial(discounts.give_for_order, order_ref=order_ref, at=shop.at)
    assert behind(partial(give_back, shop, order_ref), give) == 0
    assert not Coupon.objects.exists()


def test_control_without_the_lock_an_order_earns_while_it_goes_back(shop: Scene) -> None:
    order_ref = ordered(shop)
    give = partial(discounts.give_for_order, order_ref=order_ref, at=shop.at)
    with (
        unguarded(states.lock_order, "lock=True", "lock=False"),
        pytest.raises(AssertionError, match="did not wait: 1"),
    ):
        behind(partial(give_back, shop, order_ref), give)
