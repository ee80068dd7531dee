"""Points in an order: set aside while it waits, spent with its payment, back when it ends or is given back."""

from datetime import datetime

import pytest

from hutong.flows import cart, discounts, expire_orders, jobs, refund
from hutong.flows.checkout import TIME_TO_PAY
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import lots
from hutong.pay.ledger.services.lots import PointsChanged
from hutong.pay.orders import queries as orders
from hutong.pay.pricing.types import AmountOff
from hutong.town.people.models import Person
from tests.factories import people, points, promotions
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def with_points(at: datetime) -> Scene:
    """A shopper with 1,990 points, each worth a cent; a fifth of an order may be paid with them."""
    shop = scene(at=at)
    points.programme(points.rules(earn=1, paid=1, each=1, worth=1, step=10, share_ppm=200_000), at=at)
    shop.scan(shop.bought()[0].code)
    jobs.drain()
    return shop


def had(person: Person, at: datetime) -> int:
    return lots.spendable(person.public_id, points.UNIT, at).minor


def test_whole_steps_up_to_the_share_of_the_order(at: datetime) -> None:
    shop = with_points(at)
    assert shop.order(use_points=True).total == Money(1990 - 390, "EUR")
    assert had(shop.shopper, at) == 1990 - 390
    assert shop.order().total == Money(1990, "EUR"), "points are spent where the shopper says so"


def test_after_a_coupon_points_pay_of_what_is_left(at: datetime) -> None:
    shop = with_points(at)
    promotions.coupon(shop.shopper, AmountOff(Money(1700, "EUR")), at=at)
    assert shop.order(use_points=True).total == Money(0, "EUR")
    assert had(shop.shopper, at) == 1990 - 290


def test_who_has_none_pays_the_price(at: datetime) -> None:
    shop = with_points(at)
    assert shop.order(by=people.person(), use_points=True).total == Money(1990, "EUR")


def test_points_of_an_order_that_ended_unpaid_are_back(at: datetime) -> None:
    shop = with_points(at)
    shop.order(use_points=True)
    expire_orders.run(at=at + TIME_TO_PAY)
    assert had(shop.shopper, at) == 1990


def test_money_that_comes_late_spends_them_or_goes_back(at: datetime) -> None:
    shop = with_points(at)
    later = at + TIME_TO_PAY
    placed = [shop.order(use_points=True) for _number in range(2)]
    expire_orders.run(at=later)
    assert shop.money_arrives(placed[0], at=later) == "paid_late"
    assert had(shop.shopper, later) == 1990 - 390
    while had(shop.shopper, later) >= 390:
        shop.at = later
        shop.order(use_points=True)
    assert shop.money_arrives(placed[1], at=later) == "returned"


def test_points_that_were_spent_between_page_and_click_are_told(at: datetime) -> None:
    shop = with_points(at)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at, person=shop.shopper, use_points=True).quote
    while had(shop.shopper, at) >= 390:
        shop.order(use_points=True)
    with pytest.raises(PointsChanged):
        discounts.hold(order_ref="ord_x", person=shop.shopper, merchant_ref="", quote=shown, at=at)


def test_a_refund_of_a_part_returns_its_part(at: datetime) -> None:
    shop = with_points(at)
    placed = shop.order(quantity=2, use_points=True)
    shop.money_arrives(placed)
    unit, other = orders.units_of(placed.order_ref)
    assert unit.points is not None
    refund.refund(
        order_ref=placed.order_ref,
        unit_refs=[unit.unit_ref],
        reason="",
        by=shop.shopper,
        as_operator=False,
        at=at,
    )
    assert other.points is not None
    assert had(shop.shopper, at) == 1990 - other.points.minor
