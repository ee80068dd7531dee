"""Days without a bill: which they are, and that one which is fetched later is as good as one that came in time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hutong.flows import reconcile
from hutong.flows.reconcile import BillNotMissing
from hutong.kernel import audit, clock
from hutong.kernel.errors import Forbidden
from hutong.pay.payments import queries
from hutong.pay.payments.providers.errors import OutcomeUnknown
from hutong.pay.payments.types import Bill, DifferenceKind
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db

PROVIDER = "sandbox"


def kept(on: date, at: datetime) -> None:
    """A bill without lines."""
    reconcile.keep(Bill(()), provider=PROVIDER, on=on, at=at)


def test_days_without_a_bill_are_told_up_to_yesterday(at: datetime) -> None:
    first = at.date()
    assert reconcile.missing(at=at + timedelta(days=9)) == []
    scene(at=at).bought()
    assert reconcile.missing(at=at) == []
    kept(first, at)
    kept(first + timedelta(days=2), at)
    days = [on - first for _provider, on in reconcile.missing(at=at + timedelta(days=5))]
    assert days == [timedelta(days=1), timedelta(days=3), timedelta(days=4)]
    assert [on - first for _provider, on in reconcile.late(at=at + timedelta(days=5))] == [timedelta(days=1)]


def test_what_is_older_than_the_first_bill_is_missing_and_alarms_nobody(at: datetime) -> None:
    scene(at=at).bought()
    later = at + timedelta(days=9)
    assert reconcile.late(at=later) == reconcile.missing(at=later)[:-3] != []
    kept(later.date() - timedelta(days=1), later)
    assert reconcile.late(at=later) == []
    assert len(reconcile.missing(at=later)) == 8


def test_a_bill_that_comes_after_the_next_finds_what_it_lacks(at: datetime) -> None:
    first = at.date()
    voucher = scene(at=at).bought()[0]
    kept(first + timedelta(days=1), at)
    assert queries.open_differences() == []
    kept(first, at)
    (missing,) = queries.open_differences()
    (payment,) = queries.payments_of_order(voucher.order_ref)
    assert (missing.kind, missing.ref) == (DifferenceKind.MISSING_THERE, payment.ref)
    # whichever comes next says nothing of it again
    kept(first + timedelta(days=2), at)
    assert len(queries.open_differences()) == 1


@pytest.mark.django_db(transaction=True)
def test_an_operator_fetches_a_missing_day(sandbox: Sandbox) -> None:
    operator, now = people.operator(), clock.now()
    shop = scene(at=now)
    shop.bought()
    first, later = now.date(), now + timedelta(days=40)
    kept(later.date() - timedelta(days=1), later)
    assert (PROVIDER, first) in reconcile.missing(at=later)
    with pytest.raises(Forbidden):
        reconcile.fetch_missing(provider=PROVIDER, on=first, by=shop.shopper, at=later)
    sandbox.fault("error_before", call="bill")
    with pytest.raises(OutcomeUnknown):
        reconcile.fetch_missing(provider=PROVIDER, on=first, by=operator, at=later)
    bill = reconcile.fetch_missing(provider=PROVIDER, on=first, by=operator, at=later)
    assert (bill.on, (PROVIDER, first) in reconcile.missing(at=later)) == (first, False)
    (entry,) = audit.search(action="bill.fetched_by_hand").entries
    assert (entry.actor_ref, entry.subject_ref) == (operator.public_id, f"sandbox {first.isoformat()}")
    for on in (first, later.date()):
        with pytest.raises(BillNotMissing):
            reconcile.fetch_missing(provider=PROVIDER, on=on, by=operator, at=later)
