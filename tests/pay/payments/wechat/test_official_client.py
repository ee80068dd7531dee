"""A client that others wrote, against our simulator: both signing the same way, neither invented it.

WeChat Pay publishes no client for Python; `wechatpayv3` is the one that is used. Its host is a private field.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core

from hutong.kernel import ids
from tests.fakes.providers.wechat.keys import private_pem, public_pem
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.pay.payments.wechat.conftest import API_V3_KEY, APPID, MCHID, PUBLIC_KEY_ID, SERIAL, Keys


@pytest.fixture(params=["certificates", "public key"])
def theirs(
    request: pytest.FixtureRequest, keys: Keys, simulator: WechatSimulator, monkeypatch: pytest.MonkeyPatch
) -> Any:
    asked = Core.request

    def here(self: Any, *arguments: Any, **named: Any) -> Any:
        self._gate_way = simulator.url
        return asked(self, *arguments, **named)

    # It fetches certificates while it is made, before its host could be set.
    monkeypatch.setattr(Core, "request", here)
    by_key = {"public_key": public_pem(keys.public), "public_key_id": PUBLIC_KEY_ID}
    return WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=MCHID,
        private_key=private_pem(keys.merchant),
        cert_serial_no=SERIAL,
        appid=APPID,
        apiv3_key=API_V3_KEY,
        notify_url="https://shop.example/notify",
        **(by_key if request.param == "public key" else {}),
    )


def test_it_pays_asks_refunds_and_closes(theirs: Any, simulator: WechatSimulator) -> None:
    ref, refund_ref, unpaid = ids.new_id("pay"), ids.new_id("rfd"), ids.new_id("pay")
    for each in (ref, unpaid):
        status, told = theirs.pay(
            description="团购券", out_trade_no=each, amount={"total": 1990, "currency": "CNY"}
        )
        assert (status, json.loads(told)["code_url"][:9]) == (200, "weixin://")
    # Its refusal to believe a wrong signature is an exception: an empty reply is one that it believed.
    assert theirs.close(out_trade_no=unpaid) == (204, b"")
    simulator.pay(ref)
    status, told = theirs.query(out_trade_no=ref)
    assert (status, json.loads(told)["trade_state"], json.loads(told)["amount"]["total"]) == (
        200,
        "SUCCESS",
        1990,
    )
    amount = {"refund": 600, "total": 1990, "currency": "CNY"}
    for _twice in range(2):
        status, told = theirs.refund(out_refund_no=refund_ref, out_trade_no=ref, amount=amount)
        assert (status, json.loads(told)["status"]) == (200, "SUCCESS")
    assert simulator.books.trade(ref).sent_back == 600
    assert json.loads(theirs.query_refund(out_refund_no=refund_ref)[1])["amount"]["refund"] == 600


def test_it_opens_our_notifications(theirs: Any, simulator: WechatSimulator) -> None:
    ref = ids.new_id("pay")
    theirs.pay(description="x", out_trade_no=ref, amount={"total": 1990, "currency": "CNY"})
    if theirs._core._public_key:
        simulator.signers.reverse()
    simulator.pay(ref)
    headers, body = simulator.about(ref)[-1]
    told = theirs.callback(headers, body)
    assert (told["event_type"], told["resource"]["out_trade_no"]) == ("TRANSACTION.SUCCESS", ref)
    # The control: it refuses what was changed.
    assert theirs.callback(headers, body.replace(b"EV-", b"EX-")) is None


def test_it_is_refused_with_a_wrong_key(theirs: Any, simulator: WechatSimulator, keys: Keys) -> None:
    theirs._core._private_key = keys.platform
    status, told = theirs.query(out_trade_no=ids.new_id("pay"))
    assert (status, json.loads(told)["code"]) == (401, "SIGN_ERROR")
