"""200 people at once at the line of a flash sale: one ticket each, admitted as they came, never more than places."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import transaction

from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.flashsales import queries, services
from hutong.town.people.models import Person
from tests.concurrency.race import all_at_once, constraint_dropped, race
from tests.factories import people

pytestmark = pytest.mark.django_db(transaction=True)

OFFER = "off_flash"
PEOPLE, CLIENTS, PLACES = 200, 32, 7
MINUTE = timedelta(minutes=1)


def on_sale(at: datetime, *, places: int = PLACES) -> None:
    services.set_up(
        offer_ref=OFFER,
        starts_at=at - MINUTE,
        ends_at=at + 60 * MINUTE,
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


def numbers() -> list[int]:
    return [row["number"] for row in rows("SELECT number FROM flashsales_ticket ORDER BY number")]


def in_checkout() -> int:
    return int(scalar("SELECT count(*) FROM flashsales_ticket WHERE state IN ('admitted', 'ordering')"))


def arrive(every: list[Person], at: datetime, number: int) -> list[tuple[int, float, float]]:
    """One client's share of the people comes, one after the other: who, and when it asked and was answered."""
    found = []
    for person in every[number::CLIENTS]:
        asked = time.perf_counter()
        services.take(offer_ref=OFFER, person=person, at=at)
        found.append((person.pk, asked, time.perf_counter()))
    return found


def test_200_people_are_admitted_in_the_order_of_their_arrival(at: datetime) -> None:
    """Whoever had an answer before somebody else asked is in front; and the front is admitted first, to the last one."""
    on_sale(at)
    every = [people.person() for _person in range(PEOPLE)]
    came = [one for share in all_at_once(CLIENTS, partial(arrive, every, at)) for one in share]
    number_of = {
        row["person_id"]: row["number"] for row in rows("SELECT person_id, number FROM flashsales_ticket")
    }
    assert numbers() == list(range(1, PEOPLE + 1))
    overtaken = [
        (first, second)
        for first, _asked, answered in came
        for second, asked, _answered in came
        if answered < asked and number_of[first] > number_of[second]
    ]
    assert overtaken == []
    admitted = 0
    moment = at
    while admitted < PEOPLE:
        race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=moment) for _client in range(8)])
        front = rows("SELECT number, state FROM flashsales_ticket ORDER BY number")
        states = [row["state"] == "waiting" for row in front]
        assert states == sorted(states), "somebody behind was admitted before somebody in front"
        assert in_checkout() == min(PLACES, PEOPLE - admitted)
        admitted = states.count(False)
        moment += 6 * MINUTE if admitted % 2 else 5 * MINUTE
        execute("UPDATE flashsales_flashsale SET ends_at = %s", [moment + MINUTE])


def test_who_comes_together_gets_no_number_twice_and_leaves_no_gap(at: datetime) -> None:
    on_sale(at)
    every = [people.person() for _person in range(CLIENTS)]
    race([partial(services.take, offer_ref=OFFER, person=person, at=at) for person in every])
    assert numbers() == list(range(1, CLIENTS + 1))


def test_control_numbers_that_are_counted_by_reading_are_given_twice(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_sale(at)
    every = [people.person() for _person in range(CLIENTS)]
    monkeypatch.setattr(
        services,
        "_ARRIVE",
        "SELECT id, 1 + (SELECT count(*) FROM flashsales_ticket) AS last_number, pg_sleep(0.01)"
        " FROM flashsales_flashsale WHERE offer_ref = %(offer)s",
    )
    with constraint_dropped("flashsales_ticket", "flashsales_ticket_number"):
        race([partial(services.take, offer_ref=OFFER, person=person, at=at) for person in every])
        assert len(set(numbers())) < CLIENTS


@pytest.mark.parametrize("again", ["new", "after leaving"])
def test_ten_tabs_are_one_ticket(again: str, at: datetime) -> None:
    on_sale(at)
    other, person = in_line(1, at)[0], people.person()
    if again == "after leaving":
        services.take(offer_ref=OFFER, person=person, at=at)
        services.leave(offer_ref=OFFER, person=person)
    race([partial(services.take, offer_ref=OFFER, person=person, at=at)] * 10)
    last = 2 if again == "new" else 3
    assert numbers() == [1, last]
    # The numbers of the other tabs were never given: the next one follows.
    services.take(offer_ref=OFFER, person=people.person(), at=at)
    assert numbers() == [1, last, last + 1]
    assert other.pk != person.pk


def test_control_without_the_constraint_ten_tabs_are_several_tickets(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_sale(at)
    person = people.person()
    statement, _conflict, _rest = services._TICKET.partition("ON CONFLICT")
    monkeypatch.setattr(services, "_TICKET", statement)
    # Whoever arrives first waits a little, so that the others have looked before there is a ticket.
    monkeypatch.setattr(services, "_ARRIVE", services._ARRIVE + ", pg_sleep(0.2)")
    with constraint_dropped("flashsales_ticket", "flashsales_ticket_once"):
        race([partial(services.take, offer_ref=OFFER, person=person, at=at)] * 10)
        assert len(numbers()) > 1


def test_many_who_admit_at_once_never_fill_more_than_the_places(at: datetime) -> None:
    on_sale(at)
    in_line(60, at)
    admitted = race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=at)] * CLIENTS)
    assert sum(admitted) == in_checkout() == PLACES


def test_control_without_the_lock_more_are_admitted(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    on_sale(at)
    in_line(60, at)
    monkeypatch.setattr(services, "advisory_if_free", lambda *_key: True)
    # Who counts and then waits a little counts with others.
    monkeypatch.setattr(
        services,
        "_ADMIT",
        services._ADMIT.replace(
            "FROM flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state IN",
            "FROM pg_sleep(0.05), flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state IN",
        ),
    )
    race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=at)] * CLIENTS)
    assert in_checkout() > PLACES


def coming_and_going(every: list[Person], at: datetime, number: int) -> int:
    """A client plays its people until none of them is in line: order or leave, pay or not; the most in checkout."""
    sale = queries.sales_of([OFFER])[OFFER]
    most, turn = 0, 0
    mine = set(every[number::8])
    while mine:
        turn += 1
        services.admit(offer_ref=OFFER, left=lambda: None, at=at)
        most = max(most, in_checkout())
        for person in list(mine):
            standing = queries.standing(offer_ref=OFFER, person_id=person.pk, at=at)
            if standing and standing.ticket and standing.ticket.may_order(at):
                order_ref = f"ord_{person.pk}"
                if person.pk % 3:
                    services.use(sale=sale, person=person, order_ref=order_ref, until=at + MINUTE, at=at)
                    (services.done if person.pk % 2 else services.end)(order_ref=order_ref)
                else:
                    services.leave(offer_ref=OFFER, person=person)
                mine.discard(person)
    return most


def test_a_whole_sale_keeps_its_places_to_the_end(at: datetime) -> None:
    on_sale(at)
    every = in_line(80, at)
    most = all_at_once(8, partial(coming_and_going, every, at))
    assert max(most) == PLACES
    assert scalar("SELECT count(*) FROM flashsales_ticket WHERE state = 'waiting'") == 0


def test_an_admission_that_is_used_at_its_last_moment_keeps_its_place(at: datetime) -> None:
    """While an order uses it, who admits passes it over, though its time is over; so nobody gets its place as well."""
    on_sale(at, places=1)
    first, _second = in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    sale = queries.sales_of([OFFER])[OFFER]
    with transaction.atomic():
        services.use(
            sale=sale,
            person=first,
            order_ref="ord_1",
            until=at + 20 * MINUTE,
            at=at + 5 * MINUTE - timedelta(seconds=1),
        )
        (admitted,) = race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=at + 5 * MINUTE)])
        assert admitted == 0
    assert in_checkout() == 1


def test_who_is_leaving_is_not_waited_for_and_the_next_is_admitted(at: datetime) -> None:
    on_sale(at, places=1)
    first, _second = in_line(2, at)
    with transaction.atomic():
        services.leave(offer_ref=OFFER, person=first)
        (admitted,) = race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=at)])
        assert admitted == 1
    states = [row["state"] for row in rows("SELECT state FROM flashsales_ticket ORDER BY number")]
    assert states == ["left", "admitted"]


def test_control_counted_by_the_clock_alone_its_place_is_given_away(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_sale(at, places=1)
    first, _second = in_line(2, at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    sale = queries.sales_of([OFFER])[OFFER]
    by_clock = services._ADMIT.replace(
        "AND state IN ('admitted', 'ordering'))",
        "AND state IN ('admitted', 'ordering') AND admitted_until > %(at)s)",
    )
    assert by_clock != services._ADMIT
    monkeypatch.setattr(services, "_ADMIT", by_clock)
    with transaction.atomic():
        services.use(
            sale=sale,
            person=first,
            order_ref="ord_1",
            until=at + 20 * MINUTE,
            at=at + 5 * MINUTE - timedelta(seconds=1),
        )
        (admitted,) = race([partial(services.admit, offer_ref=OFFER, left=lambda: None, at=at + 5 * MINUTE)])
        assert admitted == 1
    assert in_checkout() == 2
