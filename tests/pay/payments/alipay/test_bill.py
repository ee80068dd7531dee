"""The bill of a day: tables in GBK within a zip. A line that cannot be read is kept, and hides no other."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.alipay import bill
from hutong.pay.payments.providers.errors import (
    BillNotReady,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from hutong.pay.payments.types import Bill
from tests.fakes.providers.alipay import AlipaySimulator, paper
from tests.fakes.providers.books import BillRow
from tests.pay.payments.alipay.conftest import Client
from tests.pay.payments.contract import refund_of, request_for

ON = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
PAID = BillRow("pay_one", "2088T1", "", 1990, "CNY", 12, "SUCCESS", NOON)
BACK = BillRow("pay_one", "2088T1", "rfd_one", 600, "CNY", -4, "REFUND", NOON + timedelta(hours=1))
GOOD = paper.line(PAID)


def bill_of(*lines: str) -> Bill:
    return bill.read(paper.archive(ON, paper.table(ON, lines)))


def cell(number: int, text: str) -> str:
    cells = GOOD.split(",")
    cells[number] = text
    return ",".join(cells)


def test_a_payment_and_a_refund_with_their_fees() -> None:
    found = bill_of(GOOD, paper.line(BACK))
    assert found.broken == ()
    assert [(line.payment_ref, line.refund_ref, line.provider_ref) for line in found.lines] == [
        ("pay_one", "", "2088T1"),
        ("pay_one", "rfd_one", "2088T1"),
    ]
    assert [(line.amount, line.fee) for line in found.lines] == [
        (Money(1990, "CNY"), Money(12, "CNY")),
        (Money(600, "CNY"), Money(-4, "CNY")),
    ]
    assert found.lines[0].at == NOON


def test_what_the_seller_gave_up_is_not_counted_as_received() -> None:
    """Of 19.90 a coupon of the seller's own paid 2.00: the bill says what really came."""
    assert bill_of(cell(12, "17.90")).lines[0].amount == Money(1790, "CNY")


@pytest.mark.parametrize(
    "broken",
    [
        "2088T9",
        GOOD + ",more",
        cell(2, "别的"),
        cell(2, "退款"),
        cell(12, "19.9O"),
        cell(12, "-19.90"),
        cell(12, "0.00"),
        cell(12, ""),
        cell(12, "1990000000000.00"),
        cell(22, "nothing"),
        cell(5, "yesterday"),
        cell(3, '"open'),
    ],
)
def test_a_broken_line_is_kept_and_the_rest_is_read(broken: str) -> None:
    found = bill_of(GOOD, broken, paper.line(BACK))
    assert [line.refund_ref for line in found.lines] == ["", "rfd_one"]
    (kept,) = found.broken
    assert (kept.number, kept.text) == (7, broken)
    assert kept.why


def test_bytes_that_are_no_text_break_one_line() -> None:
    table = paper.table(ON, [GOOD, GOOD.replace("团购券", "XX"), GOOD])
    found = bill.read(paper.archive(ON, table.replace(b"XX", b"\xff\xff")))
    assert len(found.lines) == 2
    assert [line.number for line in found.broken] == [7]


def test_a_table_without_its_end_says_so() -> None:
    table = paper.table(ON, [GOOD])
    cut = table[: table.rindex(b"#-")]
    found = bill.read(paper.archive(ON, cut))
    assert len(found.lines) == 1
    assert len(found.broken) == 1


def test_a_day_without_trades_has_an_empty_table() -> None:
    assert bill_of() == Bill(())


def _zip_of(content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        opened.writestr("a.csv", content)
    return written.getvalue()


@pytest.mark.parametrize(
    "archive", [b"", b"<html>", _zip_of(b""), _zip_of(b"a,b\n1,2\n"), paper.archive(ON, b"x" * 3000)[:-300]]
)
def test_what_is_no_bill_is_fetched_again(archive: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        bill.read(archive)


def test_what_unpacks_to_too_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill, "SIZE_LIMIT", 100)
    with pytest.raises(OutcomeUnknown):
        bill_of(GOOD)


def test_a_bill_that_is_not_made_yet(alipay: AlipaySimulator, client: Client) -> None:
    alipay.no_bill_for.add(ON)
    due = datetime(ON.year, ON.month, ON.day, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(hours=34)
    with pytest.raises(BillNotReady):
        client(now=lambda: due + timedelta(hours=23)).fetch_bill(on=ON)


def test_a_day_without_trades_has_an_empty_bill_a_day_after_it_was_due(
    alipay: AlipaySimulator, client: Client
) -> None:
    """Alipay says the same of both for ever; the days after it must not wait for ever."""
    alipay.no_bill_for.add(ON)
    due = datetime(ON.year, ON.month, ON.day, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(hours=34)
    found = client(now=lambda: due + timedelta(hours=24)).fetch_bill(on=ON)
    assert (found.lines, found.broken) == ((), ())


def test_a_day_that_is_not_over_has_no_bill(
    alipay: AlipaySimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alipay says that such a day is no good argument; of a day long past that is a refusal."""
    said = {"code": "40004", "msg": "Business Failed", "sub_code": "isv.invalid_arguments"}
    answer = alipay.signed("alipay.data.dataservice.bill.downloadurl.query", said)
    monkeypatch.setattr(alipay, "handle", lambda _call: answer)
    provider = client(now=lambda: NOON)
    with pytest.raises(BillNotReady):
        provider.fetch_bill(on=ON)
    with pytest.raises(ProviderRefused):
        provider.fetch_bill(on=ON - timedelta(days=1))


def test_a_day_is_one_of_china(alipay: AlipaySimulator, client: Client) -> None:
    ref, provider = ids.new_id("pay"), client()
    provider.start(request_for(ref, Money(1990, "CNY")))
    alipay.pay(ref)
    trade = alipay.books.trade(ref)
    trade.paid_at = datetime(2026, 6, 1, 16, 30, tzinfo=UTC)  # half past midnight in China
    for on, there in ((ON, False), (ON + timedelta(days=1), True)):
        assert (ref in [line.payment_ref for line in provider.fetch_bill(on=on).lines]) is there


def test_broken_lines_come_through_the_gateway(alipay: AlipaySimulator, client: Client) -> None:
    ref, provider = ids.new_id("pay"), client()
    provider.start(request_for(ref, Money(1990, "CNY")))
    alipay.pay(ref)
    provider.refund(refund_of(ref, ref, Money(600, "CNY")))
    alipay.planted_lines.append("2088,no table")
    found = provider.fetch_bill(on=clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date())
    assert [line.amount.minor for line in found.lines if line.payment_ref == ref] == [1990, 600]
    assert [line.text for line in found.broken] == ["2088,no table"]


def test_a_bill_that_cannot_be_fetched(
    alipay: AlipaySimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = "alipay.data.dataservice.bill.downloadurl.query"
    for url in ("", "junk", "ftp://x/", "http://127.0.0.1:99999999/", f"{alipay.url}/bill/junk/"):
        answer = alipay.signed(named, {"code": "10000", "bill_download_url": url})
        monkeypatch.setattr(alipay, "handle", lambda call, answer=answer: answer)
        with pytest.raises((OutcomeUnknown, ProviderUnavailable)):
            client().fetch_bill(on=ON)
