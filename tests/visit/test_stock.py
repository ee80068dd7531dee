"""Stock: what may be held, sold, given back; told once or twice, alone or in a cart."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.errors import NotFound
from hutong.visit.stock import queries, services
from hutong.visit.stock.rules import next_state
from hutong.visit.stock.types import HoldEvent, HoldState, Want
from tests.factories import stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counters_agree() -> Iterator[None]:
    """After every test the counters equal what the holds say."""
    yield
    assert queries.problems() == []


def counters(offer: str) -> tuple[int, int]:
    """(held, sold) of an offer."""
    view = queries.stock_of([offer])[offer]
    return view.held, view.sold


def test_a_hold_takes_and_a_payment_sells(at: datetime) -> None:
    offer = stock.limited_offer(3)
    order = stock.hold(offer, quantity=2)
    assert counters(offer) == (2, 0)
    services.confirm(order_ref=order, at=at)
    assert counters(offer) == (0, 2)
    assert queries.stock_of([offer])[offer].left == 1


def test_sold_out_says_how_many_are_left_and_changes_nothing() -> None:
    offer = stock.limited_offer(3)
    stock.hold(offer, quantity=2)
    with pytest.raises(services.SoldOut) as refused:
        stock.hold(offer, order_ref="ord_late", quantity=2)
    assert refused.value.details == {"offer_ref": offer, "left": 1}
    assert str(refused.value) == "Only 1 left."
    assert counters(offer) == (2, 0)
    assert queries.holds_of("ord_late") == []


def test_the_same_order_again_holds_once_and_another_quantity_is_refused() -> None:
    offer = stock.limited_offer(10)
    order = stock.hold(offer, quantity=2)
    stock.hold(offer, order_ref=order, quantity=2)
    assert counters(offer) == (2, 0)
    with pytest.raises(services.HoldChanged):
        stock.hold(offer, order_ref=order, quantity=3)


def test_a_cart_is_held_whole_or_not_at_all(at: datetime) -> None:
    plenty, scarce = stock.limited_offer(10), stock.limited_offer(1)
    wants = [Want(plenty, 2), Want(scarce, 2)]
    with pytest.raises(services.SoldOut):
        services.hold(
            order_ref="ord_cart",
            person_ref="per_a",
            wants=wants,
            expires_at=at + timedelta(minutes=15),
            at=at,
        )
    assert counters(plenty) == (0, 0)
    assert queries.holds_of("ord_cart") == []


def test_an_unlimited_offer_needs_no_row_and_an_empty_capacity_counts(at: datetime) -> None:
    without_row, without_capacity = stock.offer_ref(), stock.limited_offer(None)
    for offer in (without_row, without_capacity):
        services.confirm(order_ref=stock.hold(offer, quantity=1000), at=at)
    assert queries.stock_of([without_row]) == {}
    assert counters(without_capacity) == (0, 1000)
    assert queries.stock_of([without_capacity])[without_capacity].left is None


def test_a_limit_set_after_a_hold_does_not_count_that_hold(at: datetime) -> None:
    offer = stock.offer_ref()
    before = stock.hold(offer, quantity=5)
    services.set_capacity(offer_ref=offer, capacity=1, by="per_owner", at=at)
    services.confirm(order_ref=before, at=at)
    assert counters(offer) == (0, 0)
    stock.hold(offer)
    assert counters(offer) == (1, 0)


def test_capacity_cannot_fall_below_what_is_taken(at: datetime) -> None:
    offer = stock.limited_offer(5)
    stock.hold(offer, quantity=3)
    with pytest.raises(services.CapacityTooSmall) as refused:
        services.set_capacity(offer_ref=offer, capacity=2, by="per_owner", at=at)
    assert refused.value.details == {"taken": 3}
    services.set_capacity(offer_ref=offer, capacity=3, by="per_owner", at=at)


def test_a_person_takes_up_to_the_limit_and_gets_it_back_on_release(at: datetime) -> None:
    offer = stock.offer_ref()
    first = stock.hold(offer, quantity=2, limit=3)
    with pytest.raises(services.PersonLimitReached) as refused:
        stock.hold(offer, quantity=2, limit=3)
    assert refused.value.details == {"offer_ref": offer, "limit": 3, "taken": 2}
    stock.hold(offer, person_ref="per_other", quantity=3, limit=3)
    services.release(order_ref=first, at=at)
    stock.hold(offer, quantity=3, limit=3)


def test_the_first_order_cannot_pass_the_limit_either() -> None:
    with pytest.raises(services.PersonLimitReached):
        stock.hold(stock.offer_ref(), quantity=4, limit=3)


def test_release_confirm_and_retake_may_be_told_twice(at: datetime) -> None:
    offer = stock.limited_offer(5)
    order = stock.hold(offer, quantity=2, limit=2)
    for _again in range(2):
        services.release(order_ref=order, at=at)
    assert counters(offer) == (0, 0)
    for _again in range(2):
        services.retake(order_ref=order, at=at)
    services.confirm(order_ref=order, at=at)
    assert counters(offer) == (0, 2)
    assert queries.taken_by("per_test", offer) == 2


def test_a_late_payment_is_honoured_only_while_something_is_left(at: datetime) -> None:
    offer = stock.limited_offer(2)
    late = stock.hold(offer, quantity=2)
    services.release(order_ref=late, at=at)
    stock.hold(offer)
    with transaction.atomic():  # a flow catches the refusal and goes on in its own transaction
        with pytest.raises(services.SoldOut):
            services.retake(order_ref=late, at=at)
    assert queries.holds_of(late)[0].state is HoldState.RELEASED
    assert counters(offer) == (1, 0)


def test_a_payment_after_the_time_but_before_the_janitor_is_honoured(at: datetime) -> None:
    order = stock.hold(stock.limited_offer(1))
    services.retake(order_ref=order, at=at + timedelta(hours=1))
    assert queries.holds_of(order)[0].state is HoldState.CONFIRMED


def test_a_released_hold_is_not_confirmed_and_a_paid_one_not_released(at: datetime) -> None:
    offer = stock.limited_offer(5)
    released, paid = stock.hold(offer), stock.hold(offer)
    services.release(order_ref=released, at=at)
    services.confirm(order_ref=paid, at=at)
    with pytest.raises(services.HoldEnded):
        services.confirm(order_ref=released, at=at)
    with pytest.raises(services.HoldEnded):
        services.release(order_ref=paid, at=at)
    with pytest.raises(services.HoldEnded):
        stock.hold(offer, order_ref=released)
    with pytest.raises(NotFound):
        services.confirm(order_ref="ord_unknown", at=at)


def test_a_refund_gives_back_what_was_sold_and_never_more(at: datetime) -> None:
    offer = stock.limited_offer(3)
    order = stock.hold(offer, quantity=3, limit=3)
    services.confirm(order_ref=order, at=at)
    services.return_sold(order_ref=order, offer_ref=offer, quantity=2)
    assert counters(offer) == (0, 1)
    assert queries.taken_by("per_test", offer) == 1
    with pytest.raises(services.HoldEnded):
        services.return_sold(order_ref=order, offer_ref=offer, quantity=2)


@pytest.mark.parametrize("late", [False, True])
def test_a_paid_order_that_comes_to_nothing_gives_all_of_it_back_once(at: datetime, late: bool) -> None:
    offer = stock.limited_offer(3)
    order = stock.hold(offer, quantity=2)
    if late:
        services.release(order_ref=order, at=at)
        services.retake(order_ref=order, at=at)
    assert counters(offer) == ((0, 2) if late else (2, 0))
    services.call_off(order_ref=order, at=at)
    services.call_off(order_ref=order, at=at)
    assert counters(offer) == (0, 0)
    services.call_off(order_ref="ord_nothing", at=at)


def test_the_janitor_finds_orders_whose_time_is_over(at: datetime) -> None:
    offer = stock.limited_offer(5)
    early, late = stock.hold(offer), stock.hold(offer, at=at + timedelta(minutes=1))
    paid = stock.hold(offer)
    services.confirm(order_ref=paid, at=at)
    assert queries.expired_orders(at + timedelta(minutes=15)) == [early]
    assert queries.expired_orders(at + timedelta(minutes=16)) == [early, late]
    assert queries.expired_orders(at + timedelta(minutes=14)) == []


def test_a_hold_moves_in_four_ways_and_no_other() -> None:
    moves = {
        (state.value, event.value): to.value
        for state in HoldState
        for event in HoldEvent
        if (to := next_state(state, event))
    }
    assert moves == {
        ("held", "confirm"): "confirmed",
        ("held", "release"): "released",
        ("held", "retake"): "confirmed",
        ("released", "retake"): "confirmed",
    }


@pytest.mark.parametrize("size", [1, 3])
def test_statements_of_a_hold(
    size: int, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    wants = [Want(stock.limited_offer(9), 1, per_person_limit=5) for _number in range(size)]
    with django_assert_num_queries(3 * size + 2):  # two for the savepoint inside the test's transaction
        services.hold(
            order_ref=f"ord_s{size}",
            person_ref="per_a",
            wants=wants,
            expires_at=at + timedelta(minutes=1),
            at=at,
        )
    with django_assert_num_queries(1 + size + 2):
        services.confirm(order_ref=f"ord_s{size}", at=at)


@pytest.mark.unbalanced("changes the stock behind the services")
def test_problems_names_a_counter_that_was_changed_by_hand(at: datetime) -> None:
    from hutong.visit.stock.models import Stock  # the only test that writes past the services

    offer = stock.limited_offer(5)
    stock.hold(offer)
    Stock.objects.filter(offer_ref=offer).update(sold=1)
    (problem,) = queries.problems()
    assert problem.ref == offer
    assert "sold 1, holds say 0" in problem.what
    Stock.objects.filter(offer_ref=offer).update(sold=0)
