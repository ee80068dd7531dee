"""A refund that was sent and comes back days later: it waits to be sent again, and books, bills and months agree."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hutong.flows import books, close_month, differences, jobs, payment_received, refund
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import AccountKind
from hutong.pay.payments import queries, services
from hutong.pay.payments.types import (
    BillLine,
    DifferenceKind,
    DisputeStatus,
    Explanation,
    Outcome,
    PaymentView,
    RefundReport,
    RefundState,
    RefundView,
    ReportStatus,
)
from hutong.town.notifications.models import Notification
from tests.factories import people
from tests.factories.disputes import report, tell
from tests.factories.loop import Scene, scene
from tests.factories.payments import line
from tests.flows.test_close_month import bills
from tests.flows.test_reconcile import apart, billed, held, lost

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop with one deal."""
    return scene(at=at)


def sent(shop: Scene, at: datetime) -> tuple[PaymentView, RefundView]:
    """An order that was paid, and its refund, which the provider has sent."""
    (voucher,) = shop.bought()
    asked = refund._request(voucher.order_ref, None, "", shop.shopper, False, at)
    assert refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "re_1"), at=at) == "recorded"
    payment = queries.payment_for_order(voucher.order_ref)
    assert payment is not None
    return payment, asked


def failed(asked: RefundView, at: datetime) -> str:
    """The provider says that it came back."""
    said = RefundReport(asked.ref, ReportStatus.FAILED, "re_1", "lost_or_stolen_card")
    return refund.finish(report=said, at=at)


def back(asked: RefundView) -> BillLine:
    """The line by which its money came back."""
    return line(asked.ref, -asked.amount, back_of="x", provider_ref="txn_back")


def went(payment: PaymentView, asked: RefundView) -> list[BillLine]:
    """The lines of the payment and of the refund."""
    return [line(payment.ref, payment.amount), line(asked.ref, asked.amount, back_of=payment.ref)]


def unredeemed(shop: Scene) -> int:
    return ledger.balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor


def clean(at: datetime) -> bool:
    jobs.drain()
    return books.check(at=at, ask_providers=False).problems == ()


def now(asked: RefundView) -> RefundView:
    found = queries.refund_by_ref(asked.ref)
    assert found is not None
    return found


def test_what_came_back_waits_to_be_sent_again(shop: Scene, at: datetime) -> None:
    payment, asked = sent(shop, at)
    assert (held(), unredeemed(shop)) == (0, 0)
    later = at + 9 * DAY
    assert [failed(asked, later) for _copy in range(2)] == ["recorded", "repeated"]
    seen = now(asked)
    assert (seen.state, seen.returned_at, seen.done_at) == (RefundState.FAILED, later, None)
    assert seen.failure == "lost_or_stolen_card"
    assert (held(), unredeemed(shop)) == (1990, 1990)
    assert [waiting.ref for waiting in queries.open_refunds()] == [asked.ref]
    jobs.drain()
    assert Notification.objects.filter(kind="refund_failed", person_id=shop.shopper.pk).exists()
    assert clean(later)
    again = services.request_again(refund_ref=asked.ref, at=later)
    assert refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "re_2"), at=later) == "recorded"
    assert (held(), unredeemed(shop), queries.open_refunds()) == (0, 0, [])
    assert clean(later)
    known = queries.payment_by_ref(payment.ref)
    assert known is not None
    assert known.refunded == 1990


def test_that_it_was_sent_is_old_news_once_it_came_back(shop: Scene, at: datetime) -> None:
    _payment, asked = sent(shop, at)
    failed(asked, at + DAY)
    old = RefundReport(asked.ref, ReportStatus.DONE, "re_1")
    assert refund.finish(report=old, at=at + DAY) == "stale"
    assert (now(asked).state, held()) == (RefundState.FAILED, 1990)


@pytest.mark.parametrize("number", [None, "re_of_another"])
def test_a_second_call_that_was_refused_takes_nothing_back(
    shop: Scene, at: datetime, number: str | None
) -> None:
    _payment, asked = sent(shop, at)
    refused = RefundReport(asked.ref, ReportStatus.FAILED, number, "no permission")
    assert services.record_refund(report=refused, at=at).outcome is Outcome.CONFLICT
    assert (now(asked).state, held()) == (RefundState.DONE, 0)


def test_what_the_platform_put_in_comes_back_exactly(shop: Scene, at: datetime) -> None:
    _payment, asked = sent(shop, at)
    failed(asked, at + DAY)
    went_out = ledger.entries(f"refund:{asked.ref}")
    came = ledger.entries(f"refund_returned:{asked.ref}")
    assert [(one.from_kind, one.to_kind, one.amount) for one in went_out] == [
        (one.to_kind, one.from_kind, one.amount) for one in came
    ]


def test_the_line_of_its_return_fits_and_its_months_close(shop: Scene, at: datetime) -> None:
    payment, asked = sent(shop, at)
    assert billed(*went(payment, asked), on=at.date(), at=at + DAY) == []
    failed(asked, at + 9 * DAY)
    on = (at + 9 * DAY).date()
    first, last = date(2026, 6, 1), date(2026, 7, 1)
    assert first <= at.date() < on < last, "all of it is of one month"
    for number in range((last - first).days + 1):
        day = first + number * DAY
        if day not in (at.date(), on):
            bills(day, 1)
    assert billed(back(asked), on=on, at=at + 10 * DAY) == []
    assert (held(), apart()) == (1990, 0)
    again = services.request_again(refund_ref=asked.ref, at=at + 35 * DAY)
    refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "re_2"), at=at + 35 * DAY)
    jobs.drain()
    operator = people.operator()
    close_month.close(unit="EUR", on=first, by=operator, at=at + 35 * DAY)


def test_a_bill_that_tells_of_its_return_before_the_provider_does_fits_afterwards(
    shop: Scene, at: datetime
) -> None:
    payment, asked = sent(shop, at)
    billed(*went(payment, asked), on=at.date(), at=at + DAY)
    (found,) = billed(back(asked), on=at.date() + DAY, at=at + 2 * DAY)
    assert (found.kind, found.booked) == (DifferenceKind.STATUS, (asked.amount,))
    assert Explanation.OUR_ROW in services.fitting_explanations(found)
    assert queries.order_of_payment(found.ref) == payment.order_ref
    assert (held(), apart()) == (1990, 1990)
    failed(asked, at + 2 * DAY)
    assert differences.look_at_open(at=at + 2 * DAY) == 1
    assert (queries.open_differences(), held(), apart()) == ([], 1990, 0)
    assert clean(at + 2 * DAY)


def test_a_return_that_no_bill_names_is_missing_there(shop: Scene, at: datetime) -> None:
    payment, asked = sent(shop, at)
    failed(asked, at + DAY)
    assert billed(*went(payment, asked), on=at.date(), at=at + DAY) == []
    billed(on=at.date() + DAY, at=at + 2 * DAY)
    (missing,) = billed(on=at.date() + 2 * DAY, at=at + 3 * DAY)
    assert (missing.kind, missing.ours) == (DifferenceKind.MISSING_THERE, asked.amount)
    assert (held(), apart()) == (0, -1990)
    assert billed(back(asked), on=at.date() + 3 * DAY, at=at + 4 * DAY) == []
    assert (held(), apart(), queries.open_differences()) == (1990, 0, [])


def test_one_bill_may_name_both_of_a_refund_that_we_never_knew_sent(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    asked = refund._request(voucher.order_ref, None, "", shop.shopper, False, at)
    failed(asked, at)
    payment = queries.payment_for_order(voucher.order_ref)
    assert payment is not None
    assert billed(*went(payment, asked), back(asked), on=at.date(), at=at + DAY) == []
    assert (held(), apart()) == (1990, 0)


def test_two_bills_may_name_them_one_after_the_other(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    asked = refund._request(voucher.order_ref, None, "", shop.shopper, False, at)
    failed(asked, at)
    payment = queries.payment_for_order(voucher.order_ref)
    assert payment is not None
    (moved,) = billed(*went(payment, asked), on=at.date(), at=at + DAY)
    assert (moved.kind, apart()) == (DifferenceKind.STATUS, -1990)
    assert billed(back(asked), on=at.date() + DAY, at=at + 2 * DAY) == []
    assert (queries.open_differences(), apart(), held()) == ([], 0, 1990)


def test_what_a_bank_took_meanwhile_is_not_sent_again(shop: Scene, at: datetime) -> None:
    payment, asked = sent(shop, at)
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        tell(report(payment.order_ref, status, fee=0), at)
    assert lost() == -1990
    failed(asked, at + DAY)
    assert (lost(), unredeemed(shop), queries.open_refunds()) == (0, 0, [])
    assert now(asked).ended_by == queries.disputes_of_order(payment.order_ref)[0].ref
    assert clean(at + DAY)


def test_money_of_a_wrong_amount_lies_in_suspense_again(shop: Scene, at: datetime) -> None:
    payment, wrong = queries.payment_for_order(shop.order().order_ref), Money(700, "EUR")
    assert payment is not None
    recorded = services.record_capture(payment_ref=payment.ref, captured=wrong, at=at)
    payment_received._into_suspense(recorded.payment, wrong, at)
    asked = services.request_suspense_refund(payment_ref=payment.ref, reason="amount", at=at)
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "re_1"), at=at)
    assert failed(asked, at + DAY) == "recorded"
    assert ledger.balance(AccountKind.SUSPENSE, "sandbox", "EUR").minor == 700
    again = services.request_again(refund_ref=asked.ref, at=at + DAY)
    refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "re_2"), at=at + DAY)
    assert (ledger.balance(AccountKind.SUSPENSE, "sandbox", "EUR").minor, held()) == (0, 0)
