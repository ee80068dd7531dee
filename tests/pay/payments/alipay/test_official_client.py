"""The client that others use (python-alipay-sdk) with our simulator: it signs what the simulator accepts, and
accepts what the simulator signs. So the simulator speaks the protocol, and not only our own dialect of it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError

from hutong.kernel import ids
from tests.fakes.providers.alipay import AlipaySimulator
from tests.fakes.providers.alipay.keys import make_pair


def sdk(alipay: AlipaySimulator, **given: str) -> Any:
    """Their client; what is given takes the place of a right key."""
    made = AliPay(
        appid=alipay.app_id,
        app_notify_url=None,
        app_private_key_string=given.get("private", alipay.keys.merchant.private_pem),
        alipay_public_key_string=given.get("public", alipay.keys.alipay.public_pem),
    )
    made._gateway = f"{alipay.url}/gateway.do"
    return made


def test_a_whole_payment(alipay: AlipaySimulator) -> None:
    theirs, ref = sdk(alipay), ids.new_id("pay")
    made = theirs.api_alipay_trade_precreate(subject="团购券", out_trade_no=ref, total_amount="19.90")
    assert made["qr_code"] == alipay.page_url(ref)
    assert theirs.api_alipay_trade_query(out_trade_no=ref)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    alipay.open(ref)
    assert theirs.api_alipay_trade_query(out_trade_no=ref)["trade_status"] == "WAIT_BUYER_PAY"
    alipay.pay(ref)
    asked = theirs.api_alipay_trade_query(out_trade_no=ref)
    assert (asked["trade_status"], asked["total_amount"]) == ("TRADE_SUCCESS", "19.90")
    sent = {"out_trade_no": ref, "refund_amount": "6.00", "out_request_no": "rfd_sdk"}
    assert theirs.api_alipay_trade_refund(**sent)["fund_change"] == "Y"
    assert theirs.api_alipay_trade_refund(**sent)["fund_change"] == "N"
    back = theirs.api_alipay_trade_fastpay_refund_query(out_request_no="rfd_sdk", out_trade_no=ref)
    assert back["refund_status"] == "REFUND_SUCCESS"
    assert alipay.books.trade(ref).sent_back == 600


def test_closing(alipay: AlipaySimulator) -> None:
    theirs, ref = sdk(alipay), ids.new_id("pay")
    theirs.api_alipay_trade_precreate(subject="tea", out_trade_no=ref, total_amount="1")
    alipay.open(ref)
    assert theirs.api_alipay_trade_close(out_trade_no=ref)["code"] == "10000"
    assert theirs.api_alipay_trade_close(out_trade_no=ref)["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


def test_its_pages_open_a_payment(alipay: AlipaySimulator) -> None:
    theirs, ref = sdk(alipay), ids.new_id("pay")
    query = theirs.api_alipay_trade_page_pay(
        subject="tea", out_trade_no=ref, total_amount="19.90", return_url="http://127.0.0.1/back"
    )
    opened = httpx.get(f"{alipay.url}/gateway.do?{query}", trust_env=False)
    assert opened.headers["location"] == alipay.page_url(ref)
    assert alipay.books.trade(ref).amount == 1990


def test_it_accepts_the_notification(alipay: AlipaySimulator) -> None:
    theirs, ref = sdk(alipay), ids.new_id("pay")
    theirs.api_alipay_trade_precreate(subject="tea", out_trade_no=ref, total_amount="19.90")
    alipay.pay(ref)
    form = dict(parse_qsl(alipay.about(ref)[-1][1].decode()))
    signature = form.pop("sign")
    assert theirs.verify(dict(form), signature) is True
    assert theirs.verify({**form, "total_amount": "0.01"}, signature) is False


def test_strangers_are_refused_on_both_sides(alipay: AlipaySimulator) -> None:
    stranger = make_pair()
    forged = sdk(alipay, private=stranger.private_pem)
    with pytest.raises(AliPayValidationError):
        sdk(alipay, public=stranger.public_pem).api_alipay_trade_query(out_trade_no="pay_none")
    with pytest.raises(AliPayException, match="invalid-signature"):
        forged.api_alipay_trade_query(out_trade_no="pay_none")
