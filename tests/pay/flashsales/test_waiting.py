"""Two who set the flash sale of one deal up, or call it off, at one moment: the second waits, and then sees the first's."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from hutong.kernel.models import AuditEntry
from hutong.pay.flashsales import queries, services
from hutong.pay.flashsales.models import FlashSale, Ticket
from hutong.pay.flashsales.types import SaleView, TicketState
from tests.concurrency.waiting import behind
from tests.factories import people

pytestmark = pytest.mark.django_db(transaction=True)

OFFER = "off_flash"
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def set_up(at: datetime, *, places: int = 5) -> SaleView:
    """From an hour after `at`, for an hour."""
    return services.set_up(
        offer_ref=OFFER,
        starts_at=at + HOUR,
        ends_at=at + 2 * HOUR,
        places=places,
        minutes=5,
        by=people.person(),
        at=at,
    )


def call_off(at: datetime) -> None:
    services.call_off(offer_ref=OFFER, by=people.person(), at=at)


@pytest.mark.parametrize("before", ["none", "one that is over"])
def test_what_two_set_up_at_once_is_one_sale_and_the_second_changed_it(before: str, at: datetime) -> None:
    if before != "none":
        set_up(at - WEEK)
    second: SaleView = behind(partial(set_up, at, places=3), partial(set_up, at, places=9))
    assert FlashSale.objects.filter(closed_at=None).count() == 1
    assert queries.sales_of([OFFER]) == {OFFER: second}
    last = AuditEntry.objects.order_by("pk").last()
    assert last is not None
    assert last.changes["places"] == [3, 9]


def test_what_is_set_up_while_the_one_before_is_called_off_stands(at: datetime) -> None:
    first = set_up(at)
    second: SaleView = behind(partial(call_off, at), partial(set_up, at))
    assert second.ref != first.ref
    assert queries.sales_of([OFFER]) == {OFFER: second}


def test_what_is_called_off_while_it_is_set_up_is_gone(at: datetime) -> None:
    behind(partial(set_up, at), partial(call_off, at))
    assert queries.sales_of([OFFER]) == {}


def test_who_comes_again_in_two_windows_keeps_the_admission_of_the_first(at: datetime) -> None:
    set_up(at - HOUR)
    person = people.person()
    take = partial(services.take, offer_ref=OFFER, person=person, at=at)
    take()
    services.leave(offer_ref=OFFER, person=person)

    def take_and_be_admitted() -> None:
        take()
        assert services.admit(offer_ref=OFFER, left=lambda: None, at=at) == 1

    behind(take_and_be_admitted, take)
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.number) == (TicketState.ADMITTED.value, 2)
    assert FlashSale.objects.get().last_number == 2  # the third number was never given
