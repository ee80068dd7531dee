"""What promotions take off an order moves by its own steps alone: news that comes again, or too late, moves nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import transaction

from hutong.kernel.money import Money
from hutong.kernel.rows import scalar
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Coupon, Use
from hutong.pay.pricing.types import CouponState, UseState
from tests.factories import people, promotions
from tests.factories.promotions import discount

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("orders are names alone here")]

ORDER = "ord_1"
TOTAL = Money(1000, "EUR")


@pytest.fixture
def promotion_ref(at: datetime) -> str:
    """A promotion of which a coupon is held by the order: 2.00 off."""
    person = people.person()
    coupon_ref = promotions.coupon(person, at=at)
    promotion = queries.promotion_by_ref(queries.coupons_of(person.pk)[0].coupon.promotion.ref)
    assert promotion is not None
    services.hold(
        order_ref=ORDER,
        person_id=person.pk,
        merchant_ref="",
        discounts=[discount(promotion, 200, coupon_ref)],
        order_total=TOTAL,
        at=at,
    )
    return promotion.ref


def stands() -> tuple[str, str]:
    """The use, and its coupon."""
    return Use.objects.get().state, Coupon.objects.get().state


def test_what_was_set_free_is_not_used(promotion_ref: str, at: datetime) -> None:
    services.release(order_ref=ORDER)
    services.settle(order_ref=ORDER, at=at)
    assert stands() == (UseState.RELEASED.value, CouponState.READY.value)


def test_what_is_used_is_not_set_free(promotion_ref: str, at: datetime) -> None:
    promotions.promotion(at=at)  # another one, that has nothing to do with the order
    services.settle(order_ref=ORDER, at=at)
    services.release(order_ref=ORDER)
    assert stands() == (UseState.USED.value, CouponState.USED.value)


def test_of_what_was_set_free_nothing_goes_back(promotion_ref: str, at: datetime) -> None:
    services.release(order_ref=ORDER)
    give_back = partial(
        services.give_back,
        order_ref=ORDER,
        parts={promotion_ref: Money(200, "EUR")},
        refunded=TOTAL,
        whole=True,
        at=at,
    )
    give_back()
    use = Use.objects.get()
    assert (use.state, use.returned_amount, use.order_returned) == (UseState.RELEASED.value, 0, 0)


def test_a_coupon_of_an_order_that_went_back_is_not_used_by_its_money(
    promotion_ref: str, at: datetime
) -> None:
    services.settle(order_ref=ORDER, at=at)
    services.give_back(
        order_ref=ORDER, parts={promotion_ref: Money(200, "EUR")}, refunded=TOTAL, whole=True, at=at
    )
    services.settle(order_ref=ORDER, at=at)
    assert stands() == (UseState.RETURNED.value, CouponState.READY.value)


def test_a_coupon_of_a_promotion_that_was_ended_does_not_come_back(promotion_ref: str, at: datetime) -> None:
    services.settle(order_ref=ORDER, at=at)
    services.end_promotion(ref=promotion_ref, merchant_ref="", by=people.operator(), at=at)
    services.give_back(
        order_ref=ORDER, parts={promotion_ref: Money(200, "EUR")}, refunded=TOTAL, whole=True, at=at
    )
    assert stands() == (UseState.RETURNED.value, CouponState.USED.value)


def test_a_coupon_is_held_until_its_end(at: datetime) -> None:
    person = people.person()
    coupon_ref = promotions.coupon(person, at=at, valid_days=1)
    promotion = queries.promotion_by_ref(queries.coupons_of(person.pk)[0].coupon.promotion.ref)
    assert promotion is not None
    hold = partial(
        services.hold,
        person_id=person.pk,
        merchant_ref="",
        discounts=[discount(promotion, 200, coupon_ref)],
        order_total=TOTAL,
    )
    over = at + timedelta(days=1)
    with pytest.raises(services.DiscountGone), transaction.atomic():
        hold(order_ref=ORDER, at=over)
    hold(order_ref=ORDER, at=over - timedelta(seconds=1))
    assert stands() == (UseState.HELD.value, CouponState.HELD.value)


def test_a_promotion_without_a_limit_is_not_written_to(promotion_ref: str) -> None:
    """So that nobody waits for it: neither who takes of it nor who gives back."""

    def row() -> str:
        return str(scalar("SELECT ctid::text FROM pricing_promotion"))

    before = row()
    services.release(order_ref=ORDER)
    assert stands() == (UseState.RELEASED.value, CouponState.READY.value)
    assert row() == before
