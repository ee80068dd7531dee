"""WeChat Pay keeps the contract, with certificates and with a public key."""

from __future__ import annotations

from functools import partial

import pytest

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments.providers.wechat.bill import CHINA
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.sandbox import free_port
from tests.pay.payments.contract import Case, ProviderContract
from tests.pay.payments.wechat.conftest import Client, Keys, client_of

PRICE, WRONG = Money(1990, "CNY"), Money(1991, "CNY")


def case_of(simulator: WechatSimulator, client: Client, *, by_public_key: bool, way: str) -> Case:
    nobody = f"http://127.0.0.1:{free_port()}"
    return Case(
        provider=client(by_public_key=by_public_key, way=way),
        impatient=client(by_public_key=by_public_key, way=way, timeout_s=0.5),
        unreachable=client(by_public_key=by_public_key, way=way, url=nobody, timeout_s=0.5),
        pay=simulator.pay,
        decline=simulator.decline,
        hang=lambda call: simulator.faults.ask("timeout_after", call=call, value=1.0),
        break_after=lambda call: simulator.faults.ask("error_after", call=call),
        webhook=lambda ref: simulator.about(ref)[-1],
        wrong_money=lambda ref, money: simulator.pay(ref, amount=money.minor, unit=money.unit),
        refunded=lambda ref: simulator.books.trade(ref).sent_back,
        price=PRICE,
        wrong=WRONG,
        today=lambda: clock.now().astimezone(CHINA).date(),
        keys=False,
    )


class TestWechat(ProviderContract):
    """By the platform's certificates; a code to scan."""

    @pytest.fixture
    def case(self, keys: Keys, shared: WechatSimulator) -> Case:
        return case_of(shared, partial(client_of, keys, shared), by_public_key=False, way="native")


class TestWechatByPublicKey(ProviderContract):
    """By a public key; on a phone."""

    @pytest.fixture
    def case(self, keys: Keys, shared: WechatSimulator) -> Case:
        return case_of(shared, partial(client_of, keys, shared), by_public_key=True, way="h5")
