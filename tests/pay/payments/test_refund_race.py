"""Sixty-four refunds of 60 % at one moment: one is granted, and the control shows what happens without the guard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Payment, Refund
from hutong.pay.payments.services import paying, refunding
from hutong.pay.payments.types import RefundRequest, RefundState, RefundView, StartRequest
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories.payments import RETURN_URL, captured_payment, payment
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

RACERS, FEW, WAIT_S = 64, 8, 60
SIXTY_PERCENT = Money(1194, "EUR")
Gate = Callable[[], object]


def race(racer: Callable[[Gate], str | None], racers: int = RACERS) -> list[str]:
    """Run `racer` so many times at once, each with the gate at which it waits for all others; the refs granted."""
    gate = threading.Barrier(racers, timeout=WAIT_S)

    def run(_number: int) -> str | None:
        try:
            with connection.cursor() as cursor:
                # On a busy machine the last of so many waits longer than the site would let it.
                cursor.execute("SET lock_timeout = '30s'")
            return racer(gate.wait)
        finally:
            connection.close()

    with ThreadPoolExecutor(racers) as pool:
        return [ref for ref in pool.map(run, range(racers)) if ref]


def test_one_of_64_is_granted_and_the_sandbox_agrees(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)
    services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    sandbox.pay(made.ref)
    services.record_report(report=services.ask(payment_ref=made.ref, at=at), at=at)

    def guarded(gate: Gate) -> str | None:
        gate()
        try:
            requested = services.request_refund(
                payment_ref=made.ref, amount=SIXTY_PERCENT, unit_refs=[], reason="race", at=at
            )
        except services.RefundTooLarge:
            return None
        services.record_refund(report=services.send_refund(refund_ref=requested.ref, at=at), at=at)
        return requested.ref

    granted = race(guarded)
    assert len(granted) == 1
    assert [refund.state for refund in queries.refunds_of_order(made.order_ref)] == [RefundState.DONE]
    assert sandbox.books()[made.ref]["refunded"] == SIXTY_PERCENT.minor
    assert queries.problems(at) == []


@pytest.mark.unbalanced("a control")
def test_control_read_check_write_grants_more_than_was_paid(at: datetime) -> None:
    made = captured_payment(at=at)

    def naive(gate: Gate) -> str | None:
        row = Payment.objects.get(public_id=made.ref)
        gate()
        if row.captured - row.refunded < SIXTY_PERCENT.minor:
            return None
        row.refunded += SIXTY_PERCENT.minor
        row.save(update_fields=["refunded"])
        made_refund = Refund.objects.create(
            payment=row, amount=SIXTY_PERCENT.minor, unit="EUR", state=RefundState.PENDING, created_at=at
        )
        return made_refund.public_id

    granted = race(naive)
    assert len(granted) > 1
    assert "refund_sum" in [problem.code for problem in queries.problems(at)]


def asked(sandbox: Sandbox, amount: Money, at: datetime) -> RefundView:
    """A refund of a payment that the sandbox has, which nobody has sent yet."""
    made = payment(at=at)
    services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    sandbox.pay(made.ref)
    services.record_report(report=services.ask(payment_ref=made.ref, at=at), at=at)
    return services.request_refund(payment_ref=made.ref, amount=amount, unit_refs=[], reason="race", at=at)


def sender(back: RefundView, at: datetime) -> Callable[[Gate], str | None]:
    def send(gate: Gate) -> str | None:
        gate()
        report = services.send_refund(refund_ref=back.ref, at=at)
        recorded = services.record_refund(report=replace(report, refund_ref=back.ref), at=at)
        return back.ref if recorded.outcome == "recorded" else None

    return send


def test_64_senders_of_one_refund_send_it_once(sandbox: Sandbox, at: datetime) -> None:
    back = asked(sandbox, SIXTY_PERCENT, at)
    assert len(race(sender(back, at))) == 1
    assert sandbox.books()[back.payment_ref]["refunded"] == SIXTY_PERCENT.minor


def test_control_a_key_for_each_sender_is_a_refund_for_each(
    sandbox: Sandbox, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who come before any answer is written down all call the provider; one key makes it one refund."""
    back = asked(sandbox, Money(1, "EUR"), at)
    together = threading.Barrier(FEW, timeout=WAIT_S)

    def of_its_own(**given: Any) -> RefundRequest:
        together.wait()
        return RefundRequest(**{**given, "key": new_id("att"), "refund_ref": new_id("ref")})

    monkeypatch.setattr(refunding, "RefundRequest", of_its_own)
    assert len(race(sender(back, at), FEW)) == 1
    assert sandbox.books()[back.payment_ref]["refunded"] == FEW


def ended_twice(sandbox: Sandbox, at: datetime) -> list[str]:
    """What is said to two who bring the same answer, the second while the first has not committed yet."""
    back = asked(sandbox, SIXTY_PERCENT, at)
    report, said = services.send_refund(refund_ref=back.ref, at=at), list[str]()

    def record() -> None:
        said.append(services.record_refund(report=report, at=at).outcome)

    behind(record, record)
    return said


def test_who_brings_the_same_answer_second_is_told_that_it_was_there(sandbox: Sandbox, at: datetime) -> None:
    assert ended_twice(sandbox, at) == ["recorded", "repeated"]


def test_control_without_the_state_one_refund_ends_twice(sandbox: Sandbox, at: datetime) -> None:
    with unguarded(services.record_refund, ", state__in=REFUND_OPEN"):
        assert ended_twice(sandbox, at) == ["recorded", "recorded"]


def test_64_starts_of_one_payment_are_one_payment(sandbox: Sandbox, at: datetime) -> None:
    made = payment(at=at)

    def begin(gate: Gate) -> str | None:
        gate()
        return services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)

    assert len(set(race(begin))) == 1
    assert list(sandbox.books()) == [made.ref]


def test_control_a_key_for_each_start_is_a_payment_for_each(
    sandbox: Sandbox, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who started together all call the provider; that they name one payment by one key makes it one."""
    made, as_sent = payment(at=at), paying._start_request
    together = threading.Barrier(RACERS, timeout=WAIT_S)

    def of_its_own(*given: Any) -> StartRequest:
        together.wait()
        return replace(as_sent(*given), key=new_id("att"), payment_ref=new_id("pay"))

    monkeypatch.setattr(paying, "_start_request", of_its_own)

    def begin(gate: Gate) -> str | None:
        gate()
        return services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)

    assert len(set(race(begin))) == RACERS
    assert len(sandbox.books()) == RACERS
