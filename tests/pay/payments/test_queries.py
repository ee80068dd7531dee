"""Reads, and the checks of the books: each planted fault is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Attempt, Payment, Refund
from hutong.pay.payments.queries import checks
from hutong.pay.payments.types import (
    BookRow,
    PaymentState,
    ProviderTotals,
    RefundReport,
    RefundState,
    ReportStatus,
)
from tests.factories.payments import captured_payment, payment

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def refunded_payment(at: datetime, minor: int = 500) -> str:
    made = captured_payment(at=at)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(minor, "EUR"), unit_refs=["unt_1"], reason="", at=at
    )
    services.record_refund(report=RefundReport(back.ref, ReportStatus.DONE, "sbr_1"), at=at)
    return made.ref


def test_the_payment_of_an_order_is_the_captured_one(at: datetime) -> None:
    first = payment(at=at, order_ref="ord_1")
    Payment.objects.filter(public_id=first.ref).update(state=PaymentState.FAILED)
    second = payment(at=at, order_ref="ord_1")
    found = queries.payment_for_order("ord_1")
    assert found is not None
    assert found.ref == second.ref
    services.record_capture(payment_ref=first.ref, captured=first.amount, at=at)
    found = queries.payment_for_order("ord_1")
    assert found is not None
    assert (found.ref, found.captured) == (first.ref, 1990)
    assert queries.payment_for_order("ord_2") is None


def test_the_operator_sees_the_newest_first(at: datetime) -> None:
    made = [payment(at=at + timedelta(minutes=minute)).ref for minute in range(3)]
    assert [row.ref for row in queries.recent_payments(limit=2)] == [made[2], made[1]]
    before = at + timedelta(minutes=2)
    assert [row.ref for row in queries.recent_payments(before=before)] == [made[1], made[0]]


def test_totals_add_up_what_was_taken_and_what_went_back(at: datetime) -> None:
    refunded_payment(at)
    captured_payment(at=at, minor=700, unit="JPY")
    payment(at=at)
    open_refund = captured_payment(at=at, minor=100)
    services.request_refund(
        payment_ref=open_refund.ref, amount=Money(100, "EUR"), unit_refs=[], reason="", at=at
    )
    wrong = payment(at=at)
    services.record_capture(payment_ref=wrong.ref, captured=Money(5, "USD"), at=at)
    assert queries.provider_totals("sandbox") == [
        ProviderTotals("EUR", captured=2090, refunded=500, suspense=0, suspense_refunded=0),
        ProviderTotals("JPY", captured=700, refunded=0, suspense=0, suspense_refunded=0),
        ProviderTotals("USD", captured=0, refunded=0, suspense=5, suspense_refunded=0),
    ]
    assert queries.provider_totals("nobody") == []


def test_no_problem_where_there_is_none(at: datetime) -> None:
    refunded_payment(at)
    payment(at=at)
    assert queries.problems(at + DAY) == []


@pytest.mark.unbalanced("changes payments behind the services")
def test_each_planted_problem_is_found(at: datetime) -> None:
    later = at + DAY + timedelta(seconds=1)
    refunded = refunded_payment(at)
    unknown, failed = payment(at=at), captured_payment(at=at)
    back = services.request_refund(
        payment_ref=failed.ref, amount=Money(1, "EUR"), unit_refs=[], reason="", at=at
    )
    impossible = captured_payment(at=at)
    # The constraints forbid some of this; they are taken away for the length of this transaction.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_payment DROP CONSTRAINT payments_refunded_captured_amount")
    Payment.objects.filter(public_id=refunded).update(refunded=499)
    Payment.objects.filter(public_id=impossible.ref).update(refunded=1991)
    Payment.objects.filter(public_id=unknown.ref).update(state=PaymentState.UNKNOWN)
    attempt = Attempt.objects.create(
        payment=Payment.objects.get(public_id=unknown.ref), kind="start", created_at=at
    )
    found = {(problem.code, problem.ref) for problem in queries.problems(later)}
    assert found == {
        ("refund_sum", refunded),
        ("refund_sum", impossible.ref),
        ("payment_amounts", impossible.ref),
        ("payment_unknown", unknown.ref),
        ("attempt_open", attempt.public_id),
        ("refund_open", back.ref),
    }


@pytest.mark.parametrize("batch", [2, 1_000])
def test_each_planted_difference_is_found_and_news_under_way_is_not(
    at: datetime, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "BATCH", batch)

    def row(ref: str, captured: int | None, refunded: int = 0, unit: str = "EUR") -> BookRow:
        money = Money(captured, unit) if captured is not None else None
        return BookRow(ref, f"sbp_{ref}", money, refunded, changed_at=at)

    same, refunded, unheard = captured_payment(at=at).ref, refunded_payment(at), captured_payment(at=at).ref
    unit, amount, back = captured_payment(at=at).ref, captured_payment(at=at).ref, refunded_payment(at)
    unpaid = payment(at=at).ref
    books = [
        row(same, 1990),
        row(refunded, 1990, 500),
        row(unit, 1990, unit="USD"),
        row(amount, 1989),
        row(back, 1990, 0),
        row(unpaid, 1990),
        row("pay_of_nobody", 1990),
        row("pay_of_nobody_unpaid", None),
    ]
    after = at + timedelta(seconds=1)
    found = queries.book_differences(provider="sandbox", books=books, changed_before=after)
    assert {(difference.code, difference.payment_ref) for difference in found} == {
        ("missing_there", unheard),
        ("captured", unit),
        ("captured", amount),
        ("refunded", back),
        ("captured", unpaid),
        ("missing_here", "pay_of_nobody"),
    }
    assert queries.book_differences(provider="sandbox", books=books, changed_before=at) == []


def test_books_are_compared_in_batches(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "BATCH", 2)
    made = [captured_payment(at=at) for _each in range(5)]
    after = at + timedelta(seconds=1)
    read: list[int] = []

    def books() -> Iterator[BookRow]:
        for number, each in enumerate(made):
            read.append(len(connection.queries_log))
            yield BookRow(each.ref, f"sbp_{number}", each.amount, 0, changed_at=at)

    with CaptureQueriesContext(connection):
        assert queries.book_differences(provider="sandbox", books=books(), changed_before=after) == []
    # Between the second and the third payment of theirs, and so on, ours were read: never all of them at once.
    assert [later > sooner for sooner, later in pairwise(read)] == [False, True, False, True]


def test_statements_do_not_grow_with_the_number_of_rows(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 3):
        for _ in range(count):
            refunded_payment(at)
        with django_assert_num_queries(1):
            queries.recent_payments()
        with django_assert_num_queries(1):
            queries.provider_totals("sandbox")
        with django_assert_num_queries(8):
            queries.problems(at)
        with django_assert_num_queries(3):  # a batch, its refunds, and that there is no other
            queries.book_differences(provider="sandbox", books=[], changed_before=at)


def test_a_failed_refund_is_tried_again_once(at: datetime) -> None:
    made = captured_payment(at=at)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(1990, "EUR"), unit_refs=["unt_1", "unt_2"], reason="why", at=at
    )
    with pytest.raises(services.RefundNotFailed):
        services.request_again(refund_ref=back.ref, at=at)
    services.record_refund(report=RefundReport(back.ref, ReportStatus.FAILED), at=at)
    assert [refund.ref for refund in queries.open_refunds()] == [back.ref]
    again = services.request_again(refund_ref=back.ref, at=at)
    assert (again.amount, again.unit_refs, again.reason) == (back.amount, back.unit_refs, back.reason)
    assert services.request_again(refund_ref=back.ref, at=at).ref == again.ref
    assert [refund.ref for refund in queries.open_refunds()] == [again.ref]
    assert Refund.objects.filter(state=RefundState.PENDING).count() == 1
    assert queries.problems(at) == []
