"""What is asked of a payment, refund or dispute in the wrong state, or in the wrong currency, changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Attempt, Payment, WebhookInbox
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.types import (
    AttemptState,
    Bearer,
    DisputeReport,
    DisputeStatus,
    LossShares,
    Outcome,
    PaymentState,
    RefundReport,
    RefundState,
    ReportStatus,
)
from tests.factories.payments import RETURN_URL, captured_payment, payment
from tests.fakes.answering import answering
from tests.fakes.sandbox import free_port

pytestmark = pytest.mark.django_db
EUR_1 = Money(1, "EUR")


def row(ref: str) -> Payment:
    return Payment.objects.get(public_id=ref)


def test_money_goes_back_in_the_currency_it_came_in(at: datetime) -> None:
    made = captured_payment(at=at)
    with pytest.raises(services.RefundTooLarge):
        services.request_refund(payment_ref=made.ref, amount=Money(1, "USD"), unit_refs=[], reason="", at=at)
    assert row(made.ref).refunded == 0


def test_where_no_wrong_money_lies_none_is_sent_back(at: datetime) -> None:
    made = captured_payment(at=at)
    with pytest.raises(services.RefundTooLarge):
        services.request_suspense_refund(payment_ref=made.ref, reason="", at=at)
    assert queries.refunds_of_order(made.order_ref) == []


def test_wrong_money_that_a_bank_holds_is_not_sent_back_before_the_bank_gives_it_up(at: datetime) -> None:
    made = payment(at=at)
    wrong = Money(1990, "EUR") * 2
    services.record_capture(payment_ref=made.ref, captured=wrong, at=at)
    told(at, DisputeStatus.NEEDS_RESPONSE, made.order_ref, made.ref)
    with pytest.raises(services.RefundTooLarge):
        services.request_suspense_refund(payment_ref=made.ref, reason="", at=at)
    told(at, DisputeStatus.WON, made.order_ref, made.ref)
    assert services.request_suspense_refund(payment_ref=made.ref, reason="", at=at).amount == wrong


@pytest.mark.parametrize("second", [Money(1990, "EUR"), Money(2, "EUR"), Money(1, "USD")])
def test_a_payment_with_wrong_money_takes_no_other(at: datetime, second: Money) -> None:
    made = payment(at=at)
    first = services.record_capture(payment_ref=made.ref, captured=EUR_1, at=at)
    again = services.record_capture(payment_ref=made.ref, captured=second, at=at)
    assert (first.outcome, again.outcome) == (Outcome.MISMATCH, Outcome.CONFLICT)
    assert again.payment == first.payment
    assert (row(made.ref).suspense, row(made.ref).suspense_unit) == (1, "EUR")


def test_a_call_that_failed_keeps_its_end_when_the_payment_has_another(settings: Any, at: datetime) -> None:
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    made, later = payment(at=at), at + timedelta(minutes=1)
    with pytest.raises(ProviderUnavailable):
        services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    services.record_capture(payment_ref=made.ref, captured=made.amount, at=later)
    (attempt,) = Attempt.objects.all()
    assert (attempt.state, attempt.finished_at) == (AttemptState.FAILED, at)


def test_another_tap_on_pay_does_not_put_off_the_next_question(settings: Any, at: datetime) -> None:
    made, later = payment(at=at), at + timedelta(seconds=4)
    with answering(settings, 500, {}, meanwhile=lambda: None):
        for moment in (at, later):
            with pytest.raises(OutcomeUnknown):
                services.start(payment_ref=made.ref, return_url=RETURN_URL, at=moment)
    assert (row(made.ref).state, row(made.ref).ask_at) == (PaymentState.UNKNOWN, at + timedelta(seconds=5))


def test_a_lost_start_that_cannot_be_called_off_is_still_asked_for(settings: Any, at: datetime) -> None:
    made = payment(at=at)
    with answering(settings, 500, {}, meanwhile=lambda: None), pytest.raises(OutcomeUnknown):
        services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ProviderUnavailable):
        services.close(payment_ref=made.ref, at=at)
    assert (row(made.ref).state, row(made.ref).ask_at) == (PaymentState.UNKNOWN, at + timedelta(seconds=5))


def test_a_lost_start_and_a_lost_close_are_repeated_each_with_its_own_key(
    settings: Any, at: datetime
) -> None:
    made = payment(at=at)
    with answering(settings, 500, {}, meanwhile=lambda: None):
        with pytest.raises(OutcomeUnknown):
            services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
        for _again in range(2):
            with pytest.raises(OutcomeUnknown):
                services.close(payment_ref=made.ref, at=at)
    assert set(Attempt.objects.values_list("kind", "tries")) == {("start", 1), ("close", 2)}


def test_a_call_that_has_failed_is_not_the_one_that_is_repeated(settings: Any, at: datetime) -> None:
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    made = payment(at=at)
    with pytest.raises(ProviderUnavailable):
        services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    with answering(settings, 500, {}, meanwhile=lambda: None):
        for _again in range(2):
            with pytest.raises(OutcomeUnknown):
                services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    attempts = Attempt.objects.order_by("pk").values_list("state", "tries")
    assert list(attempts) == [(AttemptState.FAILED, 1), (AttemptState.UNKNOWN, 2)]


def test_a_webhook_is_worked_off_once(at: datetime) -> None:
    kept = WebhookInbox.objects.create(provider="sandbox", event_id="evt_1", body=b"{}", received_at=at)
    assert services.mark_processed(inbox_id=kept.pk, outcome="first", at=at)
    assert not services.mark_processed(inbox_id=kept.pk, outcome="second", at=at)
    kept.refresh_from_db()
    assert kept.outcome == "first"


@pytest.mark.parametrize("end", [ReportStatus.DONE, ReportStatus.FAILED])
def test_a_refund_that_has_ended_is_under_way_no_more(at: datetime, end: ReportStatus) -> None:
    made = captured_payment(at=at)
    ref = services.request_refund(
        payment_ref=made.ref, amount=made.amount, unit_refs=[], reason="", at=at
    ).ref
    ended = services.record_refund(report=RefundReport(ref, end, reason="theirs"), at=at)
    late = RefundReport(ref, ReportStatus.PENDING, reason="soon")
    recorded = services.record_refund(report=late, at=at)
    assert (recorded.outcome, recorded.refund) == (Outcome.STALE, ended.refund)
    assert recorded.refund.state in (RefundState.DONE, RefundState.FAILED)


def told(at: datetime, status: DisputeStatus, order_ref: str, payment_ref: str) -> str:
    """The provider tells of a dispute; its ref."""
    report = DisputeReport("dp_1", payment_ref, "", Money(1990, "EUR"), Money(0, "EUR"), "fraudulent", status)
    return services.record_dispute(
        provider="sandbox",
        report=report,
        order_ref=order_ref,
        merchant_ref="mrc_1",
        borne_by=Bearer.MERCHANT,
        at=at,
    ).dispute.ref


def test_only_a_lost_dispute_is_shared_and_once(at: datetime) -> None:
    made = captured_payment(at=at)
    shares = LossShares(("unt_1",), (), 1990, 0, 0)
    ref = told(at, DisputeStatus.NEEDS_RESPONSE, made.order_ref, made.ref)
    with pytest.raises(services.DisputeNotFound):
        services.share_loss(ref=ref, shares=shares)
    told(at, DisputeStatus.LOST, made.order_ref, made.ref)
    shared = services.share_loss(ref=ref, shares=shares)
    assert (shared.from_unredeemed.minor, shared.from_platform.minor) == (1990, 0)
    with pytest.raises(services.DisputeNotFound):
        services.share_loss(ref=ref, shares=LossShares(("unt_1",), (), 0, 0, 1990))


def test_who_bears_a_dispute_is_settled_when_it_ends(at: datetime) -> None:
    made = captured_payment(at=at)
    ref = told(at, DisputeStatus.WON, made.order_ref, made.ref)
    with pytest.raises(services.DisputeClosed):
        services.set_bearer(ref=ref, borne_by=Bearer.PLATFORM)
    (kept,) = queries.disputes_of_order(made.order_ref)
    assert kept.borne_by is Bearer.MERCHANT


def test_only_what_failed_and_a_lost_dispute_covers_is_ended_by_it_and_once(at: datetime) -> None:
    made = captured_payment(at=at)
    refund = services.request_refund(
        payment_ref=made.ref, amount=Money(500, "EUR"), unit_refs=["unt_1"], reason="", at=at
    )
    told(at, DisputeStatus.NEEDS_RESPONSE, made.order_ref, made.ref)
    told(at, DisputeStatus.LOST, made.order_ref, made.ref)
    assert services.cover_unsent(refund_ref=refund.ref) is None, "it may be sent still"
    services.record_refund(report=RefundReport(refund.ref, ReportStatus.FAILED), at=at)
    covered = services.cover_unsent(refund_ref=refund.ref)
    assert covered is not None
    assert (covered.from_platform.minor, covered.from_unredeemed.minor) == (1490, 500)
    assert services.cover_unsent(refund_ref=refund.ref) is None
    assert queries.disputes_of_order(made.order_ref)[0].from_platform.minor == 1490


def test_what_a_lost_dispute_covers_is_counted_once_while_another_refund_waits(at: datetime) -> None:
    made, refs = captured_payment(at=at), []
    for minor in (500, 400):
        refund = services.request_refund(
            payment_ref=made.ref, amount=Money(minor, "EUR"), unit_refs=[f"unt_{minor}"], reason="", at=at
        )
        services.record_refund(report=RefundReport(refund.ref, ReportStatus.FAILED), at=at)
        refs.append(refund.ref)
    told(at, DisputeStatus.NEEDS_RESPONSE, made.order_ref, made.ref)
    told(at, DisputeStatus.LOST, made.order_ref, made.ref)
    assert services.cover_unsent(refund_ref=refs[0]) is not None
    assert services.cover_unsent(refund_ref=refs[0]) is None
    covered = services.cover_unsent(refund_ref=refs[1])
    assert covered is not None
    assert (covered.from_platform.minor, covered.from_unredeemed.minor) == (1090, 900)
