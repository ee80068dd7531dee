"""What is WeChat Pay's own: its ways to pay, repetitions after a payment, and refunds that hang."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.types import Device, Payer, ReportStatus
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.sandbox import run_listener, wait_until
from tests.pay.payments.contract import refund_of, request_for
from tests.pay.payments.wechat.conftest import APPID, Client, Keys

PRICE = Money(1990, "CNY")


@pytest.mark.parametrize(
    ("device", "to_scan"), [(Device.PHONE, False), (Device.DESKTOP, True), (Device.WECHAT, True)]
)
def test_the_way_suits_the_device_where_none_is_fixed(
    simulator: WechatSimulator, client: Client, device: Device, to_scan: bool
) -> None:
    calls = []
    handle = simulator.handle
    simulator.handle = lambda call: calls.append(call) or handle(call)  # type: ignore[method-assign,func-returns-value]
    request = replace(request_for(ids.new_id("pay"), PRICE), payer=Payer("203.0.113.7", device))
    started = client().start(request)
    assert (started.to_scan, started.redirect_url.startswith("http")) == (to_scan, not to_scan)
    asked = json.loads(calls[-1].body)
    assert asked.get("scene_info", {}).get("payer_client_ip") == (None if to_scan else "203.0.113.7")


@pytest.mark.parametrize("address", ["", "unknown", "203.0.113.7, 10.0.0.1"])
def test_what_is_no_address_is_not_sent(simulator: WechatSimulator, client: Client, address: str) -> None:
    request = replace(request_for(ids.new_id("pay"), PRICE), payer=Payer(address, Device.PHONE))
    assert client().start(request).redirect_url


def test_the_check_tells_a_wrong_sealing_key(client: Client) -> None:
    for by_public_key in (False, True):
        with pytest.raises((ProviderRefused, ProviderUnavailable)) as wrong:
            client(api_v3_key="f" * 32, by_public_key=by_public_key).check()
        assert "certificates cannot be read" in wrong.value.details["reason"]


def test_a_refund_that_hangs_at_a_dead_card_stays_under_way(
    simulator: WechatSimulator, client: Client
) -> None:
    provider = client()
    ref = ids.new_id("pay")
    provider.start(request_for(ref, Money(100, "CNY")))
    simulator.pay(ref)
    simulator.faults.ask("refund_pending", call="refund")
    request = refund_of(ref, "", Money(60, "CNY"))
    assert provider.refund(request).status == "pending"
    simulator.turn_abnormal(request.refund_ref)
    stuck = provider.query_refund(refund_ref=request.refund_ref, payment_ref=ref, provider_ref=None)
    assert (stuck.status, stuck.reason) == ("pending", "ABNORMAL")
    simulator.end_refund(request.refund_ref, done=False)
    headers, body = simulator.about(request.refund_ref)[-1]
    event = provider.parse_webhook(headers=headers, body=body, at=clock.now())
    assert event.refund is not None
    assert (event.refund.status, event.refund.reason) == ("failed", "CLOSED")


def test_a_code_to_scan_is_a_text_for_wechat(client: Client) -> None:
    started = client(way="native").start(request_for(ids.new_id("pay"), PRICE))
    assert started.redirect_url.startswith("weixin://wxpay/bizpayurl?pr=")


def test_on_a_phone_the_page_knows_the_way_back(simulator: WechatSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    started = client(way="h5").start(request_for(payment_ref, PRICE))
    assert started.redirect_url.startswith(simulator.page_url(payment_ref))
    assert started.redirect_url.endswith("&redirect_url=http%3A%2F%2F127.0.0.1%3A8000%2Fback")


def test_inside_wechat_the_page_gets_a_signed_call(keys: Keys, client: Client) -> None:
    provider = client()
    payer = Payer("203.0.113.7", Device.WECHAT, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
    prepay = provider.start(replace(request_for(ids.new_id("pay"), PRICE), payer=payer)).redirect_url
    told = provider.bridge(prepay, at=clock.now())
    message = f"{APPID}\n{told['timeStamp']}\n{told['nonceStr']}\n{prepay}\n".encode()
    signature = base64.b64decode(told["paySign"])
    keys.merchant.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    assert prepay.startswith("prepay_id=wx")


def test_the_secret_of_the_app_id_never_goes_where_payments_go(
    simulator: WechatSimulator, client: Client
) -> None:
    provider = client(app_secret="f" * 32)
    where = provider.sign_in_page(back="https://town.example/back/", state="1")
    assert where.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
    provider = client(app_secret="f" * 32, sign_in_url="http://127.0.0.1:1")
    with pytest.raises(ProviderUnavailable):
        provider.signed_in(code="1")
    assert simulator.calls == []


def test_inside_wechat_nobody_pays_without_a_name(client: Client) -> None:
    with pytest.raises(ProviderRefused):
        client(way="jsapi").start(request_for(ids.new_id("pay"), PRICE))


@pytest.mark.parametrize("money", [Money(1990, "EUR"), Money(0, "CNY"), Money(-1, "CNY")])
def test_other_money_is_refused_before_anything_is_sent(
    simulator: WechatSimulator, client: Client, money: Money
) -> None:
    with pytest.raises(ProviderRefused):
        client().start(request_for(ids.new_id("pay"), money))
    assert simulator.calls == []


def test_a_start_repeated_after_it_was_paid_has_not_failed(
    simulator: WechatSimulator, client: Client
) -> None:
    provider = client()
    request = request_for(ids.new_id("pay"), PRICE)
    provider.start(request)
    simulator.pay(request.payment_ref)
    with pytest.raises(OutcomeUnknown):
        provider.start(request)


def test_a_start_with_other_money_under_the_same_reference_is_refused(client: Client) -> None:
    provider, payment_ref = client(), ids.new_id("pay")
    provider.start(request_for(payment_ref, PRICE))
    with pytest.raises(ProviderRefused) as caught:
        provider.start(request_for(payment_ref, Money(1, "CNY")))
    assert "OUT_TRADE_NO_USED" in caught.value.details["reason"]


def test_closing_what_was_never_started_says_so(client: Client) -> None:
    report = client().close(payment_ref=ids.new_id("pay"), provider_ref=None, key="")
    assert report.status is ReportStatus.ABSENT


def test_long_names_are_cut_between_characters(simulator: WechatSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    request = request_for(payment_ref, PRICE)
    object.__setattr__(request, "description", "咖啡" * 100)
    client().start(request)
    assert simulator.books.trade(payment_ref).data["asked"]["description"] == "咖啡" * 21


def test_a_notification_is_sent_until_it_is_taken(simulator: WechatSimulator, client: Client) -> None:
    simulator.faults.clear()
    with run_listener() as listener:
        listener.statuses[:] = [500]
        provider = client(notify_url=listener.url)
        payment_ref = ids.new_id("pay")
        provider.start(request_for(payment_ref, PRICE))
        simulator.pay(payment_ref)
        hooks = wait_until(lambda: listener.hooks if len(listener.hooks) >= 2 else None, timeout_s=10)
    first, again = (
        provider.parse_webhook(headers=hook.headers, body=hook.body, at=clock.now()) for hook in hooks
    )
    assert (first.event_id, first.payment) == (again.event_id, again.payment)
