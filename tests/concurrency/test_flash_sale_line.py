"""A flash sale as its people meet it: the line, the checkout, the money and the stock, all at one moment."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from hutong.flows import flash_sale
from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.flashsales import services
from hutong.town.people.models import Person
from hutong.visit.stock.queries import stock_of
from tests.concurrency.race import all_at_once
from tests.factories import flashsales, people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, UNITS, PLACES = 32, 12, 4
PATIENCE_S = 60.0


def selling(at: datetime) -> Scene:
    shop = scene(at=at, capacity=UNITS, per_person_limit=1)
    flashsales.flash_sale(shop, at=at, places=PLACES)
    return shop


def stand_in_line(shop: Scene, person: Person, most: list[int]) -> str:
    """Look until it is one's turn, order and pay; or until all is sold."""
    offer_ref, until = shop.offer.public_id, time.monotonic() + PATIENCE_S
    services.take(offer_ref=offer_ref, person=person, at=shop.at)
    while time.monotonic() < until:
        line = flash_sale.look(offer_ref=offer_ref, person=person, at=shop.at)
        if line.state == "admitted":
            placed = shop.order(by=person)
            most.append(in_checkout())
            return shop.money_arrives(placed)
        if line.settled:
            return line.state
    return "still waiting"


def in_checkout() -> int:
    return int(scalar("SELECT count(*) FROM flashsales_ticket WHERE state IN ('admitted', 'ordering')"))


def rush(shop: Scene, most: list[int]) -> list[str]:
    every = [people.person() for _person in range(PEOPLE)]
    return all_at_once(PEOPLE, lambda number: stand_in_line(shop, every[number], most))


def test_those_who_came_first_have_all_of_it(at: datetime) -> None:
    shop, most = selling(at), list[int]()
    outcomes = rush(shop, most)
    assert (outcomes.count("paid"), outcomes.count("sold_out")) == (UNITS, PEOPLE - UNITS)
    assert max(most) <= PLACES
    bought = rows(
        """SELECT t.number FROM flashsales_ticket t JOIN orders_order o ON o.person_id = t.person_id
        WHERE t.state = 'done' AND o.state = 'paid' ORDER BY t.number"""
    )
    assert [row["number"] for row in bought] == list(range(1, UNITS + 1))
    stock = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert (stock.sold, stock.held) == (UNITS, 0)


def two_admitted(at: datetime) -> tuple[Scene, Person]:
    """Two are left and two are admitted, of whom one is named; a third waits."""
    shop = scene(at=at, capacity=2, per_person_limit=1)
    flashsales.flash_sale(shop, at=at, places=PLACES)
    first, second, third = (people.person() for _person in range(3))
    for person in (first, second, third):
        services.take(offer_ref=shop.offer.public_id, person=person, at=at)
    assert flash_sale.look(offer_ref=shop.offer.public_id, person=third, at=at).state == "waiting"
    assert in_checkout() == 2
    return shop, first


def left(shop: Scene) -> int | None:
    return stock_of([shop.offer.public_id])[shop.offer.public_id].left


def test_nobody_is_let_in_for_what_somebody_orders_at_that_moment(at: datetime) -> None:
    shop, first = two_admitted(at)

    def ordered_meanwhile() -> int | None:
        shop.order(by=first)
        return left(shop)

    assert services.admit(offer_ref=shop.offer.public_id, left=ordered_meanwhile, at=at) == 0


def test_control_by_what_was_left_before_one_is_let_in_too_many(at: datetime) -> None:
    shop, first = two_admitted(at)
    seen = left(shop)
    shop.order(by=first)
    assert services.admit(offer_ref=shop.offer.public_id, left=lambda: seen, at=at) == 1


def test_control_without_a_number_everybody_has_one(at: datetime) -> None:
    shop = selling(at)
    execute("UPDATE stock_stock SET capacity = NULL")
    assert rush(shop, []).count("paid") == PEOPLE
