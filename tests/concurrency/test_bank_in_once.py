"""What came to the bank is booked once, whoever is first: the bill that names it, who enters it, who takes it back."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import bank_in, reconcile
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries, services
from hutong.pay.payments.types import Bill, BillPayout
from hutong.town.people.models import Person
from tests.concurrency.race import second_waits_for
from tests.factories import people
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db(transaction=True)
AMOUNT = Money(500, "EUR")


@pytest.fixture
def operator(at: datetime) -> Person:
    """Who enters, where the provider holds enough."""
    scene(at=at).bought()
    return people.operator()


def enter(operator: Person, at: datetime) -> str:
    return bank_in.enter(
        provider="sandbox", amount=AMOUNT, on=at.date(), entry="form-1", note="", by=operator, at=at
    ).bank_in_ref


def keep(at: datetime) -> None:
    bill = Bill((), payouts=(BillPayout("po_1", AMOUNT, at),))
    reconcile.keep(bill, provider="sandbox", on=at.date(), at=at)


def at_the_bank() -> int:
    return -balance(AccountKind.BANK, PLATFORM, "EUR").minor


def test_what_is_taken_back_while_a_bill_finds_it_is_booked_by_the_bill(
    operator: Person, at: datetime
) -> None:
    ref = enter(operator, at)
    second_waits_for(lambda: bank_in.undo(bank_in_ref=ref, by=operator, at=at), lambda: keep(at))
    rows = {each.bank_in_ref: (each.provider_ref, each.undone_at) for each in queries.bank_ins()}
    assert rows.pop(ref) == ("", at)
    assert list(rows.values()) == [("po_1", None)]
    assert at_the_bank() == AMOUNT.minor


def test_what_a_bill_is_just_booking_is_not_entered_beside_it(operator: Person, at: datetime) -> None:
    with pytest.raises(services.BankInBilled):
        second_waits_for(lambda: keep(at), lambda: enter(operator, at))
    assert (len(queries.bank_ins()), at_the_bank()) == (1, AMOUNT.minor)


def test_a_bill_finds_what_is_just_entered(operator: Person, at: datetime) -> None:
    second_waits_for(lambda: enter(operator, at), lambda: keep(at))
    (found,) = queries.bank_ins()
    assert (found.by, found.provider_ref) == (operator.public_id, "po_1")
    assert at_the_bank() == AMOUNT.minor
