"""What gift cards bear of an order is kept with it, and split over its units once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.pay.orders import queries, rules, services
from hutong.pay.orders.models import Order, Unit
from hutong.pay.orders.types import PlacedOrder
from tests.factories import merchants, people
from tests.factories.orders import cart_line, quote


def placed(stored: int | None, *, at: datetime, quantity: int = 3, price: int = 100) -> PlacedOrder:
    seller = merchants.merchant()
    line = cart_line(merchant_ref=seller.public_id, quantity=quantity, price=price)
    return services.place_order(
        person=people.person(),
        merchant_ref=seller.public_id,
        store_ref=None,
        quote=quote(line),
        expires_at=at + timedelta(minutes=15),
        client_key="one",
        stored=None if stored is None else Money(stored, "EUR"),
        at=at,
    )


@pytest.mark.django_db
@pytest.mark.unbalanced("orders alone: no card bore anything here")
def test_units_carry_what_cards_bore_of_them(at: datetime) -> None:
    order = placed(200, at=at)
    assert (order.stored.minor, order.to_pay.minor) == (200, 100)
    units = services.mark_paid(order_ref=order.order_ref, by="payments", at=at)
    assert [unit.paid_stored.minor for unit in units] == [67, 67, 66]
    assert [unit.paid_provider.minor for unit in units] == [33, 33, 34]
    assert queries.units_of(order.order_ref) == units
    facts, view = queries.order_facts(order.order_ref), queries.order_view(order.order_ref)
    assert facts is not None
    assert view is not None
    assert facts.stored == view.stored == Money(200, "EUR")
    assert facts.to_pay == view.to_pay == Money(100, "EUR")
    assert queries.problems() == []


@pytest.mark.django_db
def test_without_a_card_nothing_is_stored(at: datetime) -> None:
    order = placed(None, at=at)
    units = services.mark_paid(order_ref=order.order_ref, by="payments", at=at)
    assert {unit.paid_stored.minor for unit in units} == {0}


@pytest.mark.django_db
@pytest.mark.parametrize("stored", [-1, 301])
def test_cards_bear_neither_less_than_nothing_nor_more_than_the_total(at: datetime, stored: int) -> None:
    with pytest.raises(ValueError, match="at most the total"):
        placed(stored, at=at)


@pytest.mark.django_db
@pytest.mark.unbalanced("changes units behind the services")
def test_what_the_tables_refuse(at: datetime) -> None:
    order = placed(200, at=at)
    services.mark_paid(order_ref=order.order_ref, by="payments", at=at)
    for stored in (-1, 301):
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.update(stored=stored)
    for stored in (-1, 101):
        with pytest.raises(IntegrityError), transaction.atomic():
            Unit.objects.update(paid_stored=stored)
    Unit.objects.update(paid_stored=50)
    (problem,) = queries.problems()
    assert "what gift cards bore is not the sum of its units" in problem


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4000)), min_size=1, max_size=5), st.data())
def test_the_parts_add_up_and_none_is_more_than_was_paid(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    cart = quote(*(cart_line(quantity=quantity, price=price, list_price=5000) for quantity, price in lines))
    stored = data.draw(st.integers(0, cart.total.minor))
    paid = [amounts.paid.minor for line in cart.lines for amounts in line.units]
    borne = rules.borne_by_cards(stored, cart)
    assert sum(borne) == stored
    assert all(0 <= part <= whole for part, whole in zip(borne, paid, strict=True))
    assert rules.borne_by_cards(stored, cart) == borne
