"""Placing an order: once for each click, at the quoted price."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.pay.orders import queries, services
from hutong.pay.orders.models import Order
from hutong.pay.orders.types import OrderEventKind, OrderState
from tests.factories import merchants, people
from tests.factories.orders import cart_line, placed, quote

pytestmark = pytest.mark.django_db


def test_an_order_keeps_what_was_agreed(at: datetime) -> None:
    merchant, person = merchants.merchant(), people.person(name="Sanna")
    store = merchants.store(merchant=merchant)
    order = placed(person=person, store=store, quantity=3, price=1990, remember_consent=True)

    view = queries.order_view(order.order_ref)
    assert view is not None
    assert order.created
    assert (view.state, view.total, view.list_total) == (
        OrderState.AWAITING_PAYMENT,
        Money(5970, "EUR"),
        Money(8970, "EUR"),
    )
    assert (view.person_ref, view.store_ref, view.merchant_ref) == (
        person.public_id,
        store.public_id,
        merchant.public_id,
    )
    assert view.zone == "Europe/Helsinki"
    assert view.remember_consent
    assert view.expires_at == at + timedelta(minutes=15)
    (line,) = view.lines
    assert (line.quantity, line.units) == (3, ())
    assert [event.event for event in view.events] == [OrderEventKind.PLACED]
    assert view.events[0].at == at
    assert queries.problems() == []


def test_the_same_click_gives_the_same_order(at: datetime) -> None:
    person, merchant = people.person(), merchants.merchant()
    cart = quote(cart_line(merchant_ref=merchant.public_id))

    def click(key: str) -> str:
        return services.place_order(
            person=person,
            merchant_ref=merchant.public_id,
            store_ref=None,
            quote=cart,
            expires_at=at + timedelta(minutes=15),
            client_key=key,
            at=at,
        ).order_ref

    first = click("one")
    assert click("one") == first
    assert click("two") != first
    assert Order.objects.count() == 2


def test_keys_of_two_people_do_not_meet() -> None:
    merchant = merchants.merchant()
    first = placed(merchant=merchant, client_key="one")
    second = placed(merchant=merchant, client_key="one")
    assert second.created
    assert first.order_ref != second.order_ref


def test_a_used_key_with_another_cart_is_refused() -> None:
    person, merchant = people.person(), merchants.merchant()
    placed(person=person, merchant=merchant, client_key="one")
    with pytest.raises(services.ClientKeyReused), transaction.atomic():
        placed(person=person, merchant=merchant, client_key="one", quantity=2)
    assert Order.objects.count() == 1


def test_a_store_of_another_merchant_sells_nothing(at: datetime) -> None:
    merchant, other = merchants.merchant(), merchants.store()
    for store_ref, merchant_ref in ((other.public_id, merchant.public_id), (None, "mer_unknown")):
        with pytest.raises(services.SellerUnknown), transaction.atomic():
            services.place_order(
                person=people.person(),
                merchant_ref=merchant_ref,
                store_ref=store_ref,
                quote=quote(cart_line(merchant_ref=merchant_ref)),
                expires_at=at + timedelta(minutes=15),
                client_key="one",
                at=at,
            )
    assert not Order.objects.exists()


def test_a_quote_of_another_merchant_is_a_fault_of_the_caller(at: datetime) -> None:
    merchant = merchants.merchant()
    with pytest.raises(ValueError, match="one merchant"):
        services.place_order(
            person=people.person(),
            merchant_ref=merchant.public_id,
            store_ref=None,
            quote=quote(cart_line(merchant_ref="mer_other")),
            expires_at=at + timedelta(minutes=15),
            client_key="one",
            at=at,
        )


@pytest.mark.parametrize("lines", [1, 3])
def test_placing_takes_one_statement_whatever_the_cart(lines: int, at: datetime) -> None:
    person, merchant = people.person(), merchants.merchant()
    cart = quote(*[cart_line(merchant_ref=merchant.public_id, quantity=2) for _line in range(lines)])
    with CaptureQueriesContext(connection) as statements:
        order = services.place_order(
            person=person,
            merchant_ref=merchant.public_id,
            store_ref=None,
            quote=cart,
            expires_at=at + timedelta(minutes=15),
            client_key="one",
            at=at,
        )
    assert len(statements) == 1
    with CaptureQueriesContext(connection) as statements:
        units = services.mark_paid(order_ref=order.order_ref, by="payments", at=at)
    assert len(statements) == 2
    assert len(units) == 2 * lines
    with CaptureQueriesContext(connection) as statements:
        assert queries.order_view(order.order_ref)
    assert len(statements) == 1
