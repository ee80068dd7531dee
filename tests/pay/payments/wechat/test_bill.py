"""The day's bill of WeChat Pay: what can be read is read, what cannot is kept, and a damaged file is no bill."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import BillNotReady, ProviderUnavailable
from hutong.pay.payments.providers.wechat import bill
from hutong.pay.payments.providers.wechat.bill import CHINA
from hutong.pay.payments.types import Bill
from tests.fakes.providers.books import BillRow
from tests.fakes.providers.wechat.keys import Account
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.providers.wechat.statement import line, statement
from tests.pay.payments.contract import request_for
from tests.pay.payments.wechat.conftest import MCHID, Client

AT = datetime(2026, 3, 4, 15, 30, 1, tzinfo=UTC)
PAID = BillRow("pay_1", "4200001", "", 1990, "CNY", 12, "SUCCESS", AT)
BACK = BillRow("pay_1", "4200001", "rfd_1", 600, "CNY", -4, "REFUND", AT + timedelta(minutes=5))


def test_amounts_fees_times_and_numbers_are_read(account: Account) -> None:
    came, back = bill.read(statement([PAID, BACK], account), mchid=MCHID).lines
    assert (came.payment_ref, came.refund_ref, came.provider_ref) == ("pay_1", "", "4200001")
    assert (came.amount, came.fee, came.status) == (Money(1990, "CNY"), Money(12, "CNY"), "SUCCESS")
    assert came.at == AT
    assert (back.payment_ref, back.refund_ref, back.provider_ref) == ("pay_1", "rfd_1", "54200001")
    assert (back.amount, back.fee, back.status) == (Money(600, "CNY"), Money(-4, "CNY"), "SUCCESS")


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([("`19.90", "`19.9O")], "not an amount"),
        ([("`19.90", "`19.905")], "less than a fen"),
        ([("`19.90", "`-19.90")], "not above 0"),
        ([("`19.90", "`")], "not an amount"),
        ([("`CNY", "`¥")], "not a currency"),
        ([("`SUCCESS", "`MAYBE")], "neither a payment nor a refund"),
        ([("2026-03-04", "04/03/2026")], "does not match"),
        ([(f"`{MCHID}", "`1900000999")], "another merchant"),
        ([("`0.60%", "")], "values for"),
        ([("`2026", "2026")], "backquote"),
    ],
)
def test_a_broken_line_is_kept_and_hides_no_other(
    account: Account, pairs: list[tuple[str, str]], why: str
) -> None:
    good, odd = line(PAID, account), line(PAID, account, goods="Odd")
    broken = odd
    for old, new in pairs:
        assert old in broken
        broken = broken.replace(old, new, 1)
    body = statement([PAID, PAID, BACK], account).replace(
        f"{good}\r\n{good}".encode(), f"{good}\r\n{broken}".encode()
    )
    read = bill.read(body, mchid=MCHID)
    assert [each.amount.minor for each in read.lines] == [1990, 600]
    (kept,) = read.broken
    assert (kept.number, kept.text) == (3, broken)
    assert why in kept.why


def test_bytes_that_are_no_text_break_their_line_alone(account: Account) -> None:
    body = statement([PAID, BACK], account).replace(b"Two coffees", b"Two \xff\xfe", 1)
    read = bill.read(body, mchid=MCHID)
    assert ([each.refund_ref for each in read.lines], [each.number for each in read.broken]) == (
        ["rfd_1"],
        [2],
    )


def test_a_refund_made_in_the_merchant_platform_has_their_number(account: Account) -> None:
    body = statement([PAID, BACK], account).replace(b"`rfd_1", b"`0")
    assert bill.read(body, mchid=MCHID).lines[1].refund_ref == "54200001"


def test_a_missing_line_is_found_by_the_sum(account: Account) -> None:
    body = statement([PAID, PAID, BACK], account).replace(f"{line(PAID, account)}\r\n".encode(), b"", 1)
    read = bill.read(body, mchid=MCHID)
    assert len(read.lines) == 2
    assert "应结订单总金额 is 39.80" in read.broken[0].why


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<html>", b"a,b\n`1,`2\n", b"`" * 10_000])
def test_a_file_that_is_no_bill_is_broken_and_no_error(body: bytes) -> None:
    read = bill.read(body, mchid=MCHID)
    assert read.lines == ()
    assert read.broken


@pytest.mark.parametrize(
    ("text", "fen"),
    [("0.00000", 0), ("0.06000", 6), ("-0.00400", 0), ("-0.00500", -1), ("12", 1200), ("1.5", 150)],
)
def test_fees_have_five_digits_and_are_rounded(text: str, fen: int) -> None:
    assert bill.fen(text, rounded=True) == fen


def test_a_day_is_one_of_china(simulator: WechatSimulator, client: Client) -> None:
    """Two payments a second apart, around midnight in China, which is 16:00 UTC."""
    provider = client()
    refs = [ids.new_id("pay"), ids.new_id("pay")]
    for ref, at in zip(refs, ("2026-03-04T15:59:59", "2026-03-04T16:00:00"), strict=True):
        provider.start(request_for(ref, Money(100, "CNY")))
        simulator.pay(ref)
        simulator.books.trades[ref].paid_at = datetime.fromisoformat(f"{at}+00:00")
    days = [provider.fetch_bill(on=date(2026, 3, day)).lines for day in (4, 5)]
    assert [[each.payment_ref for each in lines] for lines in days] == [[refs[0]], [refs[1]]]


def test_a_bill_is_not_ready_before_ten_of_the_next_day(simulator: WechatSimulator, client: Client) -> None:
    simulator.made_after = timedelta(hours=34)
    today = clock.now().astimezone(CHINA).date()
    for day in (today, today + timedelta(days=1)):
        with pytest.raises(BillNotReady):
            client().fetch_bill(on=day)


def test_no_bill_means_an_empty_day_only_once_it_would_be_there(
    simulator: WechatSimulator, client: Client
) -> None:
    provider = client()
    today = clock.now().astimezone(CHINA).date()
    assert provider.fetch_bill(on=today - timedelta(days=3)) == Bill(())
    # The simulator makes bills at once here and says that today's does not exist; WeChat Pay may, too.
    with pytest.raises(BillNotReady):
        provider.fetch_bill(on=today)


def test_a_file_that_is_not_what_was_announced_is_no_bill(simulator: WechatSimulator, client: Client) -> None:
    provider = client()
    ref = ids.new_id("pay")
    provider.start(request_for(ref, Money(100, "CNY")))
    simulator.pay(ref)
    today = clock.now().astimezone(CHINA).date()
    simulator.damage_bill = lambda body: body.replace(b"1.00", b"9.00")
    with pytest.raises(ProviderUnavailable):
        provider.fetch_bill(on=today)
    # The control: undamaged it is read, and a line that was broken before it was hashed is kept.
    simulator.damage_bill = lambda body: body
    assert provider.fetch_bill(on=today).broken == ()
    simulator.change_bill = lambda body: body.replace(b"`CNY", b"`", 1)
    assert [each.number for each in provider.fetch_bill(on=today).broken] == [2]
