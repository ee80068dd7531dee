"""A month is closed when nothing of it is open: bills, differences, unknown outcomes, the books."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hutong.flows import close_month, jobs, reconcile
from hutong.flows.close_month import Obstacle
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.models import FetchedBill, Payment
from hutong.pay.payments.types import Bill, DifferenceKind
from hutong.pay.settlement import queries
from tests.factories import payments as payment_factory
from tests.factories import people
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db

JUNE = date(2026, 6, 1)
AFTER = timedelta(days=35)
LAST = datetime.fromisoformat("2026-06-30T12:00:00+00:00")


def bills(first: date, days: int) -> None:
    """Bills of the sandbox, day after day, on which everything fits."""
    for number in range(days):
        FetchedBill.objects.create(
            provider="sandbox",
            on=first + timedelta(days=number),
            fetched_at=datetime.fromisoformat("2026-07-01T00:00:00+00:00"),
            lines=0,
            matched=0,
            digest="",
        )


def what(at: datetime) -> dict[Obstacle, int]:
    found = close_month.obstacles(unit="EUR", on=JUNE, at=at)
    return {each.what: each.number for each in found}


def test_a_month_without_anything_open_is_closed_once(at: datetime) -> None:
    scene(at=at).bought()
    jobs.drain()
    operator = people.operator()
    assert close_month.next_to_close(unit="EUR", at=at + AFTER) == JUNE
    with pytest.raises(close_month.MonthBlocked):
        close_month.close(unit="EUR", on=JUNE, by=operator, at=at + AFTER)
    bills(JUNE, 31)
    assert what(at + AFTER) == {}
    closed = close_month.close(unit="EUR", on=JUNE, by=operator, at=at + AFTER)
    assert close_month.close(unit="EUR", on=JUNE, by=operator, at=at + AFTER) == closed
    assert close_month.next_to_close(unit="EUR", at=at + AFTER) == date(2026, 7, 1)
    # midnight in Helsinki
    assert closed.starts_at.isoformat() == "2026-05-31T21:00:00+00:00"
    close_month.reopen(unit="EUR", on=JUNE, reason="a late bill", by=operator, at=at + AFTER)
    assert queries.newest_closed("EUR") is None


def test_a_month_that_runs_is_not_closed(at: datetime) -> None:
    assert what(at) == {Obstacle.RUNS: 1}


def test_every_day_since_the_first_money_has_its_bill(at: datetime) -> None:
    scene(at=at + timedelta(days=9)).bought()
    jobs.drain()
    bills(date(2026, 6, 10), 21)
    FetchedBill.objects.filter(on=date(2026, 6, 20)).delete()
    (blocked,) = close_month.obstacles(unit="EUR", on=JUNE, at=at + AFTER)
    assert (blocked.what, blocked.number) == (Obstacle.BILLS, 2)
    assert (blocked.provider, blocked.day) == ("sandbox", date(2026, 6, 20))


def test_a_month_waits_for_the_bill_of_the_day_after(at: datetime) -> None:
    (voucher,) = scene(at=LAST).bought()
    jobs.drain()
    bills(date(2026, 6, 1), 29)
    later = LAST + timedelta(days=3)
    reconcile.keep(Bill(()), provider="sandbox", on=LAST.date(), at=later)
    (blocked,) = close_month.obstacles(unit="EUR", on=JUNE, at=later)
    assert (blocked.what, blocked.number) == (Obstacle.BILLS, 1)
    assert (blocked.provider, blocked.day) == ("sandbox", date(2026, 7, 1))
    reconcile.keep(Bill(()), provider="sandbox", on=LAST.date() + timedelta(days=1), at=later)
    (missing,) = payments.open_differences()
    payment = payments.payment_for_order(voucher.order_ref)
    assert payment is not None
    assert (missing.kind, missing.ref) == (DifferenceKind.MISSING_THERE, payment.ref)
    assert what(later) == {Obstacle.DIFFERENCES: 1}


@pytest.mark.unbalanced
def test_a_difference_and_an_unknown_outcome_keep_a_month_open(at: datetime) -> None:
    payment_factory.difference(at=at)
    asked = payment_factory.payment(at=at)
    Payment.objects.filter(public_id=asked.ref).update(state="unknown")
    found = what(at + AFTER)
    assert found[Obstacle.DIFFERENCES] == 1
    assert found[Obstacle.UNKNOWN] == 1


@pytest.mark.unbalanced
def test_a_refund_that_has_not_ended_keeps_its_month_open(at: datetime) -> None:
    (voucher,) = scene(at=at).bought()
    payment = payments.payment_for_order(voucher.order_ref)
    assert payment is not None
    services.request_refund(
        payment_ref=payment.ref, amount=payment.amount, unit_refs=["unt_1"], reason="asked for", at=at
    )
    assert what(at + AFTER)[Obstacle.REFUNDS] == 1
    assert Obstacle.REFUNDS not in {
        each.what for each in close_month.obstacles(unit="EUR", on=date(2026, 5, 1), at=at + AFTER)
    }


@pytest.mark.unbalanced
def test_books_that_do_not_add_up_keep_a_month_open(at: datetime) -> None:
    stray = TransferSpec(AccountKind.LOSSES, PLATFORM, AccountKind.PAYABLE, "mer_a", Money(1, "EUR"))
    ledger.post(kind=TransactionKind.ADJUST, reference="adjust:stray", transfers=[stray], at=at)
    assert Obstacle.BOOKS in what(at + AFTER)


def test_only_operators_close_months(at: datetime) -> None:
    with pytest.raises(Forbidden):
        close_month.close(unit="EUR", on=JUNE, by=people.person(), at=at + AFTER)
    with pytest.raises(Forbidden):
        close_month.reopen(unit="EUR", on=JUNE, reason="x", by=people.person(), at=at + AFTER)
