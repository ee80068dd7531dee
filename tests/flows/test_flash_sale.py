"""Flash sales over their rooms: the line in front of checkout, what is left, who is turned away and why."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import expire_orders, flash_sale
from hutong.flows.flash_sale import FlashSaleNotOpen, FlashSaleOver, Line
from hutong.kernel.errors import NotFound, TooMany
from hutong.pay.flashsales import rules, services
from hutong.pay.flashsales.models import Ticket
from hutong.pay.flashsales.services import FlashSaleInvalid, TicketNeeded, TicketUsed
from hutong.town.catalog.models import Offer
from hutong.town.people.models import Person
from hutong.visit.stock.services import SoldOut, return_sold
from tests.factories import catalog, people
from tests.factories import flashsales as factory
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at, capacity=3)


def take(shop: Scene, person: Person, at: datetime) -> Line:
    return flash_sale.take(offer_ref=shop.offer.public_id, person=person, address="192.0.2.1", at=at)


def look(shop: Scene, person: Person, at: datetime) -> Line:
    return flash_sale.look(offer_ref=shop.offer.public_id, person=person, at=at)


def test_an_order_without_a_ticket_is_refused_and_leaves_nothing(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at)
    with pytest.raises(TicketNeeded):
        shop.order()
    assert look(shop, shop.shopper, at).left == 3


def test_the_first_is_admitted_at_once_and_the_second_when_the_first_has_paid(
    shop: Scene, at: datetime
) -> None:
    factory.flash_sale(shop, at=at)
    first, second = people.person(), people.person()
    assert take(shop, first, at).state == "admitted"
    waits = take(shop, second, at)
    assert (waits.state, waits.ticket and waits.ticket.ahead, waits.done_percent) == ("waiting", 0, 100)
    with pytest.raises(TicketNeeded):
        shop.order(by=second)
    placed = shop.order(by=first)
    assert look(shop, first, at).state == "ordering"
    assert look(shop, second, at).state == "waiting"
    assert shop.money_arrives(placed) == "paid"
    assert look(shop, first, at).state == "done"
    assert look(shop, second, at).state == "admitted"
    with pytest.raises(TicketUsed):
        take(shop, first, at)
    with pytest.raises(TicketNeeded):
        shop.order(by=first)
    shop.order(by=second)


def test_the_place_of_an_order_that_is_not_paid_goes_on(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at)
    first, second = people.person(), people.person()
    take(shop, first, at)
    take(shop, second, at)
    placed = shop.order(by=first)
    later = at + 15 * MINUTE
    assert expire_orders.expire(order_ref=placed.order_ref, at=later)
    assert look(shop, second, later).state == "admitted"
    assert look(shop, first, later).state == "lapsed"
    again = take(shop, first, later)
    assert (again.state, again.ticket and again.ticket.number) == ("waiting", 3)


def test_the_same_click_finds_its_order_after_the_sale(shop: Scene, at: datetime) -> None:
    sale = factory.flash_sale(shop, at=at)
    take(shop, shop.shopper, at)
    placed = shop.order(client_key="click")
    assert shop.order(client_key="click", at=sale.ends_at).order_ref == placed.order_ref
    assert Ticket.objects.get().order_ref == placed.order_ref


@pytest.mark.parametrize("places", [None, 1])
def test_nobody_orders_outside_the_window(places: int | None, shop: Scene, at: datetime) -> None:
    sale = factory.flash_sale(shop, at=at, places=places, starts_in=MINUTE)
    with pytest.raises(FlashSaleNotOpen):
        shop.order(at=at + MINUTE - SECOND)
    with pytest.raises(FlashSaleOver):
        shop.order(at=sale.ends_at)
    if places is None:
        shop.order(at=at + MINUTE)
        with pytest.raises(NotFound):
            look(shop, shop.shopper, at)


def test_before_it_begins_people_gather_and_then_go_in_by_turns(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at, places=2, starts_in=rules.GATHER + MINUTE)
    every = [people.person() for _person in range(4)]
    with pytest.raises(FlashSaleNotOpen):
        take(shop, every[0], at)
    gathering = at + MINUTE
    for number, person in enumerate(every):
        line = take(shop, person, gathering)
        assert (line.state, line.phase.value, line.ticket and line.ticket.ahead) == (
            "waiting",
            "gathering",
            number,
        )
    opens = gathering + rules.GATHER
    # The last one asks first: it lets the front in.
    assert look(shop, every[3], opens).state == "waiting"
    assert [look(shop, person, opens).state for person in every] == ["admitted"] * 2 + ["waiting"] * 2


def test_the_line_ends_at_once_when_all_are_paid(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at, places=5)
    buyer, waits = people.person(), people.person()
    take(shop, buyer, at)
    placed = shop.order(by=buyer, quantity=3)
    line = take(shop, waits, at)
    assert (line.state, line.left, line.all_taken) == ("waiting", 0, True)
    shop.money_arrives(placed)
    line = look(shop, waits, at)
    assert (line.state, line.settled, line.all_taken) == ("sold_out", True, False)
    with pytest.raises(SoldOut):
        take(shop, people.person(), at)
    # Somebody takes the money back: what is free again goes to who waits.
    return_sold(order_ref=placed.order_ref, offer_ref=shop.offer.public_id, quantity=1)
    assert look(shop, waits, at).state == "admitted"


def test_no_more_are_admitted_than_are_left(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at, places=100)
    every = [people.person() for _person in range(5)]
    states = [take(shop, person, at).state for person in every]
    assert states == ["admitted"] * 3 + ["waiting"] * 2


def test_the_time_left_to_order_ends_with_the_sale(shop: Scene, at: datetime) -> None:
    sale = factory.flash_sale(shop, at=at, places=2, minutes=5)
    early, late = people.person(), people.person()
    soon, last = sale.ends_at - 5 * MINUTE - SECOND, sale.ends_at - 2 * MINUTE
    ticket = take(shop, early, soon).ticket
    assert ticket
    assert ticket.admitted_until == sale.ends_at - SECOND
    ticket = take(shop, late, last).ticket
    assert ticket
    assert ticket.admitted_until == sale.ends_at
    shop.order(by=late, at=sale.ends_at - SECOND)
    with pytest.raises(FlashSaleOver):
        shop.order(by=early, at=sale.ends_at)


def test_called_off_there_is_no_line_and_anybody_orders(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at)
    take(shop, people.person(), at)
    services.call_off(offer_ref=shop.offer.public_id, by=people.person(), at=at)
    with pytest.raises(NotFound):
        look(shop, shop.shopper, at)
    shop.order()


def test_a_look_that_moves_nothing_is_two_statements(shop: Scene, at: datetime) -> None:
    factory.flash_sale(shop, at=at)
    take(shop, people.person(), at)
    person = people.person()
    take(shop, person, at)
    with CaptureQueriesContext(connection) as captured:
        assert look(shop, person, at).state == "waiting"
    assert len(captured) == 2, captured.captured_queries


def test_coming_in_has_a_budget_of_the_person_and_of_the_address(
    shop: Scene, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory.flash_sale(shop, at=at)
    person = people.person()
    for _click in range(rules.TAKES_A_MINUTE):
        take(shop, person, at)
    with pytest.raises(TooMany):
        take(shop, person, at)
    monkeypatch.setattr(rules, "TAKES_PER_ADDRESS", 3)
    take(shop, people.person(), at)
    take(shop, people.person(), at)
    with pytest.raises(TooMany):
        take(shop, people.person(), at)
    assert Ticket.objects.count() == 3


def test_a_second_look_within_a_second_waits(at: datetime) -> None:
    person, other = people.person(), people.person()
    flash_sale.spacing.forget()
    flash_sale.count_look(person=person, address="192.0.2.1", at=at)
    flash_sale.count_look(person=other, address="192.0.2.1", at=at)
    with pytest.raises(TooMany) as refused:
        flash_sale.count_look(person=person, address="192.0.2.1", at=at + SECOND / 2)
    assert refused.value.details["retry_after_s"] == 1
    flash_sale.count_look(person=person, address="192.0.2.1", at=at + SECOND)


def set_up(shop: Scene, at: datetime, **options: object) -> None:
    said = {"starts_at": at + MINUTE, "ends_at": at + 60 * MINUTE, "places": 5, "minutes": 5}
    said |= {"merchant_ref": shop.merchant.public_id, **options}
    flash_sale.set_up(
        offer_ref=shop.offer.public_id,
        by=people.person(),
        at=at,
        **said,  # type: ignore[arg-type]
    )


def test_a_shop_sets_it_up_for_what_is_counted_limited_approved_and_on_sale(at: datetime) -> None:
    shop = scene(at=at, capacity=3, per_person_limit=2)
    set_up(shop, at)
    with pytest.raises(FlashSaleInvalid):
        set_up(shop, at, ends_at=at)
    with pytest.raises(NotFound):
        set_up(shop, at, merchant_ref="mer_other")
    Offer.objects.update(ends_at=at + 60 * MINUTE)
    set_up(shop, at)
    with pytest.raises(flash_sale.OutsideSale):
        set_up(shop, at, ends_at=at + 61 * MINUTE)
    Offer.objects.update(starts_at=at + 2 * MINUTE)
    with pytest.raises(flash_sale.OutsideSale):
        set_up(shop, at)
    unlimited = scene(at=at, capacity=3)
    with pytest.raises(flash_sale.PersonLimitMissing):
        set_up(unlimited, at)
    uncounted = scene(at=at)
    with pytest.raises(flash_sale.StockMissing):
        set_up(uncounted, at)
    uncounted.offer = catalog.offer(store=uncounted.store, live=False, at=at)
    with pytest.raises(flash_sale.DealNotApproved):
        set_up(uncounted, at)
