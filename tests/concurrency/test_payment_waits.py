"""News of one payment at one moment: whoever comes second waits, and then goes by what the first one has written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from hutong.flows import differences
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Attempt, DisputeEvidence, Payment
from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.types import (
    Bearer,
    DisputeRecorded,
    DisputeReport,
    DisputeStatus,
    Explanation,
    Outcome,
    PaymentReport,
    PaymentState,
    PaymentView,
    RefundReport,
    RefundState,
    ReportStatus,
)
from tests.concurrency.race import WAIT_S, second_waits_for
from tests.factories import people
from tests.factories.janitor import Asked, ask_unknown
from tests.factories.payments import RETURN_URL, captured_payment, difference, line, payment
from tests.fakes.answering import answering
from tests.fakes.sandbox import free_port
from tests.flows.test_reconcile import billed

# No test here is about the books of a whole sale, and a payment alone has none.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]


@pytest.fixture
def nobody_answers(settings: Any) -> None:
    """A provider that must not be asked, and cannot be."""
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"


def capture(made: PaymentView, at: datetime) -> None:
    services.record_capture(payment_ref=made.ref, captured=made.amount, at=at)


def pending(at: datetime) -> PaymentView:
    """A payment that the shopper is just paying."""
    made = payment(at=at)
    Payment.objects.filter(public_id=made.ref).update(state=PaymentState.PENDING)
    return made


def state_of(made: PaymentView) -> PaymentState:
    return PaymentState(Payment.objects.get(public_id=made.ref).state)


def test_two_janitors_never_ask_for_the_same_payment(nobody_answers: None, at: datetime) -> None:
    made = pending(at)
    Payment.objects.filter(public_id=made.ref).update(ask_at=at)

    def second() -> Asked:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return ask_unknown(at=at)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Payment.objects.select_for_update().get(public_id=made.ref)
        assert pool.submit(second).result(WAIT_S) == Asked()
    assert Payment.objects.get(public_id=made.ref).asked == 0


def test_a_start_goes_by_the_payment_as_it_is(nobody_answers: None, at: datetime) -> None:
    made = payment(at=at)
    with pytest.raises(services.AlreadyPaid):
        second_waits_for(
            lambda: capture(made, at),
            lambda: services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at),
        )
    assert not Attempt.objects.exists()


def test_a_close_goes_by_the_payment_as_it_is(nobody_answers: None, at: datetime) -> None:
    made = pending(at)
    report = second_waits_for(lambda: capture(made, at), lambda: services.close(payment_ref=made.ref, at=at))
    assert (report.status, report.captured) == (ReportStatus.DONE, made.amount)
    assert not Attempt.objects.exists()


def test_a_refund_that_is_just_done_is_not_sent_again(nobody_answers: None, at: datetime) -> None:
    made = captured_payment(at=at)
    ref = services.request_refund(
        payment_ref=made.ref, amount=made.amount, unit_refs=[], reason="", at=at
    ).ref
    report = second_waits_for(
        lambda: services.record_refund(report=RefundReport(ref, ReportStatus.DONE), at=at),
        lambda: services.send_refund(refund_ref=ref, at=at),
    )
    assert report.status is ReportStatus.DONE
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("status", [ReportStatus.FAILED, ReportStatus.CLOSED])
def test_money_that_arrives_while_it_is_called_off_has_arrived(at: datetime, status: ReportStatus) -> None:
    made = pending(at)
    recorded = second_waits_for(
        lambda: capture(made, at),
        lambda: services.record_report(report=PaymentReport(made.ref, status), at=at),
    )
    assert (recorded.outcome, recorded.payment.state) == (Outcome.STALE, PaymentState.CAPTURED)


def test_wrong_money_beside_the_right_one_is_a_conflict(at: datetime) -> None:
    made, wrong = pending(at), Money(1, "EUR")
    recorded = second_waits_for(
        lambda: capture(made, at),
        lambda: services.record_capture(payment_ref=made.ref, captured=wrong, at=at),
    )
    assert (recorded.outcome, recorded.payment.state) == (Outcome.CONFLICT, PaymentState.CAPTURED)


def test_money_that_arrives_before_a_refusal_has_arrived(settings: Any, at: datetime) -> None:
    made = payment(at=at)
    with answering(settings, 422, {}, meanwhile=lambda: capture(made, at)):
        with pytest.raises(ProviderRefused):
            services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    assert state_of(made) is PaymentState.CAPTURED


def test_money_that_arrives_before_the_page_of_the_payment_has_arrived(settings: Any, at: datetime) -> None:
    made, page = payment(at=at), {"id": "sbp_1", "page_url": "http://127.0.0.1/pay"}
    with answering(settings, 200, page, meanwhile=lambda: capture(made, at)):
        assert services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at) == page["page_url"]
    row = Payment.objects.get(public_id=made.ref)
    assert (row.state, row.provider_ref) == (PaymentState.CAPTURED, "sbp_1")


def test_a_refund_that_is_done_while_the_provider_is_busy_is_done(settings: Any, at: datetime) -> None:
    made = captured_payment(at=at)
    ref = services.request_refund(
        payment_ref=made.ref, amount=made.amount, unit_refs=[], reason="", at=at
    ).ref
    done = RefundReport(ref, ReportStatus.DONE)
    with answering(settings, 429, {}, meanwhile=lambda: services.record_refund(report=done, at=at)):
        services.send_refund(refund_ref=ref, at=at)
    assert [each.state for each in queries.refunds_of_order(made.order_ref)] == [RefundState.DONE]


def told(
    made: PaymentView,
    at: datetime,
    *,
    fee: int = 1500,
    status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE,
) -> DisputeRecorded:
    """The provider tells of a dispute about all of a payment."""
    report = DisputeReport(
        provider_ref="dp_1",
        payment_ref=made.ref,
        payment_provider_ref="",
        amount=made.amount,
        fee=Money(fee, made.amount.unit),
        reason="fraudulent",
        status=status,
    )
    return services.record_dispute(
        provider="sandbox",
        report=report,
        order_ref=made.order_ref,
        merchant_ref="mrc_1",
        borne_by=Bearer.MERCHANT,
        at=at,
    )


def test_a_change_of_a_disputes_fee_is_told_once(at: datetime) -> None:
    made = captured_payment(at=at)
    opened = told(made, at).dispute
    second = second_waits_for(lambda: told(made, at, fee=0), lambda: told(made, at, fee=0)).dispute
    assert second.fee_changes == opened.fee_changes + 1


def test_two_refunds_that_a_lost_dispute_covers_are_both_counted(at: datetime) -> None:
    made, refs = captured_payment(at=at), []
    for minor in (500, 400):
        refund = services.request_refund(
            payment_ref=made.ref, amount=Money(minor, "EUR"), unit_refs=[f"unt_{minor}"], reason="", at=at
        )
        services.record_refund(report=RefundReport(refund.ref, ReportStatus.FAILED), at=at)
        refs.append(refund.ref)
    told(made, at)
    told(made, at, status=DisputeStatus.LOST)
    covered = second_waits_for(
        lambda: services.cover_unsent(refund_ref=refs[0]),
        lambda: services.cover_unsent(refund_ref=refs[1]),
    )
    assert covered is not None
    assert (covered.from_platform.minor, covered.from_unredeemed.minor) == (1090, 900)


def test_the_last_document_of_a_dispute_is_the_last(at: datetime) -> None:
    ref = told(captured_payment(at=at), at).dispute.ref

    def add() -> str:
        return services.add_evidence(
            ref=ref, file_name="receipt.pdf", content=b"%PDF-1.7", by_ref="per_1", at=at
        )

    for _document in range(3):
        add()
    with pytest.raises(services.EvidenceRefused):
        second_waits_for(add, add)
    assert DisputeEvidence.objects.count() == 4


def lost() -> int:
    """What the platform has written off."""
    return balance(AccountKind.LOSSES, PLATFORM, "EUR").minor


def test_a_difference_is_written_off_once(at: datetime) -> None:
    ref, first, second = difference(at=at), people.operator(), people.operator()

    def write_off(by: Any) -> object:
        return differences.explain(
            difference_ref=ref, explanation=Explanation.WRITTEN_OFF, note="Theirs.", by=by, at=at
        )

    with pytest.raises(services.DifferenceClosed):
        second_waits_for(lambda: write_off(first), lambda: write_off(second))
    assert lost() == 1990


def test_a_bill_takes_back_what_is_just_written_off(at: datetime) -> None:
    ref, operator, later = difference(at=at), people.operator(), at + timedelta(days=1)
    back = line("", Money(-1990, "EUR"), provider_ref="sbp_unknown")
    second_waits_for(
        lambda: differences.explain(
            difference_ref=ref, explanation=Explanation.WRITTEN_OFF, note="Theirs.", by=operator, at=at
        ),
        lambda: billed(back, on=later.date(), at=later),
    )
    now = queries.difference_by_ref(ref)
    assert now is not None
    assert (now.explanation, lost()) == (Explanation.CORRECTED, 0)
