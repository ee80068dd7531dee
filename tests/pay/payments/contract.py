"""What every provider promises, as tests. A new provider subclasses `ProviderContract` and gives it a `case`.

`case` is the provider with its real second party or simulator behind it, and the knobs to play the shopper
and to break things.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import (
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
    SignatureInvalid,
)
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.types import RefundRequest, ReportStatus, StartRequest

PRICE, WRONG = Money(1990, "EUR"), Money(1991, "USD")


@dataclass(frozen=True)
class Case:
    """One provider under test."""

    provider: Provider
    impatient: Provider
    """The same, giving up after half a second."""
    unreachable: Provider
    """The same, at an address where nobody listens."""
    pay: Callable[[str], object]
    decline: Callable[[str], object]
    hang: Callable[[str], object]
    """The next call of this kind (`start`, `refund`, `close`) has its effect and answers too late."""
    break_after: Callable[[str], object]
    """The next call of this kind has its effect and answers with a server error."""
    webhook: Callable[[str], tuple[dict[str, str], bytes]]
    """The newest webhook about one of our refs, once it has come."""
    wrong_money: Callable[[str, Money], object]
    """Let a payment be captured with this money instead of what was asked."""
    refunded: Callable[[str], int]
    """What the provider's own books say went back of a payment, in minor units."""
    price: Money = PRICE
    wrong: Money = WRONG
    """Money that the provider can report for a payment of `price`."""
    today: Callable[[], date] = lambda: clock.now().date()
    """The day it is by the provider's bill."""
    keys: bool = True
    """Whether a call has a key of its own beside our reference."""
    open: Callable[[str], object] = lambda _ref: None
    """The shopper opens the page: for a provider that knows a payment only from then on, and says ABSENT before."""
    declined: ReportStatus = ReportStatus.FAILED
    """What the provider calls a payment whose shopper's bank said no: PENDING where another card may still pay it."""
    stale: timedelta = timedelta(minutes=5)
    """From what age a webhook is refused. More only for a provider that repeats a webhook with its first time."""


def request_for(payment_ref: str, amount: Money, *, key: str = "") -> StartRequest:
    return StartRequest(
        key=key or ids.new_id("att"),
        payment_ref=payment_ref,
        amount=amount,
        return_url="http://127.0.0.1:8000/back",
        payee="Kahvila Kallio",
        description="Two coffees",
        language="en",
        expires_at=clock.now() + timedelta(minutes=15),
    )


def refund_of(payment_ref: str, provider_ref: str, amount: Money, *, refund_ref: str = "") -> RefundRequest:
    return RefundRequest(
        key=ids.new_id("att"),
        payment_ref=payment_ref,
        provider_ref=provider_ref,
        refund_ref=refund_ref or ids.new_id("rfd"),
        amount=amount,
        reason="asked for",
    )


class ProviderContract:
    """Subclass with a fixture `case`."""

    def started(self, case: Case) -> tuple[str, str]:
        payment_ref = ids.new_id("pay")
        provider_ref = case.provider.start(request_for(payment_ref, case.price)).provider_ref
        case.open(payment_ref)
        return payment_ref, provider_ref

    def paid(self, case: Case) -> tuple[str, str]:
        payment_ref, provider_ref = self.started(case)
        case.pay(payment_ref)
        return payment_ref, provider_ref

    def test_a_payment_is_pending_until_it_is_paid(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        before = case.provider.query(payment_ref=payment_ref, provider_ref=provider_ref)
        assert (before.status, before.captured) == (ReportStatus.PENDING, None)
        case.pay(payment_ref)
        after = case.provider.query(payment_ref=payment_ref, provider_ref=provider_ref)
        assert (after.status, after.captured, after.provider_ref) == (
            ReportStatus.DONE,
            case.price,
            provider_ref,
        )

    def test_our_own_reference_is_enough_to_ask(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        assert case.provider.query(payment_ref=payment_ref, provider_ref=None).provider_ref == provider_ref

    def test_a_payment_never_started_is_absent(self, case: Case) -> None:
        report = case.provider.query(payment_ref=ids.new_id("pay"), provider_ref=None)
        assert report.status is ReportStatus.ABSENT
        refund = case.provider.query_refund(
            refund_ref=ids.new_id("rfd"), payment_ref=ids.new_id("pay"), provider_ref=None
        )
        assert refund.status is ReportStatus.ABSENT

    def test_the_check_of_keys_passes_and_finds_nobody_there(self, case: Case) -> None:
        case.provider.check()
        with pytest.raises(ProviderUnavailable):
            case.unreachable.check()

    def test_a_start_repeated_with_its_key_is_one_payment(self, case: Case) -> None:
        request = request_for(ids.new_id("pay"), case.price)
        assert case.provider.start(request) == case.provider.start(request)

    def test_a_key_does_not_serve_two_requests(self, case: Case) -> None:
        if not case.keys:
            pytest.skip("this provider knows a call by our reference alone")
        key = ids.new_id("att")
        case.provider.start(request_for(ids.new_id("pay"), case.price, key=key))
        with pytest.raises(ProviderRefused):
            case.provider.start(request_for(ids.new_id("pay"), case.price, key=key))

    def test_a_declined_payment_has_failed(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        case.decline(payment_ref)
        report = case.provider.query(payment_ref=payment_ref, provider_ref=provider_ref)
        assert (report.status, report.captured) == (case.declined, None)

    def test_a_closed_payment_cannot_be_paid(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        key = ids.new_id("att")
        closed = case.provider.close(payment_ref=payment_ref, provider_ref=provider_ref, key=key)
        assert closed.status is ReportStatus.CLOSED
        case.pay(payment_ref)
        report = case.provider.query(payment_ref=payment_ref, provider_ref=provider_ref)
        assert report.status is ReportStatus.CLOSED

    def test_closing_a_paid_payment_says_that_it_is_paid(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        report = case.provider.close(
            payment_ref=payment_ref, provider_ref=provider_ref, key=ids.new_id("att")
        )
        assert (report.status, report.captured) == (ReportStatus.DONE, case.price)

    def test_the_report_names_the_money_that_really_came(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        case.wrong_money(payment_ref, case.wrong)
        report = case.provider.query(payment_ref=payment_ref, provider_ref=provider_ref)
        assert (report.status, report.captured) == (ReportStatus.DONE, case.wrong)

    def test_a_lost_answer_is_an_unknown_outcome_that_can_be_asked_for(self, case: Case) -> None:
        payment_ref = ids.new_id("pay")
        request = request_for(payment_ref, case.price)
        case.hang("start")
        with pytest.raises(OutcomeUnknown):
            case.impatient.start(request)
        case.open(payment_ref)
        report = case.provider.query(payment_ref=payment_ref, provider_ref=None)
        assert report.status is ReportStatus.PENDING
        assert case.provider.start(request).provider_ref == report.provider_ref

    def test_a_server_error_is_an_unknown_outcome(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        refund = refund_of(payment_ref, provider_ref, Money(500, case.price.unit))
        case.break_after("refund")
        with pytest.raises(OutcomeUnknown):
            case.provider.refund(refund)
        assert case.provider.refund(refund).status is ReportStatus.DONE
        assert case.refunded(payment_ref) == 500

    def test_nobody_there_is_not_an_unknown_outcome(self, case: Case) -> None:
        with pytest.raises(ProviderUnavailable):
            case.unreachable.start(request_for(ids.new_id("pay"), case.price))

    def test_a_refund_is_done_once(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        request = refund_of(payment_ref, provider_ref, Money(600, case.price.unit))
        first, again = case.provider.refund(request), case.provider.refund(request)
        assert first == again
        assert first.status is ReportStatus.DONE
        asked = case.provider.query_refund(
            refund_ref=request.refund_ref, payment_ref=payment_ref, provider_ref=first.provider_ref
        )
        assert asked == first
        assert case.refunded(payment_ref) == 600

    def test_a_refund_repeated_with_another_key_is_still_one(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        refund_ref = ids.new_id("rfd")
        case.provider.refund(
            refund_of(payment_ref, provider_ref, Money(600, case.price.unit), refund_ref=refund_ref)
        )
        case.provider.refund(
            refund_of(payment_ref, provider_ref, Money(600, case.price.unit), refund_ref=refund_ref)
        )
        assert case.refunded(payment_ref) == 600

    def test_no_more_is_refunded_than_was_captured(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        case.provider.refund(refund_of(payment_ref, provider_ref, Money(1990, case.price.unit)))
        with pytest.raises(ProviderRefused):
            case.provider.refund(refund_of(payment_ref, provider_ref, Money(1, case.price.unit)))

    def test_an_unpaid_payment_is_not_refunded(self, case: Case) -> None:
        payment_ref, provider_ref = self.started(case)
        with pytest.raises(ProviderRefused):
            case.provider.refund(refund_of(payment_ref, provider_ref, Money(1, case.price.unit)))

    def test_64_refunds_of_60_percent_at_once_are_one(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        barrier = threading.Barrier(64, timeout=30)

        def refund(_number: int) -> bool:
            barrier.wait()
            try:
                case.provider.refund(refund_of(payment_ref, provider_ref, Money(1194, case.price.unit)))
            except ProviderRefused:
                return False
            return True

        with ThreadPoolExecutor(64) as pool:
            assert sum(pool.map(refund, range(64))) == 1
        assert case.refunded(payment_ref) == 1194

    def test_the_webhook_says_what_a_query_says(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        headers, body = case.webhook(payment_ref)
        event = case.provider.parse_webhook(headers=headers, body=body, at=clock.now())
        assert event.payment is not None
        assert (event.payment.payment_ref, event.payment.provider_ref) == (payment_ref, provider_ref)
        assert (event.payment.status, event.payment.captured) == (ReportStatus.DONE, case.price)

    def test_a_refund_is_told_by_webhook(self, case: Case) -> None:
        payment_ref, provider_ref = self.paid(case)
        request = refund_of(payment_ref, provider_ref, Money(600, case.price.unit))
        case.provider.refund(request)
        headers, body = case.webhook(request.refund_ref)
        event = case.provider.parse_webhook(headers=headers, body=body, at=clock.now())
        assert event.refund is not None
        assert (event.refund.refund_ref, event.refund.status) == (request.refund_ref, ReportStatus.DONE)

    @pytest.mark.parametrize("minutes", [-10, -6, 6, 60])
    def test_a_webhook_of_another_time_is_refused(self, case: Case, minutes: int) -> None:
        payment_ref, _ = self.paid(case)
        headers, body = case.webhook(payment_ref)
        older = case.stale - timedelta(minutes=5) if minutes > 0 else timedelta()
        with pytest.raises(SignatureInvalid):
            case.provider.parse_webhook(
                headers=headers, body=body, at=clock.now() + older + timedelta(minutes=minutes)
            )

    def test_a_changed_webhook_is_refused(self, case: Case) -> None:
        payment_ref, _ = self.paid(case)
        headers, body = case.webhook(payment_ref)
        for position in range(0, len(body), 7):
            forged = bytearray(body)
            forged[position] ^= 1
            with pytest.raises(SignatureInvalid):
                case.provider.parse_webhook(headers=headers, body=bytes(forged), at=clock.now())

    def test_the_bill_lists_what_came_and_what_went(self, case: Case) -> None:
        paid_ref, provider_ref = self.paid(case)
        open_ref, _ = self.started(case)
        request = refund_of(paid_ref, provider_ref, Money(600, case.price.unit))
        case.provider.refund(request)
        bill = case.provider.fetch_bill(on=case.today())
        lines = [line for line in bill.lines if line.payment_ref in (paid_ref, open_ref)]
        assert [(line.payment_ref, line.refund_ref, line.amount) for line in lines] == [
            (paid_ref, "", case.price),
            (paid_ref, request.refund_ref, request.amount),
        ]
        assert bill.broken == ()
