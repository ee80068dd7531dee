"""Ordering: the price shown is the price charged, scarce things are held, a double click is one order."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import cart, checkout, expire_orders
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.pricing.services import PriceChanged
from hutong.town.catalog.models import Offer
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.services import PersonLimitReached, SoldOut
from tests.factories import catalog, people
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db


def test_order_holds_stock_and_awaits_payment(at: datetime) -> None:
    shop = scene(at=at, capacity=10)
    placed = shop.order(quantity=3)
    assert placed.state is OrderState.AWAITING_PAYMENT
    assert placed.total.minor == 3 * 1990
    stock = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert (stock.held, stock.sold, stock.left) == (3, 0, 7)


def test_changed_price_is_refused_and_nothing_is_ordered(at: datetime) -> None:
    shop = scene(at=at, capacity=1)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote.hash
    Offer.objects.filter(pk=shop.offer.pk).update(price=1890)
    with pytest.raises(PriceChanged):
        checkout.place(
            person=shop.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key="k",
            remember_consent=False, at=at,
        )  # fmt: skip
    assert orders.orders_of(shop.shopper.pk) == []
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].held == 0


def test_double_click_is_one_order(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    first, second = shop.order(client_key="one"), shop.order(client_key="one")
    assert second.order_ref == first.order_ref
    assert not second.created
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].held == 1


def test_same_click_finds_its_order_after_the_price_changed(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote.hash

    def click() -> str:
        return checkout.place(
            person=shop.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key="one",
            remember_consent=False, at=at,
        ).order_ref  # fmt: skip

    first = click()
    Offer.objects.filter(pk=shop.offer.pk).update(price=1890)
    assert click() == first


def test_same_click_finds_its_order_after_the_last_one_was_sold(at: datetime) -> None:
    shop = scene(at=at, capacity=1)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote.hash

    def click(key: str) -> str:
        return checkout.place(
            person=shop.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key=key,
            remember_consent=False, at=at,
        ).order_ref  # fmt: skip

    first = click("one")
    assert click("one") == first
    with pytest.raises(SoldOut):
        click("two")


def test_what_is_sold_out_is_refused_in_three_statements(at: datetime) -> None:
    shop = scene(at=at, capacity=1)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote.hash
    shop.order()
    with CaptureQueriesContext(connection) as statements, pytest.raises(SoldOut):
        checkout.place(
            person=shop.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key="late",
            remember_consent=False, at=at,
        )  # fmt: skip
    assert len(statements) <= 3, "\n".join(query["sql"] for query in statements)


def test_sold_out_orders_nothing(at: datetime) -> None:
    shop = scene(at=at, capacity=2)
    with pytest.raises(SoldOut) as refused:
        shop.order(quantity=3)
    assert refused.value.details["left"] == 2
    assert orders.orders_of(shop.shopper.pk) == []


def test_limit_per_person(at: datetime) -> None:
    shop = scene(at=at, per_person_limit=2)
    shop.order(quantity=2)
    with pytest.raises(PersonLimitReached):
        shop.order()
    shop.order(by=people.person())


@pytest.mark.parametrize("quantity", [0, -1, 10_000])
def test_impossible_quantity_is_refused(at: datetime, quantity: int) -> None:
    shop = scene(at=at)
    with pytest.raises(cart.CartEmpty):
        cart.price(wants={shop.offer.public_id: quantity}, at=at)


def test_two_shops_in_one_order_are_refused(at: datetime) -> None:
    shop, other = scene(at=at), catalog.offer(at=at)
    with pytest.raises(cart.OneMerchantAtATime):
        cart.price(wants={shop.offer.public_id: 1, other.public_id: 1}, at=at)


def test_deal_that_is_not_live_cannot_be_bought(at: datetime) -> None:
    offer = catalog.offer(at=at, live=False)
    with pytest.raises(cart.NotForSale):
        cart.price(wants={offer.public_id: 1}, at=at)


@pytest.mark.parametrize("quantity", [1, 3])
def test_statements_of_an_order(at: datetime, quantity: int) -> None:
    shop = scene(at=at, capacity=10, per_person_limit=5)
    wants = {shop.offer.public_id: quantity}
    with CaptureQueriesContext(
        connection,
    ) as statements:
        priced = cart.price(wants=wants, at=at)
        checkout.place(
            person=shop.shopper, wants=wants, store_ref=shop.store.public_id, shown_hash=priced.quote.hash,
            client_key="k", remember_consent=True, at=at,
        )  # fmt: skip
    assert len(statements) <= 22, "\n".join(query["sql"] for query in statements)


def test_order_ends_when_its_time_is_over(at: datetime) -> None:
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    assert expire_orders.run(at=at + timedelta(minutes=14)) == 0
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    assert facts.state is OrderState.AWAITING_PAYMENT
