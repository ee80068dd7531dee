"""The pages on which a part is given back: the amount by the terms, why it is less, and nothing at another amount."""

from __future__ import annotations

import pytest

from hutong.flows import refund
from hutong.kernel import clock
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import VoucherView
from tests.factories import quoted
from tests.factories import vouchers as vouchers_made
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(sandbox: Sandbox) -> Scene:
    """A shop with a card of two uses."""
    made = scene(at=clock.now(), price=1000)
    vouchers_made.promise(made.offer.public_id, uses=2)
    return made


def three_cards(shop: Scene) -> tuple[str, list[VoucherView]]:
    """Three cards at 8.00, of which two would be 10.00 each."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop, uses=2)]), at=clock.now())
    return order_ref, vouchers.vouchers_of_order(order_ref, at=clock.now())


def test_some_uses_of_a_card_and_then_all(shop: Scene) -> None:
    order_ref, (card, *_others) = three_cards(shop)
    browser, path = visitor(shop.shopper), f"/voucher/{card.ref}/refund/"
    whole = browser.get(path).content.decode()
    for text in ("Refund €4.00", "−€4.00", "you bought at the price from 3 on", "€10.00 each", "All 2"):
        assert text in whole
    one = browser.get(path, {"uses": "1"}).content.decode()
    assert "Refund €4.00" in one
    assert "costs more" not in one
    assert "1 use not yet enjoyed" in one
    assert 'name="uses" value="1"' in one
    assert browser.post(path, {"uses": 1, "shown": 400})["Location"] == f"/voucher/{card.ref}/"
    assert [unit.paid.minor for unit in orders.units_of(order_ref)] == [400] * 6


def test_another_amount_than_was_shown_gives_nothing_back(shop: Scene) -> None:
    order_ref, (card, *_others) = three_cards(shop)
    browser = visitor(shop.shopper)
    answer = browser.post(f"/voucher/{card.ref}/refund/", {"uses": 2, "shown": 800})
    assert (answer.status_code, "has changed since it was shown" in answer.content.decode()) == (409, True)
    units = [use.unit_ref for use in card.uses]
    asked = browser.post(f"/orders/{order_ref}/refund/", {"unit": units, "shown": 800})
    assert (asked.status_code, "has changed since it was shown" in asked.content.decode()) == (409, True)
    assert payments.refunds_of_order(order_ref) == []


def test_where_nothing_would_come_back_nothing_can_be_given_up(shop: Scene) -> None:
    """One use went back at 4.00; its other one alone brings nothing, as two cards cost what three did."""
    order_ref, (card, *_others) = three_cards(shop)
    browser, path = visitor(shop.shopper), f"/voucher/{card.ref}/refund/"
    first, second = (use.unit_ref for use in card.uses)
    order = f"/orders/{order_ref}/refund/"
    paid = {unit.unit_ref: unit.paid.minor for unit in orders.units_of(order_ref)}
    assert (paid[first], paid[second]) == (400, 400)
    refund._request(order_ref, [first], "", shop.shopper, False, clock.now())
    for page in (browser.get(path), browser.get(order, {"unit": [second]})):
        text = page.content.decode()
        assert "Nothing would come back" in text
        assert "cannot be undone" not in text
    told = browser.post(order, {"unit": [second], "shown": 0}, follow=True).content.decode()
    assert "nothing would come back" in told
    assert browser.post(path, {"shown": 0}).status_code == 409
    assert [unit.state.value for unit in orders.units_of(order_ref)].count("refunded") == 1
