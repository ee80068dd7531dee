"""Alipay keeps the contract, verified against the simulator, by the way that calls the gateway: a code to scan.

Three things differ, and `Case` says so: a payment is known from the moment it is opened, a declined card leaves it
open, and a notification may be 26 hours old.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments.providers.alipay.notification import STALE_AFTER
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.alipay import AlipaySimulator
from tests.fakes.sandbox import free_port
from tests.pay.payments.alipay.conftest import Client
from tests.pay.payments.contract import Case, ProviderContract


class TestAlipay(ProviderContract):
    @pytest.fixture
    def case(self, alipay: AlipaySimulator, client: Client) -> Case:
        def webhook(ref: str) -> tuple[dict[str, str], bytes]:
            return alipay.about(ref)[-1]

        def wrong_money(payment_ref: str, money: Money) -> None:
            alipay.pay(payment_ref, amount=money.minor)

        return Case(
            provider=client(),
            impatient=client(timeout_s=0.5),
            unreachable=client(url=f"http://127.0.0.1:{free_port()}/gateway.do", timeout_s=0.5),
            pay=alipay.pay,
            decline=alipay.decline,
            hang=lambda call: alipay.faults.ask("timeout_after", call=call, value=0.7),
            break_after=lambda call: alipay.faults.ask("error_after", call=call),
            webhook=webhook,
            wrong_money=wrong_money,
            refunded=lambda ref: alipay.books.trade(ref).sent_back,
            price=Money(1990, "CNY"),
            wrong=Money(1991, "CNY"),
            today=lambda: clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date(),
            keys=False,
            open=alipay.open,
            declined=ReportStatus.PENDING,
            stale=STALE_AFTER,
        )
