"""Stripe's bill: pages, fees, what is no payment, broken rows beside whole ones, days that have not begun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import BillNotReady, OutcomeUnknown
from hutong.pay.payments.providers.stripe import bill
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import Bill, BillLine
from tests.fakes.providers.books import BillRow
from tests.fakes.providers.stripe import StripeSimulator
from tests.pay.payments.contract import PRICE, refund_of, request_for

Client = Callable[..., StripeProvider]
ON = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def planted(simulator: StripeSimulator) -> Iterator[Callable[[list[BillRow]], None]]:
    """Puts rows into the bill of whatever day is asked for."""
    yield lambda rows: simulator.books.planted.append(lambda _rows: rows)
    simulator.books.planted.clear()


def payment(number: int, **changed: Any) -> BillRow:
    row = BillRow(f"pay_{number}", f"cs_{number}", "", 1000 + number, "EUR", 15, "SUCCESS", ON)
    return replace(row, **changed)


def test_all_pages_are_read_in_the_order_of_time(
    simulator: StripeSimulator, client: Client, planted: Callable[[list[BillRow]], None]
) -> None:
    rows = [payment(number, at=ON + timedelta(seconds=number)) for number in range(25)]
    planted(rows)
    simulator.page_limit = 10
    try:
        read = client().fetch_bill(on=ON.date())
    finally:
        simulator.page_limit = 100
    assert [line.payment_ref for line in read.lines] == [row.ref for row in rows]
    assert [line.amount.minor for line in read.lines] == [row.amount for row in rows]
    assert {(line.fee, line.status) for line in read.lines} == {(Money(15, "EUR"), "charge")}
    assert read.lines[3].at == ON + timedelta(seconds=3)


def test_broken_rows_are_kept_and_the_rest_is_read(
    client: Client, planted: Callable[[list[BillRow]], None]
) -> None:
    wrong: list[dict[str, Any]] = [{"amount": "10.00"}, {"unit": "??"}, {"fee": None}, {"amount": 1.5}]
    rows = [payment(0), *(payment(9, **one) for one in wrong), payment(1)]
    planted(rows)
    read = client().fetch_bill(on=ON.date())
    assert [line.payment_ref for line in read.lines] == ["pay_0", "pay_1"]
    assert [line.number for line in read.broken] == [2, 3, 4, 5]
    assert all("pay_9" in line.text and line.why for line in read.broken)


def test_a_day_that_has_not_begun_has_no_bill(client: Client) -> None:
    with pytest.raises(BillNotReady):
        client().fetch_bill(on=clock.now().date() + timedelta(days=2))


def test_a_day_without_payments_is_an_empty_bill(client: Client) -> None:
    assert client().fetch_bill(on=datetime(2020, 1, 1, tzinfo=UTC).date()) == Bill(())


def test_stripe_keeps_its_fee_of_what_is_sent_back(simulator: StripeSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    started = client().start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    client().refund(refund_of(payment_ref, started.provider_ref, PRICE))
    lines = client().fetch_bill(on=clock.now().date()).lines
    fees = [line.fee.minor for line in lines if line.payment_ref == payment_ref]
    assert fees == [simulator.books.fee(PRICE.minor), 0]


def transaction(kind: str, amount: int, fee: int = 0, **source: Any) -> dict[str, Any]:
    moved = {"id": "txn_1", "type": kind, "amount": amount, "fee": fee, "currency": "eur"}
    return {**moved, "created": int(ON.timestamp()), "source": source or None}


def read_one(row: dict[str, Any], *, known: str = "") -> BillLine | None:
    lines = bill.read([row], payment_ref_of=lambda _intent: known)
    assert lines.broken == ()
    return lines.lines[0] if lines.lines else None


def test_what_is_no_sale_is_told_by_sign_and_type() -> None:
    ours = {"payment_ref": "pay_1", "refund_ref": "rfd_1"}
    by_hand = read_one(transaction("refund", -700, id="re_1", payment_intent="pi_1"), known="pay_1")
    failed = read_one(transaction("refund_failure", 700, id="re_1", metadata=ours))
    dispute = read_one(
        transaction("adjustment", -1990, 1500, id="dp_1", payment_intent="pi_1"), known="pay_1"
    )
    service = read_one(transaction("stripe_fee", -200))
    found = [
        (line.payment_ref, line.refund_ref, line.amount.minor, line.fee.minor, line.status)
        for line in (by_hand, failed, dispute, service)
        if line
    ]
    assert found == [
        ("pay_1", "", -700, 0, "refund"),
        ("pay_1", "rfd_1", -700, 0, "refund_failure"),
        ("pay_1", "", -1990, 1500, "adjustment"),
        ("", "", 0, 200, "stripe_fee"),
    ]


def test_payouts_stand_beside_the_lines() -> None:
    rows = [transaction("payout", -5000, id="po_1"), transaction("payout_failure", 5000, id="po_1")]
    read = bill.read(rows, payment_ref_of=lambda _intent: "")
    assert (read.lines, read.broken) == ((), ())
    assert [each.amount for each in read.payouts] == [Money(5000, "EUR"), Money(-5000, "EUR")]


def test_a_sale_in_another_currency_is_told_in_what_the_shopper_paid() -> None:
    charge = {"id": "ch_1", "amount": 2000, "currency": "jpy", "metadata": {"payment_ref": "pay_1"}}
    line = read_one({**transaction("charge", 1200, 60), "source": charge})
    assert line is not None
    assert (line.amount, line.fee) == (Money(2000, "JPY"), Money(60, "EUR"))


@pytest.mark.parametrize("row", [None, 7, "x", [], {}, {"type": 1}, {"type": "charge", "amount": 1}])
def test_a_row_of_any_shape_breaks_alone(row: Any) -> None:
    whole = transaction("charge", 100, id="ch_1", metadata={"payment_ref": "pay_1"})
    read = bill.read([whole, row, whole], payment_ref_of=lambda _intent: "")
    assert (len(read.lines), [line.number for line in read.broken]) == (2, [2])


def test_a_page_that_cannot_be_followed_is_not_taken_for_the_whole(
    simulator: StripeSimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = {"object": "list", "has_more": True, "data": [{"type": "charge"}]}
    monkeypatch.setattr(simulator, "_list", lambda _call, _things: nameless)
    with pytest.raises(OutcomeUnknown):
        client().fetch_bill(on=ON.date())
