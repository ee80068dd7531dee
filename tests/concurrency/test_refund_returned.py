"""A refund that comes back, told many times at one moment and sent again meanwhile: it comes back once, and goes once."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import transaction

from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Payment
from hutong.pay.payments.services import refunding
from hutong.pay.payments.types import Outcome, RefundReport, RefundState, RefundView, ReportStatus
from tests.concurrency.race import all_at_once
from tests.concurrency.unguarded import unguarded
from tests.factories.payments import captured_payment

pytestmark = pytest.mark.django_db(transaction=True)
TELLERS, OPERATORS = 6, 6
PART = Money(995, "EUR")


def two_sent(at: datetime) -> tuple[str, list[RefundView]]:
    """A payment of which two refunds were sent, each of half of it."""
    made, asked = captured_payment(at=at), []
    for number in range(2):
        asked.append(
            services.request_refund(
                payment_ref=made.ref, amount=PART, unit_refs=[f"unt_{number}"], reason="", at=at
            )
        )
        services.record_refund(report=RefundReport(asked[-1].ref, ReportStatus.DONE, f"re_{number}"), at=at)
    return made.ref, asked


def refunded(payment_ref: str) -> int:
    return Payment.objects.get(public_id=payment_ref).refunded


@pytest.mark.unbalanced("payments alone, without books")
def test_copies_of_the_news_and_operators_at_once(at: datetime) -> None:
    payment_ref, (first, second) = two_sent(at)

    def act(number: int) -> str:
        if number < TELLERS:
            told = RefundReport(first.ref, ReportStatus.FAILED, "re_0", "account closed")
            return str(services.record_refund(report=told, at=at).outcome)
        try:
            with transaction.atomic():
                Payment.objects.select_for_update().get(public_id=payment_ref)  # stands for the order's lock
                return services.request_again(refund_ref=first.ref, at=at).ref
        except services.RefundNotFailed:
            return "not yet"

    said = all_at_once(TELLERS + OPERATORS, act)
    assert said.count(Outcome.RECORDED) == 1
    assert said.count(Outcome.REPEATED) == TELLERS - 1
    again = services.request_again(refund_ref=first.ref, at=at)
    assert set(said[TELLERS:]) <= {"not yet", again.ref}
    assert refunded(payment_ref) == 2 * PART.minor
    states = {each.ref: each.state for each in queries.refunds_of_order(first.order_ref)}
    assert states == {
        first.ref: RefundState.FAILED,
        second.ref: RefundState.DONE,
        again.ref: RefundState.PENDING,
    }
    assert queries.problems(at) == []


@pytest.mark.unbalanced("a control")
def test_control_without_the_state_it_comes_back_with_each_copy(at: datetime) -> None:
    payment_ref, (first, _second) = two_sent(at)
    told = RefundReport(first.ref, ReportStatus.FAILED, "re_0", "account closed")
    with unguarded(refunding._came_back, "state=RefundState.DONE"):
        said = [services.record_refund(report=told, at=at).outcome for _copy in range(2)]
    assert said == [Outcome.RECORDED, Outcome.RECORDED]
    assert refunded(payment_ref) == 0, "the other refund's money could go twice"
    assert [problem.code for problem in queries.problems(at)] == ["refund_sum"]
