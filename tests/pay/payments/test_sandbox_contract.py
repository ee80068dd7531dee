"""The sandbox keeps the contract; behind it is the real server in its own process."""

from __future__ import annotations

import pytest

from hutong.kernel.money import Money
from hutong.pay.payments.providers.protocol import OpenBooks
from hutong.pay.payments.providers.sandbox.client import SandboxProvider
from tests.fakes.sandbox import Sandbox, free_port
from tests.pay.payments.contract import PRICE, Case, ProviderContract


class TestSandbox(ProviderContract):
    @pytest.fixture
    def case(self, sandbox: Sandbox) -> Case:
        def client(url: str, timeout_s: float) -> SandboxProvider:
            return SandboxProvider(url=url, secret=sandbox.secret, timeout_s=timeout_s)

        def wrong_money(payment_ref: str, money: Money) -> None:
            sandbox.fault("wrong_amount", reference=payment_ref, value=money.minor - PRICE.minor)
            sandbox.fault("wrong_currency", reference=payment_ref, value=money.unit)
            sandbox.pay(payment_ref)

        def webhook(ref: str) -> tuple[dict[str, str], bytes]:
            hook = sandbox.listener.wait_for(ref)[-1]
            return hook.headers, hook.body

        return Case(
            provider=client(sandbox.url, 10.0),
            impatient=client(sandbox.url, 0.5),
            unreachable=client(f"http://127.0.0.1:{free_port()}", 0.5),
            pay=sandbox.pay,
            decline=sandbox.decline,
            hang=lambda call: sandbox.fault("timeout_after", call=call, value=1.5),
            break_after=lambda call: sandbox.fault("error_after", call=call),
            webhook=webhook,
            wrong_money=wrong_money,
            refunded=lambda ref: int(sandbox.books()[ref]["refunded"]),
        )

    def test_the_books_list_every_payment(self, case: Case) -> None:
        paid_ref, _ = self.paid(case)
        open_ref, _ = self.started(case)
        assert isinstance(case.provider, OpenBooks)
        books = {row.payment_ref: row for row in case.provider.fetch_books()}
        assert books[paid_ref].captured == PRICE
        assert books[open_ref].captured is None
