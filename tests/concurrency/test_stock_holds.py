"""A flash sale: 64 threads ask for 100 units at once; each race has a control without the guard."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import transaction

from hutong.kernel.rows import execute
from hutong.visit.stock import queries, services
from hutong.visit.stock.models import Hold, Stock
from hutong.visit.stock.types import HoldState, Want
from tests.concurrency.forgetting import forgetting
from tests.concurrency.race import constraint_dropped, race
from tests.concurrency.waiting import behind
from tests.factories import stock

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 64
UNITS = 100
TRIES_EACH = 5


def without(monkeypatch: pytest.MonkeyPatch, statement: str, guard: str) -> None:
    """Take the words of a guard out of a statement."""
    assert guard in getattr(services, statement)
    monkeypatch.setattr(services, statement, getattr(services, statement).replace(guard, ""))


def hold_some(offer: str, who: int, at: datetime) -> int:
    """Try to hold one unit several times over; how many times it worked."""
    granted = 0
    for number in range(TRIES_EACH):
        try:
            stock.hold(offer, order_ref=f"ord_{who}_{number}", person_ref=f"per_{who}", at=at)
            granted += 1
        except services.SoldOut:
            continue  # what the test counts
    return granted


def hold_some_naively(offer: str, _who: int, _at: datetime) -> int:
    """The control: read, decide, write, each in plain sight of the others."""
    granted = 0
    for _number in range(TRIES_EACH):
        with transaction.atomic():
            row = Stock.objects.get(offer_ref=offer)
            if row.held + row.sold >= UNITS:
                continue
            Stock.objects.filter(pk=row.pk).update(held=row.held + 1)
            granted += 1
    return granted


def test_64_threads_get_exactly_100_units(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    granted = race([partial(hold_some, offer, who, at) for who in range(THREADS)])
    assert sum(granted) == UNITS
    view = queries.stock_of([offer])[offer]
    assert (view.held, view.left) == (UNITS, 0)
    assert Hold.objects.filter(offer_ref=offer).count() == UNITS
    assert queries.problems() == []


def test_control_reading_before_writing_oversells(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    granted = race([partial(hold_some_naively, offer, who, at) for who in range(THREADS)])
    assert sum(granted) > UNITS


def test_one_person_in_32_threads_stays_within_the_limit(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    calls = [partial(stock.hold, offer, order_ref=f"ord_{who}", limit=3) for who in range(32)]
    answers = race(calls, expected=(services.PersonLimitReached,))
    assert sum(isinstance(answer, str) for answer in answers) == 3
    assert queries.stock_of([offer])[offer].held == 3
    assert queries.problems() == []


def test_control_a_limit_that_forgets_what_was_taken_lets_all_have_it(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    calls = [partial(stock.hold, offer, order_ref=f"ord_{who}", limit=3) for who in range(32)]
    with forgetting("stock_personlimit"):
        race(calls)
    assert queries.stock_of([offer])[offer].held == 32


def test_the_same_order_in_16_threads_holds_once(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    race([partial(stock.hold, offer, order_ref="ord_same") for _thread in range(16)])
    assert queries.stock_of([offer])[offer].held == 1


def test_control_without_the_constraint_each_call_of_one_order_holds_again(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = stock.limited_offer(UNITS)
    without(monkeypatch, "_HOLD", "ON CONFLICT (order_ref, offer_ref) DO NOTHING")
    with constraint_dropped("stock_hold", "stock_hold_once"):
        behind(*[partial(stock.hold, offer, order_ref="ord_same")] * 2)
        assert queries.stock_of([offer])[offer].held == 2


def test_carts_in_opposite_order_never_wait_for_each_other(at: datetime) -> None:
    offers = [stock.limited_offer(1000) for _offer in range(4)]

    def carts(who: int) -> None:
        for number in range(10):
            wants = [Want(offer, 1) for offer in (offers if who % 2 else reversed(offers))]
            order = f"ord_{who}_{number}"
            services.hold(
                order_ref=order, person_ref="per_a", wants=wants, expires_at=at + timedelta(minutes=1), at=at
            )
            (services.confirm if number % 2 else services.release)(order_ref=order, at=at)

    race([partial(carts, who) for who in range(16)])  # a deadlock would be raised
    assert [queries.stock_of([offer])[offer].sold for offer in offers] == [80] * 4
    assert queries.problems() == []


def test_payment_and_janitor_at_once_end_in_one_of_the_two(at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    orders = [stock.hold(offer) for _order in range(20)]
    calls = [
        partial(verb, order_ref=order, at=at)
        for order in orders
        for verb in (services.confirm, services.release)
    ]
    answers = race(calls, expected=(services.HoldEnded,))
    assert sum(isinstance(answer, services.HoldEnded) for answer in answers) == len(orders)
    states = [queries.holds_of(order)[0].state for order in orders]
    view = queries.stock_of([offer])[offer]
    assert (view.held, view.sold) == (0, states.count(HoldState.CONFIRMED))
    assert queries.problems() == []


def paid_and_given_up(offer: str, first: str, at: datetime) -> services.HoldEnded | None:
    """What the janitor is told who comes while a payment has not committed, or the payment behind the janitor."""
    order = stock.hold(offer)
    pay, give_up = (partial(verb, order_ref=order, at=at) for verb in (services.confirm, services.release))
    calls = (pay, give_up) if first == "payment" else (give_up, pay)
    return behind(*calls, expected=(services.HoldEnded,))


WHO = pytest.mark.parametrize("first", ["payment", "janitor"])


@WHO
def test_who_comes_second_of_payment_and_janitor_is_told(first: str, at: datetime) -> None:
    offer = stock.limited_offer(UNITS)
    assert isinstance(paid_and_given_up(offer, first, at), services.HoldEnded)
    view = queries.stock_of([offer])[offer]
    assert (view.held, view.sold) == (0, 1 if first == "payment" else 0)


@WHO
@pytest.mark.unbalanced("a control")
def test_control_without_the_state_a_unit_is_sold_and_given_up(
    first: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold of another order lies beside it, or the counter would go below zero, which the database refuses."""
    offer = stock.limited_offer(UNITS)
    stock.hold(offer)
    without(monkeypatch, "_MOVE", " AND state = %(from_state)s")
    assert paid_and_given_up(offer, first, at) is None
    assert queries.stock_of([offer])[offer].held == 0
    assert queries.problems() != []


def test_late_payments_share_what_is_left_exactly(at: datetime) -> None:
    offer = stock.limited_offer(10)
    late = [stock.hold(offer) for _order in range(10)]
    for order in late:
        services.release(order_ref=order, at=at)
    for _order in range(6):
        stock.hold(offer)
    answers = race(
        [partial(services.retake, order_ref=order, at=at) for order in late], expected=(services.SoldOut,)
    )
    assert sum(answer is None for answer in answers) == 4
    view = queries.stock_of([offer])[offer]
    assert (view.held, view.sold) == (6, 4)
    assert queries.problems() == []


def retaken_behind(at: datetime) -> tuple[services.SoldOut | None, int]:
    """What the second of two late payments is told that share one unit, and how many are sold then."""
    offer = stock.limited_offer(1)
    late = []
    for _order in range(2):
        late.append(stock.hold(offer))
        services.release(order_ref=late[-1], at=at)
    first, second = (partial(services.retake, order_ref=order, at=at) for order in late)
    answer = behind(first, second, expected=(services.SoldOut,))
    return answer, queries.stock_of([offer])[offer].sold


def test_of_two_late_payments_for_one_unit_the_first_has_it(at: datetime) -> None:
    answer, sold = retaken_behind(at)
    assert isinstance(answer, services.SoldOut)
    assert sold == 1


def test_control_without_the_capacity_two_late_payments_have_one_unit(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = "(capacity IS NULL OR held + sold + elsewhere + %(quantity)s::int8 <= capacity)"
    without(monkeypatch, "_TAKE_SOLD", f" AND {asks}")
    with constraint_dropped("stock_stock", "stock_within_capacity"):
        assert retaken_behind(at) == (None, 2)
    execute("TRUNCATE stock_hold")
