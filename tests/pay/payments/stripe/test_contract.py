"""Stripe keeps the contract of all providers; behind it is the simulator over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hutong.kernel.money import Money
from hutong.pay.payments.providers.stripe.client import StripeProvider
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.sandbox import free_port
from tests.pay.payments.contract import Case, ProviderContract


class TestStripe(ProviderContract):
    @pytest.fixture
    def case(self, simulator: StripeSimulator, client: Callable[..., StripeProvider]) -> Case:
        def fault(kind: str, value: float) -> Callable[[str], None]:
            return lambda call: simulator.faults.ask(kind, call=call, value=value)

        def wrong_money(payment_ref: str, money: Money) -> None:
            simulator.pay(payment_ref, amount=money.minor, unit=money.unit)

        return Case(
            provider=client(),
            impatient=client(timeout_s=0.5),
            unreachable=client(url=f"http://127.0.0.1:{free_port()}", timeout_s=0.5),
            pay=simulator.pay,
            decline=simulator.decline,
            hang=fault("timeout_after", 1.0),
            break_after=fault("error_after", 1),
            webhook=lambda ref: simulator.about(ref)[-1],
            wrong_money=wrong_money,
            refunded=lambda ref: simulator.books.trade(ref).sent_back,
        )
