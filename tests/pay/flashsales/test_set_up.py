"""Setting up a flash sale, changing it, calling it off; and what the log says of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.kernel.models import AuditEntry
from hutong.pay.flashsales import queries, services
from hutong.pay.flashsales.models import FlashSale, Ticket
from hutong.pay.flashsales.types import SaleView
from tests.factories import people

pytestmark = pytest.mark.django_db

OFFER = "off_flash"
HOUR = timedelta(hours=1)


def set_up(
    at: datetime,
    *,
    starts_at: datetime | None = None,
    lasts: timedelta = HOUR,
    places: int | None = 5,
    minutes: int = 5,
) -> SaleView:
    starts_at = starts_at or at + HOUR
    return services.set_up(
        offer_ref=OFFER,
        starts_at=starts_at,
        ends_at=starts_at + lasts,
        places=places,
        minutes=minutes,
        by=people.person(),
        at=at,
    )


def test_it_stands_and_is_written(at: datetime) -> None:
    made = set_up(at)
    assert queries.sales_of([OFFER, "off_other"]) == {OFFER: made}
    assert (made.starts_at, made.ends_at, made.places, made.has_line) == (at + HOUR, at + 2 * HOUR, 5, True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_ref) == ("offer.flash_sale_set", OFFER)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"lasts": timedelta(0)}, "empty_window"),
        ({"lasts": timedelta(days=8)}, "long_window"),
        ({"places": 0}, "places"),
        ({"places": 1001}, "places"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 16}, "minutes"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], fault: str, at: datetime) -> None:
    with pytest.raises(services.FlashSaleInvalid) as refused:
        set_up(at, **options)  # type: ignore[arg-type]
    assert refused.value.details["faults"] == [fault]
    assert not FlashSale.objects.exists()


def test_it_changes_and_tickets_stay(at: datetime) -> None:
    set_up(at, starts_at=at - HOUR, lasts=2 * HOUR)
    services.take(offer_ref=OFFER, person=people.person(), at=at)
    changed = set_up(at, starts_at=at - HOUR, lasts=3 * HOUR, places=9)
    assert (changed.places, changed.ends_at) == (9, at + 2 * HOUR)
    assert FlashSale.objects.count() == Ticket.objects.count() == 1
    assert AuditEntry.objects.filter(action="offer.flash_sale_set").count() == 2


def test_the_start_stays_once_it_has_begun(at: datetime) -> None:
    set_up(at)
    set_up(at, starts_at=at + 2 * HOUR)
    with pytest.raises(services.FlashSaleRuns):
        set_up(at + 2 * HOUR, starts_at=at + 3 * HOUR)


def test_one_that_is_over_makes_way_for_the_next(at: datetime) -> None:
    first = set_up(at)
    person = people.person()
    services.take(offer_ref=OFFER, person=person, at=at + HOUR)
    again = at + 5 * HOUR
    second = set_up(again)
    assert first.ref != second.ref
    assert queries.sales_of([OFFER])[OFFER] == second
    services.take(offer_ref=OFFER, person=person, at=again + HOUR)  # a new line, a new ticket
    assert Ticket.objects.count() == 2


def test_called_off_it_is_gone(at: datetime) -> None:
    set_up(at)
    by = people.person()
    services.call_off(offer_ref=OFFER, by=by, at=at)
    services.call_off(offer_ref=OFFER, by=by, at=at)
    assert queries.sales_of([OFFER]) == {}
    assert AuditEntry.objects.filter(action="offer.flash_sale_called_off").count() == 1


def test_after_one_that_was_called_off_another_can_stand(at: datetime) -> None:
    first = set_up(at)
    services.call_off(offer_ref=OFFER, by=people.person(), at=at)
    second = set_up(at, places=9)
    assert second.ref != first.ref
    assert queries.sales_of([OFFER]) == {OFFER: second}
    assert FlashSale.objects.get(public_id=first.ref).places == 5


def test_of_an_erased_person_orders_alone_are_left(at: datetime) -> None:
    made = set_up(at, starts_at=at - HOUR, lasts=2 * HOUR)
    waits, ordered = people.person(), people.person()
    for person in (ordered, waits):
        services.take(offer_ref=OFFER, person=person, at=at)
    services.admit(offer_ref=OFFER, left=lambda: None, at=at)
    services.use(sale=made, person=ordered, order_ref="ord_1", until=at + HOUR, at=at)
    for person in (ordered, waits):
        services.forget_person(person=person)
    assert list(Ticket.objects.values_list("order_ref", flat=True)) == ["ord_1"]
    (told,) = queries.everything_about(ordered.pk)["flashsales.Ticket"]
    assert (told["sale__offer_ref"], told["number"], told["state"]) == (OFFER, 1, "ordering")
