"""What the clock asks for: each due thing once, the books every quarter of an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import jobs
from hutong.kernel import clock
from hutong.kernel.rows import execute
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DifferenceKind
from hutong.town.notifications.models import Notification
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.sandbox import Sandbox


def told(person: Person) -> list[str]:
    """What somebody was told, in the order of the telling."""
    return list(Notification.objects.filter(person=person).order_by("pk").values_list("kind", flat=True))


@pytest.mark.django_db(transaction=True)
def test_tick_ends_orders_whose_time_is_over(at: datetime, sandbox: Sandbox) -> None:
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    jobs.tick(at=at + timedelta(minutes=16))
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    assert facts.state is OrderState.EXPIRED


@pytest.mark.django_db(transaction=True)
def test_bills_are_fetched_day_by_day_and_what_is_missing_is_told(sandbox: Sandbox) -> None:
    operator, now = people.operator(), clock.now()
    voucher = scene(at=now).bought()[0]  # captured here; the sandbox never heard of it
    first = jobs.fetch_bills(at=now + timedelta(days=1))
    assert [(bill.on, bill.lines, bill.open) for bill in first] == [(now.date(), 0, 0)]
    assert jobs.fetch_bills(at=now + timedelta(days=1, minutes=59)) == []
    jobs.drain()
    assert told(operator) == []
    days = [bill.on - now.date() for bill in jobs.fetch_bills(at=now + timedelta(days=4))]
    assert days == [timedelta(days=1), timedelta(days=2), timedelta(days=3)]
    (missing,) = payments.open_differences()
    (payment,) = payments.payments_of_order(voucher.order_ref)
    assert (missing.kind, missing.ref) == (DifferenceKind.MISSING_THERE, payment.ref)
    jobs.drain()
    assert told(operator) == ["bill_differs"]


@pytest.mark.django_db(transaction=True)
def test_a_bill_that_is_not_to_be_had_is_fetched_later(sandbox: Sandbox) -> None:
    now = clock.now()
    sandbox.fault("error_before", call="bill")
    assert jobs.fetch_bills(at=now + timedelta(days=1)) == []
    assert len(jobs.fetch_bills(at=now + timedelta(days=1, hours=1))) == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_that_the_provider_refuses_stops_nothing_else(
    sandbox: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HUTONG_SANDBOX_SECRET = "not the one the sandbox knows"
    assert jobs.fetch_bills(at=clock.now() + timedelta(days=1)) == []
    assert "provider_refused" in caplog.text


@pytest.mark.unbalanced
@pytest.mark.django_db(transaction=True)
def test_books_are_added_up_every_quarter_of_an_hour(
    at: datetime, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    shop = scene(at=at)
    shop.bought()
    execute("UPDATE ledger_balance SET minor = minor + 1")
    assert any("ledger" in problem for problem in jobs.check_books(at=at))
    assert "ledger" in caplog.text
    assert jobs.check_books(at=at + timedelta(minutes=14)) == ()
    assert jobs.check_books(at=at + timedelta(minutes=15)) != ()


@pytest.mark.unbalanced
@pytest.mark.django_db(transaction=True)
def test_all_of_the_books_is_added_up_once_a_night(at: datetime, sandbox: Sandbox) -> None:
    shop = scene(at=at)
    shop.bought()
    execute("SET session_replication_role = replica")  # the sandbox has never heard of this sale
    execute("DELETE FROM payments_payment")
    execute("SET session_replication_role = DEFAULT")
    night = datetime(2026, 6, 1, 22, 59, tzinfo=UTC)  # 01:59 in Helsinki
    assert jobs.check_all_books(at=night) == ()
    late = night + timedelta(hours=1, minutes=1)
    assert any(problem.startswith("clearing") for problem in jobs.check_all_books(at=late))
    assert jobs.check_all_books(at=late + timedelta(hours=20)) == ()
    assert jobs.check_all_books(at=late + timedelta(hours=24)) != ()


@pytest.mark.django_db
def test_pictures_are_collected_once_a_day(at: datetime, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    assert jobs.collect_pictures(at=at) is not None
    assert jobs.collect_pictures(at=at + timedelta(hours=23)) is None
    assert jobs.collect_pictures(at=at + timedelta(hours=24)) is not None


@pytest.mark.django_db(transaction=True)
def test_a_bill_that_does_not_come_is_told_when_it_is_three_days_late(sandbox: Sandbox) -> None:
    operator, now = people.operator(), clock.now()
    scene(at=now).bought()
    assert len(jobs.fetch_bills(at=now + timedelta(days=1))) == 1
    sandbox.fault("error_before", call="bill", times=10)
    for days, expected in ((4, []), (5, ["bill_late"]), (6, ["bill_late"])):
        assert jobs.fetch_bills(at=now + timedelta(days=days)) == []
        jobs.drain()
        assert told(operator) == expected
