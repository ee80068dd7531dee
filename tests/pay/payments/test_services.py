"""A payment from its making to its refund, against the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Attempt, Payment
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.types import (
    AttemptKind,
    AttemptState,
    Outcome,
    PaymentReport,
    PaymentState,
    RefundReport,
    RefundState,
    ReportStatus,
)
from tests.factories.janitor import Asked, ask_unknown
from tests.factories.payments import RETURN_URL, captured_payment, payment
from tests.fakes.sandbox import Sandbox, free_port

pytestmark = pytest.mark.django_db


def begin(ref: str, at: datetime) -> str:
    return services.start(payment_ref=ref, return_url=RETURN_URL, at=at, payee="Kahvila", language="en")


def state_of(ref: str) -> PaymentState:
    found = queries.payment_by_ref(ref)
    assert found is not None
    return found.state


def attempts_of(ref: str, kind: AttemptKind) -> list[tuple[str, int]]:
    found = Attempt.objects.filter(payment__public_id=ref, kind=kind).order_by("id")
    return list(found.values_list("state", "tries"))


def pay_and_record(sandbox: Sandbox, ref: str, at: datetime) -> None:
    begin(ref, at)
    sandbox.pay(ref)
    report = services.ask(payment_ref=ref, at=at)
    assert services.record_report(report=report, at=at).outcome is Outcome.RECORDED


def test_start_pay_and_ask(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    url = begin(made.ref, at)
    assert url.startswith(f"{sandbox.url}/pay/")
    assert state_of(made.ref) is PaymentState.PENDING
    sandbox.pay(made.ref)
    report = services.ask(payment_ref=made.ref, at=at)
    assert state_of(made.ref) is PaymentState.PENDING, "a capture is the caller's to record"
    first = services.record_report(report=report, at=at)
    again = services.record_report(report=report, at=at + timedelta(seconds=1))
    assert (first.outcome, again.outcome) == (Outcome.RECORDED, Outcome.REPEATED)
    assert (first.money, first.payment.captured, first.payment.captured_at) == (made.amount, 1990, at)
    assert again.payment == first.payment
    assert attempts_of(made.ref, AttemptKind.START) == [(AttemptState.DONE, 1)]


def test_a_second_tap_on_pay_gives_the_same_page(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    assert begin(made.ref, at) == begin(made.ref, at)
    assert attempts_of(made.ref, AttemptKind.START) == [(AttemptState.DONE, 1)]


def test_an_order_has_one_payment_under_way(at: datetime) -> None:
    made = payment(at=at)
    assert payment(at=at, order_ref=made.order_ref) == made
    with pytest.raises(IntegrityError, match="payments_one_under_way"), transaction.atomic():
        Payment.objects.create(
            order_ref=made.order_ref, provider="sandbox", amount=1, unit="EUR", created_at=at
        )


def test_a_paid_order_gets_no_second_payment(at: datetime) -> None:
    made = captured_payment(at=at)
    with pytest.raises(services.AlreadyPaid):
        payment(at=at, order_ref=made.order_ref)
    with pytest.raises(services.AlreadyPaid):
        begin(made.ref, at)


def test_start_refuses_to_run_inside_a_transaction(at: datetime) -> None:
    made = payment(at=at)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        begin(made.ref, at)


def test_a_provider_that_is_not_there_changes_nothing(sandbox: Sandbox, settings: Any, at: datetime) -> None:
    made = payment(at=at)
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ProviderUnavailable):
        begin(made.ref, at)
    assert state_of(made.ref) is PaymentState.CREATED
    settings.HUTONG_SANDBOX_URL = sandbox.url
    begin(made.ref, at)
    assert attempts_of(made.ref, AttemptKind.START) == [(AttemptState.FAILED, 1), (AttemptState.DONE, 1)]


def test_a_provider_that_says_no_fails_the_payment(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    with pytest.raises(ProviderRefused):
        services.start(payment_ref=made.ref, return_url="javascript:alert(1)", at=at)
    assert state_of(made.ref) is PaymentState.FAILED
    with pytest.raises(services.PaymentNotPayable):
        begin(made.ref, at)


@contextmanager
def impatient(settings: Any) -> Iterator[None]:
    """Half a second for an answer that will not come; where one comes, a busy machine may take its time."""
    settings.HUTONG_PAYMENT_TIMEOUT_S = 0.5
    yield
    del settings.HUTONG_PAYMENT_TIMEOUT_S


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "error_before"])
def test_a_lost_answer_to_start_is_repeated_with_the_same_key(
    sandbox: Sandbox, settings: Any, at: datetime, fault: str
) -> None:
    made = payment(at=at)
    sandbox.fault(fault, call="start", value=1)
    with impatient(settings), pytest.raises(OutcomeUnknown):
        begin(made.ref, at)
    assert state_of(made.ref) is PaymentState.UNKNOWN
    url = begin(made.ref, at)
    assert state_of(made.ref) is PaymentState.PENDING
    assert attempts_of(made.ref, AttemptKind.START) == [(AttemptState.DONE, 2)]
    assert httpx.get(url, trust_env=False).status_code == 200


def test_the_janitor_finds_out_what_became_of_a_lost_start(
    sandbox: Sandbox, settings: Any, at: datetime
) -> None:
    arrived, lost, paid = payment(at=at), payment(at=at), payment(at=at)
    for made, fault in ((arrived, "timeout_after"), (lost, "error_before"), (paid, "timeout_after")):
        sandbox.fault(fault, call="start", value=1)
        with impatient(settings), pytest.raises(OutcomeUnknown):
            begin(made.ref, at)
    sandbox.pay(paid.ref)
    assert ask_unknown(at=at + timedelta(seconds=4)) == Asked()
    asked = ask_unknown(at=at + timedelta(seconds=5))
    assert [report.payment_ref for report in asked.payments] == [paid.ref]
    assert services.record_report(report=asked.payments[0], at=at).outcome is Outcome.RECORDED
    assert state_of(arrived.ref) is PaymentState.PENDING
    assert state_of(lost.ref) is PaymentState.CREATED
    assert begin(arrived.ref, at).startswith(f"{sandbox.url}/pay/")
    assert queries.problems(at + timedelta(days=2)) == []


def test_a_pending_payment_is_asked_for_by_the_plan(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    asked_at: list[int] = []
    around = [due + step for due in (5, 20, 80, 380) for step in (-1, 0, 1)]
    for second in around:
        ask_unknown(at=at + timedelta(seconds=second))
        asked = Payment.objects.get(public_id=made.ref).asked
        if asked > len(asked_at):
            asked_at.append(second)
    assert asked_at == [5, 5 + 15, 20 + 60, 80 + 300]


def test_a_lost_webhook_is_made_good_by_the_janitor(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    sandbox.fault("lose_webhook", reference=made.ref)
    sandbox.pay(made.ref)
    asked = ask_unknown(at=at + timedelta(seconds=5))
    assert [report.payment_ref for report in asked.payments] == [made.ref]


def test_who_is_being_asked_about_can_be_wanted_sooner(sandbox: Sandbox, at: datetime) -> None:
    """The order ends while its payment is asked about: the end of that turn does not put the next one off."""
    made = payment(at=at)
    begin(made.ref, at)
    for second in (5, 20, 80):
        ask_unknown(at=at + timedelta(seconds=second))
    now = at + timedelta(seconds=380)
    turn = services.take_turn(refunds=False, at=now)
    assert turn is not None
    assert turn.then > turn.until
    services.ask_soon(order_ref=made.order_ref, at=now)
    services.end_turn(turn)
    again = services.take_turn(refunds=False, at=now)
    assert again is not None
    assert again.ref == made.ref


def test_what_has_ended_is_not_asked_about_once_more(at: datetime) -> None:
    made = captured_payment(at=at)
    services.ask_soon(order_ref=made.order_ref, at=at)
    assert services.take_turn(refunds=False, at=at) is None


@pytest.mark.parametrize("money", [Money(1989, "EUR"), Money(1991, "EUR"), Money(1990, "USD")])
def test_the_wrong_money_is_never_captured(sandbox: Sandbox, at: datetime, money: Money) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    sandbox.fault("wrong_amount", reference=made.ref, value=money.minor - 1990)
    sandbox.fault("wrong_currency", reference=made.ref, value=money.unit)
    sandbox.pay(made.ref)
    report = services.ask(payment_ref=made.ref, at=at)
    recorded = services.record_report(report=report, at=at)
    assert (recorded.outcome, recorded.money) == (Outcome.MISMATCH, money)
    assert (recorded.payment.state, recorded.payment.captured) == (PaymentState.FAILED, 0)
    assert services.record_report(report=report, at=at).outcome is Outcome.REPEATED
    back = services.request_suspense_refund(payment_ref=made.ref, reason="wrong amount", at=at)
    assert (back.amount, back.from_suspense) == (money, True)
    with pytest.raises(services.RefundTooLarge):
        services.request_suspense_refund(payment_ref=made.ref, reason="wrong amount", at=at)
    services.record_refund(report=services.send_refund(refund_ref=back.ref, at=at), at=at)
    assert sandbox.books()[made.ref]["refunded"] == money.minor
    totals = {total.unit: total for total in queries.provider_totals("sandbox")}
    assert (totals[money.unit].suspense, totals[money.unit].suspense_refunded) == (money.minor, money.minor)
    assert services.reconcile(provider="sandbox", at=clock.now() + timedelta(hours=1)) == []


def test_a_declined_payment_fails_and_another_can_be_made(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    sandbox.decline(made.ref)
    assert services.ask(payment_ref=made.ref, at=at).status is ReportStatus.FAILED
    assert state_of(made.ref) is PaymentState.FAILED
    assert payment(at=at, order_ref=made.order_ref).ref != made.ref


def test_closing_ends_it_on_both_sides(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    assert services.close(payment_ref=made.ref, at=at).status is ReportStatus.CLOSED
    assert state_of(made.ref) is PaymentState.CLOSED
    assert sandbox.books()[made.ref]["status"] == "closed"
    assert services.close(payment_ref=made.ref, at=at).status is ReportStatus.CLOSED


def test_closing_what_was_never_started_asks_nobody(settings: Any, at: datetime) -> None:
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    made = payment(at=at)
    assert services.close(payment_ref=made.ref, at=at).status is ReportStatus.CLOSED


def test_closing_too_late_reports_the_capture(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    sandbox.pay(made.ref)
    report = services.close(payment_ref=made.ref, at=at)
    assert (report.status, report.captured) == (ReportStatus.DONE, made.amount)
    assert services.record_report(report=report, at=at).outcome is Outcome.RECORDED


def test_a_payment_that_succeeds_after_its_close_is_recorded(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    services.close(payment_ref=made.ref, at=at)
    sandbox.pay(made.ref, late=True)
    report = services.ask(payment_ref=made.ref, at=at)
    assert services.record_report(report=report, at=at).outcome is Outcome.RECORDED
    assert state_of(made.ref) is PaymentState.CAPTURED


def test_a_lost_answer_to_close_is_asked_for(sandbox: Sandbox, settings: Any, at: datetime) -> None:
    made = payment(at=at)
    begin(made.ref, at)
    sandbox.fault("timeout_after", call="close", value=1)
    with impatient(settings), pytest.raises(OutcomeUnknown):
        services.close(payment_ref=made.ref, at=at)
    with pytest.raises(services.PaymentNotPayable):
        begin(made.ref, at)
    ask_unknown(at=at + timedelta(seconds=5))
    assert state_of(made.ref) is PaymentState.CLOSED
    assert queries.problems(at + timedelta(days=2)) == []


def test_old_news_changes_nothing(at: datetime) -> None:
    made = captured_payment(at=at)
    for status in (ReportStatus.PENDING, ReportStatus.FAILED, ReportStatus.CLOSED, ReportStatus.ABSENT):
        recorded = services.record_report(report=PaymentReport(made.ref, status), at=at)
        assert (recorded.outcome, recorded.payment) == (Outcome.STALE, made)


def test_a_second_capture_of_other_money_is_a_conflict(at: datetime) -> None:
    made = captured_payment(at=at)
    recorded = services.record_capture(payment_ref=made.ref, captured=Money(1, "EUR"), at=at)
    assert (recorded.outcome, recorded.payment) == (Outcome.CONFLICT, made)


def test_refunds_take_headroom_and_a_failed_one_gives_it_back(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    pay_and_record(sandbox, made.ref, at)

    def ask_back(minor: int) -> str:
        return services.request_refund(
            payment_ref=made.ref, amount=Money(minor, "EUR"), unit_refs=["unt_1"], reason="", at=at
        ).ref

    first = ask_back(1000)
    with pytest.raises(services.RefundTooLarge):
        ask_back(991)
    with pytest.raises(services.RefundTooLarge):
        ask_back(0)
    done = services.record_refund(report=services.send_refund(refund_ref=first, at=at), at=at)
    assert (done.outcome, done.refund.state, done.refund.done_at) == (Outcome.RECORDED, RefundState.DONE, at)
    assert done.refund.unit_refs == ("unt_1",)
    second = ask_back(990)
    sandbox.fault("refund_fails", reference=second)
    failed = services.record_refund(report=services.send_refund(refund_ref=second, at=at), at=at)
    assert (failed.outcome, failed.refund.state) == (Outcome.RECORDED, RefundState.FAILED)
    late = services.record_refund(report=RefundReport(second, ReportStatus.DONE), at=at)
    assert late.outcome is Outcome.CONFLICT
    ask_back(990)
    with pytest.raises(services.RefundTooLarge):
        ask_back(1)
    assert sandbox.books()[made.ref]["refunded"] == 1000
    assert [total.refunded for total in queries.provider_totals("sandbox")] == [1000]
    assert queries.problems(at) == []


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "error_before"])
def test_a_lost_refund_is_found_or_sent_again_and_done_once(
    sandbox: Sandbox, settings: Any, at: datetime, fault: str
) -> None:
    made = payment(at=at)
    pay_and_record(sandbox, made.ref, at)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(500, "EUR"), unit_refs=[], reason="", at=at
    )
    sandbox.fault(fault, call="refund", value=1)
    with impatient(settings):
        assert services.send_refund(refund_ref=back.ref, at=at).status is ReportStatus.UNKNOWN
    assert [refund.state for refund in queries.open_refunds()] == [RefundState.UNKNOWN]
    asked = ask_unknown(at=at + timedelta(seconds=5))
    assert [(report.refund_ref, report.status) for report in asked.refunds] == [(back.ref, ReportStatus.DONE)]
    services.record_refund(report=asked.refunds[0], at=at)
    assert sandbox.books()[made.ref]["refunded"] == 500
    assert len(attempts_of(made.ref, AttemptKind.REFUND)) == 1
    assert services.send_refund(refund_ref=back.ref, at=at).status is ReportStatus.DONE


def test_a_refund_whose_job_was_lost_is_sent_by_the_janitor(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    pay_and_record(sandbox, made.ref, at)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(500, "EUR"), unit_refs=[], reason="", at=at
    )
    asked = ask_unknown(at=at + timedelta(seconds=5))
    assert [report.refund_ref for report in asked.refunds] == [back.ref]


def test_a_refund_that_takes_its_time_is_asked_for_until_it_is_done(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    pay_and_record(sandbox, made.ref, at)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(500, "EUR"), unit_refs=[], reason="", at=at
    )
    sandbox.fault("refund_pending", reference=back.ref, value=0.3)
    assert services.send_refund(refund_ref=back.ref, at=at).status is ReportStatus.PENDING
    sandbox.listener.wait_for(back.ref)
    asked = ask_unknown(at=at + timedelta(seconds=5))
    assert [report.status for report in asked.refunds] == [ReportStatus.DONE]


def test_the_database_refuses_impossible_amounts(at: datetime) -> None:
    made = captured_payment(at=at)
    row = Payment.objects.filter(public_id=made.ref)
    for change in ({"refunded": 1991}, {"captured": 1991}, {"captured": 1989}, {"state": "failed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)
