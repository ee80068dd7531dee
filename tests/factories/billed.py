"""A provider's bill of a day on which much was sold, with what may be wrong with one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hutong.flows import reconcile
from hutong.kernel.money import Money
from hutong.pay.payments.queries import money_done_between
from hutong.pay.payments.types import Bill, BillLine, BillPayout, BillView, BrokenLine, OurMoney
from tests.factories.payments import line


def bill_of_a_day(*, on: date, at: datetime) -> BillView:
    """Keep the sandbox's bill of `on`: every payment and refund of the day with its fee, four faults, one payout."""
    starts_at = datetime.combine(on, time(), UTC)
    ours = money_done_between("sandbox", starts_at, starts_at + timedelta(days=1))
    came = [each for each in ours if each.ref.startswith("pay_")]
    lines = [_line(each) for each in ours]
    first, second = lines[0], lines[1]
    lines[1] = replace(second, amount=second.amount + Money(50, second.amount.unit))
    lines.append(first)
    lines.append(line("", Money(-1250, first.amount.unit), provider_ref="re_by_hand"))
    broken = BrokenLine(len(lines) + 1, "`2026-06-01 12:08,`half a row", "has 2 fields, not 24")
    paid_out = BillPayout(
        "po_of_the_day",
        Money(sum(each.amount.minor for each in came) // 2, first.amount.unit),
        starts_at + timedelta(hours=23),
    )
    bill = Bill(tuple(lines), (broken,), (paid_out,))
    return reconcile.keep(bill, provider="sandbox", on=on, at=at)


def _line(money: OurMoney) -> BillLine:
    came = money.ref.startswith("pay_")
    fee = money.amount.share(14_000).minor if came else 0
    return line(money.ref, money.amount, fee=fee, back_of="" if came else "pay_of_it")
