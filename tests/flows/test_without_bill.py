"""Days of which a provider gives no bill any more: two operators say so, and their month can be closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hutong.flows import close_month, jobs, reconcile, refund, without_bill
from hutong.flows.close_month import Obstacle
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.kernel.second import SecondPersonNeeded
from hutong.pay.payments import queries, services
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.payments.types import Bill, BillLine, RefundReport, ReportStatus, WithoutBillView
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db

PROVIDER = "sandbox"
DAY = timedelta(days=1)
JUNE = date(2026, 6, 1)
LATER = timedelta(days=40)


def kept(first: date, last: date, at: datetime, *lines: BillLine) -> None:
    """Bills day after day; the lines stand on each."""
    for number in range((last - first).days + 1):
        reconcile.keep(Bill(lines), provider=PROVIDER, on=first + number * DAY, at=at)


def say(
    first: date, last: date, by: Person, at: datetime, *, reason: str = "kept for a week"
) -> WithoutBillView:
    """An operator says that there is no bill."""
    return without_bill.ask(provider=PROVIDER, first_on=first, last_on=last, reason=reason, by=by, at=at)


def line(ref: str, amount: Money) -> BillLine:
    """A line that fits."""
    nothing, at = Money(0, "EUR"), datetime(2026, 6, 1, tzinfo=UTC)
    return BillLine(ref, "", f"sbp_{ref}", amount, nothing, "paid", at)


def test_a_month_whose_bills_nobody_has_is_closed_by_the_word_of_two(at: datetime) -> None:
    first, later = at.date(), at + LATER
    voucher = scene(at=at).bought()[0]
    jobs.drain()
    kept(first + 2 * DAY, later.date() - DAY, later)
    (blocked,) = close_month.obstacles(unit="EUR", on=JUNE, at=later)
    assert (blocked.what, blocked.number, blocked.day) == (Obstacle.BILLS, 2, first)
    one, two = people.operator(), people.operator()
    said = say(first - 3 * DAY, first + 5 * DAY, one, later)
    # what has its bill is no part of it, and one alone changes nothing
    assert (said.first_on, said.last_on) == (first, first + DAY)
    assert len(reconcile.missing(at=later)) == 2
    with pytest.raises(SecondPersonNeeded):
        without_bill.agree(ref=said.ref, by=one, at=later)
    without_bill.agree(ref=said.ref, by=two, at=later)
    assert (reconcile.missing(at=later), reconcile.late(at=later)) == ([], [])
    (payment,) = queries.payments_of_order(voucher.order_ref)
    explained = close_month.explained(unit="EUR", on=JUNE)
    assert (explained.number_without, explained.without, explained.per_mille) == (1, payment.amount, 0)
    assert close_month.obstacles(unit="EUR", on=JUNE, at=later) == []
    close_month.close(unit="EUR", on=JUNE, by=one, at=later)
    actions = {entry.action for entry in audit.search(subject=said.ref).entries}
    assert actions == {"bill.none_asked", "bill.none_agreed"}


def test_money_of_days_without_a_bill_is_listed(at: datetime) -> None:
    """On the day before it is on its bill, or would be on the one that is not there; on the day itself on none."""
    at += 3 * DAY
    first, later, one = at.date(), at + LATER, people.operator()
    shop = scene(at=at - DAY)
    billed, around_midnight = (shop.bought()[0].order_ref for _each in range(2))
    lost = replace(shop, at=at).bought()[0].order_ref
    after = replace(shop, at=at + DAY).bought()[0].order_ref
    asked = refund._request(lost, None, "", shop.shopper, False, at)
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "prv"), at=at)
    pay = {ref: queries.payments_of_order(ref)[0] for ref in (billed, around_midnight, lost, after)}
    kept(first - DAY, first - DAY, later, line(pay[billed].ref, pay[billed].amount))
    kept(first + DAY, first + DAY, later, line(pay[after].ref, pay[after].amount))
    said = without_bill.agree(ref=say(first, first, one, later).ref, by=people.operator(), at=later)
    found = queries.on_no_bill(said, zone=bill_zone)
    assert {each.ref for each in found} == {pay[around_midnight].ref, pay[lost].ref, asked.ref}
    assert [each.ref for each in queries.on_no_bill(said, zone=bill_zone, limit=1)] == [
        pay[around_midnight].ref
    ]
    price = pay[lost].amount
    (sums,) = queries.sums_on_no_bill([said], zone=bill_zone)[said.ref]
    assert (sums.number, sums.came, sums.went) == (3, price + price, price)
    explained = close_month.explained(unit="EUR", on=JUNE)
    assert (explained.number, explained.number_without, explained.per_mille) == (5, 3, 400)
    assert close_month.explained(unit="SEK", on=JUNE).per_mille == 1000


def test_nobody_says_so_of_a_day_whose_bill_is_here_or_may_come(at: datetime) -> None:
    first, one = at.date(), people.operator()
    shop = scene(at=at)
    shop.bought()
    later = at + 5 * DAY
    kept(first, first, later)
    with pytest.raises(Forbidden):
        say(first, first, shop.shopper, later)
    with pytest.raises(reconcile.BillNotMissing):
        say(first, first, one, later)
    with pytest.raises(reconcile.BillNotMissing):
        say(later.date(), later.date() + DAY, one, later)
    with pytest.raises(without_bill.BillMayCome):
        say(first + DAY, first + 2 * DAY, one, later)
    with pytest.raises(without_bill.DaysInvalid):
        say(first + DAY, first, one, later)
    with pytest.raises(without_bill.DaysInvalid):
        without_bill.ask(provider="nobody", first_on=first, last_on=first, reason="x", by=one, at=later)
    with pytest.raises(services.WhyNoBill):
        say(first + DAY, first + DAY, one, later, reason=" ")
    said = say(first + DAY, first + DAY, one, later)
    with pytest.raises(services.WithoutBillSaid):
        say(first + DAY, first + DAY, one, later)
    without_bill.decline(ref=said.ref, by=one, at=later)
    for late in (without_bill.agree, without_bill.decline, without_bill.take_back):
        with pytest.raises(services.WithoutBillDecided):
            late(ref=said.ref, by=people.operator(), at=later)
    with pytest.raises(services.WithoutBillNotFound):
        without_bill.agree(ref="nob_nobody", by=one, at=later)
    assert len(reconcile.missing(at=later)) == 4


def test_what_was_agreed_on_is_taken_back_and_missing_again(at: datetime) -> None:
    first, later = at.date(), at + 9 * DAY
    scene(at=at).bought()
    said = say(first, first, people.operator(), later)
    without_bill.agree(ref=said.ref, by=people.operator(), at=later)
    assert (PROVIDER, first) not in reconcile.missing(at=later)
    without_bill.take_back(ref=said.ref, by=people.operator(), at=later)
    assert (PROVIDER, first) in reconcile.missing(at=later)
    assert queries.agreed_without_bill() == []


@pytest.mark.django_db(transaction=True)
def test_days_after_one_without_a_bill_are_fetched(sandbox: Sandbox, at: datetime) -> None:
    later = at + 9 * DAY
    scene(at=at).bought()
    kept(at.date(), at.date(), at)
    said = say(at.date() + DAY, at.date() + 3 * DAY, people.operator(), later)
    without_bill.agree(ref=said.ref, by=people.operator(), at=later)
    reconcile.run(at=later)
    assert [bill.on for bill in reversed(queries.bills())] == [
        at.date(),
        *(at.date() + number * DAY for number in range(4, 9)),
    ]
