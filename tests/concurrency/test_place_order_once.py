"""A double click on pay: one order, however many clicks arrive at one moment."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from hutong.pay.orders import queries, services
from hutong.pay.orders.models import Line, Order
from hutong.pay.orders.services import placing
from hutong.pay.orders.types import PlacedOrder
from hutong.pay.pricing.types import Quote
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped
from tests.factories import merchants, people
from tests.factories.orders import cart_line, quote

pytestmark = pytest.mark.django_db(transaction=True)

CLICKS = 32
GUARD = "ON CONFLICT (person_id, client_key) DO NOTHING"


def click(person: Person, merchant: Merchant, cart: Quote, at: datetime) -> PlacedOrder:
    return services.place_order(
        person=person,
        merchant_ref=merchant.public_id,
        store_ref=None,
        quote=cart,
        expires_at=at + timedelta(minutes=15),
        client_key="the one click",
        at=at,
    )


def test_many_clicks_make_one_order(at: datetime) -> None:
    person, merchant = people.person(), merchants.merchant()
    cart = quote(cart_line(merchant_ref=merchant.public_id))

    placed = all_at_once(CLICKS, lambda _number: click(person, merchant, cart, at))

    assert sum(order.created for order in placed) == 1
    assert len({order.order_ref for order in placed}) == 1
    assert Order.objects.count() == Line.objects.count() == 1
    assert queries.problems() == []


def test_control_looking_before_inserting_makes_many(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unique key taken away, and the obvious code in its place: look whether there is one, then insert."""
    person, merchant = people.person(), merchants.merchant()
    cart = quote(cart_line(merchant_ref=merchant.public_id))
    looked = threading.Barrier(CLICKS, timeout=WAIT_S)
    assert GUARD in placing._PLACE
    monkeypatch.setattr(placing, "_PLACE", placing._PLACE.replace(GUARD, ""))

    def naive(_number: int) -> None:
        found = queries.placed_with_key(person_id=person.pk, client_key="the one click")
        looked.wait()
        if found is None:
            click(person, merchant, cart, at)

    with constraint_dropped("orders_order", "orders_order_once_per_key"):
        all_at_once(CLICKS, naive)
        assert Order.objects.count() == CLICKS
