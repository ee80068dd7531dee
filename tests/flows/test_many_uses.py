"""A voucher with several uses: bought as one, enjoyed and refunded one by one, exact to the cent."""

from datetime import datetime

import pytest

from hutong.flows import books, cart, refund
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.visit.stock import services as stock
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.services import PersonLimitReached, SoldOut
from hutong.visit.vouchers import queries as vouchers
from tests.factories import people
from tests.factories import vouchers as vouchers_made
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def card(at: datetime, *, capacity: int | None = None, limit: int | None = None) -> Scene:
    """A shop with a card of three uses at 19.90, `capacity` of them."""
    made = scene(at=at, per_person_limit=limit)
    vouchers_made.promise(made.offer.public_id, uses=3)
    if capacity is not None:
        stock.set_capacity(offer_ref=made.offer.public_id, capacity=capacity * 3, by="per_test", at=at)
    return made


def test_one_voucher_for_its_price_with_all_its_uses(at: datetime) -> None:
    made = card(at)
    placed = made.order(quantity=2)
    assert placed.total.minor == 2 * 1990
    assert made.money_arrives(placed) == "paid"
    first, second = vouchers.vouchers_of_order(placed.order_ref, at=at)
    assert (first.uses_total, second.uses_left) == (3, 3)
    paid = {unit.unit_ref: unit.paid.minor for unit in orders.units_of(placed.order_ref)}
    for voucher in (first, second):
        assert [paid[use.unit_ref] for use in voucher.uses] == [664, 663, 663]
    assert made.scan(first.code).uses_left == 2
    assert made.scan(first.code, nonce="again-and-again").uses_left == 1


def test_what_is_unused_of_a_card_is_refunded_to_the_cent(at: datetime) -> None:
    made = card(at)
    (voucher,) = made.bought()
    made.scan(voucher.code)
    unused = [use.unit_ref for use in voucher.uses][1:]
    refund._request(voucher.order_ref, unused, "", made.shopper, False, at)
    units = orders.units_of(voucher.order_ref)
    back = sum(unit.paid.minor for unit in units if unit.state is UnitState.REFUNDED)
    assert back == 663 + 663
    assert books.check(at=at, ask_providers=False).problems == ()


def test_stock_and_limit_are_counted_in_cards(at: datetime) -> None:
    made = card(at, capacity=3, limit=2)
    made.order(quantity=2)
    with pytest.raises(PersonLimitReached):
        made.order()
    with pytest.raises(SoldOut) as raised:
        made.order(quantity=2, by=people.person())
    assert raised.value.details["left"] == 1
    assert stock_of([made.offer.public_id])[made.offer.public_id].left == 3


def test_no_more_cards_than_an_order_may_have_units(at: datetime) -> None:
    made = card(at)
    with pytest.raises(cart.CartEmpty) as raised:
        cart.price(wants={made.offer.public_id: 34}, at=at)
    assert raised.value.details == {"most": 33}
    assert cart.price(wants={made.offer.public_id: 33}, at=at).quote.total.minor == 33 * 1990
