"""The line of a flash sale: numbers by arrival, places, time to order, the end of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.kernel.rows import execute, scalar
from hutong.pay.flashsales import queries, services
from hutong.pay.flashsales.models import FlashSale, Ticket
from hutong.pay.flashsales.rules import COUNTED, GATHER
from hutong.pay.flashsales.types import TicketState, TicketView
from hutong.town.people.models import Person
from tests.factories import people

pytestmark = pytest.mark.django_db

OFFER = "off_flash"
MINUTE = timedelta(minutes=1)


def on_sale(at: datetime, *, places: int | None = 1, starts_in: timedelta = -MINUTE) -> None:
    services.set_up(
        offer_ref=OFFER,
        starts_at=at + starts_in,
        ends_at=at + starts_in + 60 * MINUTE,
        places=places,
        minutes=5,
        by=people.person(),
        at=at,
    )


def in_line(number: int, at: datetime) -> list[Person]:
    every = [people.person() for _person in range(number)]
    for person in every:
        services.take(offer_ref=OFFER, person=person, at=at)
    return every


def ticket_of(person: Person, at: datetime) -> TicketView:
    found = queries.standing(offer_ref=OFFER, person_id=person.pk, at=at)
    assert found is not None
    assert found.ticket is not None
    return found.ticket


def use(person: Person, at: datetime, *, order_ref: str = "ord_1") -> None:
    (sale,) = queries.sales_of([OFFER]).values()
    services.use(sale=sale, person=person, order_ref=order_ref, until=at + 15 * MINUTE, at=at)


def test_numbers_follow_arrival_and_asking_again_keeps_them(at: datetime) -> None:
    on_sale(at)
    first, second, third = in_line(3, at)
    for _refresh in range(3):
        services.take(offer_ref=OFFER, person=second, at=at + MINUTE)
    tickets = [ticket_of(person, at) for person in (first, second, third)]
    assert [ticket.number for ticket in tickets] == [1, 2, 3]
    assert [ticket.ahead for ticket in tickets] == [0, 1, 2]
    assert [ticket.ahead_at_first for ticket in tickets] == [0, 1, 2]
    assert FlashSale.objects.get().last_number == 3


def test_admission_is_by_number_and_ends_at_the_places(at: datetime) -> None:
    on_sale(at, places=2)
    every = in_line(4, at)
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=at) == 2
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=at) == 0
    states = [ticket_of(person, at).state for person in every]
    assert states == [TicketState.ADMITTED] * 2 + [TicketState.WAITING] * 2
    assert [ticket_of(person, at).ahead for person in every] == [None, None, 0, 1]
    assert ticket_of(every[0], at).admitted_until == at + 5 * MINUTE


def test_nobody_is_admitted_whom_nothing_is_left_for(at: datetime) -> None:
    on_sale(at, places=10)
    every = in_line(4, at)
    assert services.admit(offer_ref=OFFER, left=lambda: 1, at=at) == 1
    assert services.admit(offer_ref=OFFER, left=lambda: 1, at=at) == 0
    use(every[0], at)  # what it holds is not left any more
    assert services.admit(offer_ref=OFFER, left=lambda: 0, at=at) == 0
    assert services.admit(offer_ref=OFFER, left=lambda: 2, at=at) == 2


@pytest.mark.parametrize("how", ["paid", "unpaid", "left", "time over", "order's time over"])
def test_a_place_becomes_free(how: str, at: datetime) -> None:
    on_sale(at)
    first, second = in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    later = at + MINUTE
    if how == "left":
        assert services.leave(offer_ref=OFFER, person=first)
    elif how == "time over":
        later = at + 5 * MINUTE
    else:
        use(first, at)
        assert services.admit(offer_ref=OFFER, left=lambda: None, at=later) == 0
        if how == "paid":
            assert services.done(order_ref="ord_1")
        elif how == "unpaid":
            assert services.end(order_ref="ord_1")
        else:
            later = at + 15 * MINUTE
            assert services.admit(offer_ref=OFFER, left=lambda: None, at=later - timedelta(seconds=1)) == 0
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=later) == 1
    assert ticket_of(second, later).state is TicketState.ADMITTED
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=later) == 0


def test_an_order_uses_an_admission_once_and_in_time(at: datetime) -> None:
    on_sale(at)
    first, second = in_line(2, at)
    for person, moment in ((first, at), (second, at)):
        with pytest.raises(services.TicketNeeded):
            use(person, moment)  # not admitted
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    with pytest.raises(services.TicketNeeded):
        use(first, at + 5 * MINUTE)
    use(first, at + 4 * MINUTE)
    with pytest.raises(services.TicketNeeded):
        use(first, at + 4 * MINUTE, order_ref="ord_2")
    assert ticket_of(first, at).order_ref == "ord_1"
    assert not services.leave(offer_ref=OFFER, person=first)


@pytest.mark.parametrize("how", ["left", "lapsed"])
def test_who_comes_again_stands_at_the_end(how: str, at: datetime) -> None:
    on_sale(at)
    first, second = in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    later = at + 6 * MINUTE
    if how == "left":
        services.leave(offer_ref=OFFER, person=first)
    services.take(offer_ref=OFFER, person=first, at=later)
    assert ticket_of(first, later).number == 3
    assert ticket_of(first, later).ahead == 1
    services.admit(offer_ref=OFFER, left=lambda: None, at=later)
    assert ticket_of(second, later).state is TicketState.ADMITTED


def test_who_has_an_order_gets_no_other_ticket(at: datetime) -> None:
    on_sale(at)
    (person,) = in_line(1, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    use(person, at)
    services.take(offer_ref=OFFER, person=person, at=at)  # still the same ticket
    assert ticket_of(person, at).state is TicketState.ORDERING
    services.done(order_ref="ord_1")
    with pytest.raises(services.TicketUsed):
        services.take(offer_ref=OFFER, person=person, at=at)


def test_who_comes_later_counts_only_those_who_still_wait(at: datetime) -> None:
    on_sale(at)
    in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    (third,) = in_line(1, at)
    assert (ticket_of(third, at).number, ticket_of(third, at).ahead_at_first) == (3, 1)


def test_who_has_paid_or_left_is_not_brought_back_by_the_clock(at: datetime) -> None:
    on_sale(at, places=2)
    paid, left = in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    use(paid, at)
    services.done(order_ref="ord_1")
    services.leave(offer_ref=OFFER, person=left)
    later = at + 20 * MINUTE
    services.admit(offer_ref=OFFER, left=lambda: None, at=later)
    assert [ticket_of(each, later).state for each in (paid, left)] == [TicketState.DONE, TicketState.LEFT]
    with pytest.raises(services.TicketUsed):
        services.take(offer_ref=OFFER, person=paid, at=later)


def test_money_that_comes_late_still_ends_the_ticket(at: datetime) -> None:
    on_sale(at)
    (person,) = in_line(1, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    use(person, at)
    assert services.end(order_ref="ord_1")
    assert services.done(order_ref="ord_1")
    assert not services.done(order_ref="ord_1")
    assert ticket_of(person, at).state is TicketState.DONE


def test_orders_without_a_ticket_touch_none(at: datetime) -> None:
    on_sale(at)
    in_line(2, at)
    assert not services.done(order_ref="")
    assert not services.end(order_ref="ord_other")
    assert set(Ticket.objects.values_list("state", flat=True)) == {"waiting"}


def test_people_gather_before_the_start_and_are_admitted_after_it(at: datetime) -> None:
    on_sale(at, starts_in=GATHER, places=5)
    in_line(2, at)
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=at + GATHER - timedelta(seconds=1)) == 0
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=at + GATHER) == 2


@pytest.mark.parametrize(
    "when", ["before people gather", "after the end", "no line", "called off", "no sale"]
)
def test_there_is_no_line(when: str, at: datetime) -> None:
    moment = at
    if when == "before people gather":
        on_sale(at, starts_in=GATHER + timedelta(seconds=1))
    elif when == "no line":
        on_sale(at, places=None)
    elif when != "no sale":
        on_sale(at)
    if when == "called off":
        services.call_off(offer_ref=OFFER, by=people.person(), at=at)
    if when == "after the end":
        moment = at + 59 * MINUTE
    with pytest.raises(services.NoLine):
        services.take(offer_ref=OFFER, person=people.person(), at=moment)
    assert services.admit(offer_ref=OFFER, left=lambda: None, at=moment) == 0


def test_a_long_line_is_counted_up_to_a_hundred_and_told_as_the_most_it_can_be(at: datetime) -> None:
    on_sale(at)
    every = in_line(COUNTED + 3, at)
    assert (ticket_of(every[COUNTED - 1], at).ahead, ticket_of(every[COUNTED - 1], at).about) == (99, False)
    services.leave(offer_ref=OFFER, person=every[5])
    last = ticket_of(every[-1], at)
    assert (last.ahead, last.about) == (COUNTED + 2, True)  # of whom one has left
    services.leave(offer_ref=OFFER, person=every[6])
    services.leave(offer_ref=OFFER, person=every[7])
    last = ticket_of(every[-1], at)
    assert (last.ahead, last.about) == (COUNTED - 1, False)


def test_a_look_reads_no_more_in_a_line_of_ten_thousand(at: datetime) -> None:
    on_sale(at, places=10)
    every = in_line(30, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    few = blocks(every[-1], at)
    execute(
        """INSERT INTO flashsales_ticket (public_id, sale_id, person_id, number, ahead_at_first, state, arrived_at,
             order_ref)
           SELECT 'tkt_' || n, s.id, -n, n, 0, 'waiting', %s, '' FROM flashsales_flashsale s,
             generate_series(31, 10000) n""",
        [at],
    )
    execute("UPDATE flashsales_flashsale SET last_number = 10000")
    execute("ANALYZE flashsales_ticket")
    (last,) = in_line(1, at)
    assert ticket_of(last, at).number == 10_001
    many = blocks(last, at)
    assert many <= few + 110, (few, many)
    execute("DELETE FROM flashsales_ticket WHERE person_id < 0")


def blocks(person: Person, at: datetime) -> int:
    values = {"offer": OFFER, "person": person.pk, "at": at, "counted": COUNTED, "rated": 20}
    found = scalar(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {queries._STANDING}", values)[0]["Plan"]
    return int(found["Shared Hit Blocks"] + found["Shared Read Blocks"])
