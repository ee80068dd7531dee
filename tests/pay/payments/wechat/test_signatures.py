"""What of WeChat Pay is believed: what it signed, for this merchant, now. Nothing else has any effect."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import (
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
    SignatureInvalid,
    WebhookMalformed,
)
from hutong.pay.payments.providers.wechat.client import WechatProvider
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.server import Answer, Call
from tests.fakes.providers.wechat import words
from tests.fakes.providers.wechat.keys import Account, certified, new_key, private_pem, public_pem
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.pay.payments.contract import refund_of, request_for
from tests.pay.payments.wechat.conftest import MCHID, PUBLIC_KEY_ID, Client, Keys, client_of

PRICE = Money(1990, "CNY")


@pytest.fixture(scope="module")
def provider(keys: Keys, shared: WechatSimulator) -> WechatProvider:
    return client_of(keys, shared)


@pytest.fixture
def notice(provider: WechatProvider, shared: WechatSimulator) -> tuple[dict[str, str], bytes]:
    payment_ref = paid(provider, shared)
    return shared.about(payment_ref)[-1]


def paid(provider: WechatProvider, simulator: WechatSimulator) -> str:
    payment_ref = ids.new_id("pay")
    provider.start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    return payment_ref


def refuses(provider: WechatProvider, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        provider.parse_webhook(headers=headers, body=body, at=clock.now())


def test_the_event_is_known_by_its_id_however_often_it_is_signed(
    provider: WechatProvider, notice: tuple[dict[str, str], bytes]
) -> None:
    headers, body = notice
    first, again = (
        provider.parse_webhook(headers=headers, body=body, at=clock.now() + timedelta(seconds=seconds))
        for seconds in (0, 299)
    )
    assert first == again
    assert first.event_id == json.loads(body)["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"wechatpay-signature": ""},
        {"wechatpay-signature": "@@@ no base64 @@@"},
        {"wechatpay-signature": "é中"},
        {"wechatpay-signature": "WECHATPAY/SIGNTEST/aGVsbG8="},
        {"wechatpay-signature": base64.b64encode(b"x" * 256).decode()},
        {"wechatpay-timestamp": ""},
        {"wechatpay-timestamp": "soon"},
        {"wechatpay-timestamp": "٣"},
        {"wechatpay-timestamp": "9" * 40},
        {"wechatpay-timestamp": "99999999999"},
        {"wechatpay-timestamp": "-1"},
        {"wechatpay-nonce": ""},
        {"wechatpay-nonce": "another\nnonce"},
        {"wechatpay-nonce": "\ud800"},
        {"wechatpay-serial": ""},
        {"wechatpay-serial": "4D4F"},
        {"wechatpay-serial": PUBLIC_KEY_ID},
        {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_junk_in_a_header_is_refused(
    provider: WechatProvider, notice: tuple[dict[str, str], bytes], change: dict[str, str]
) -> None:
    headers, body = notice
    lower = {name.lower(): value for name, value in headers.items()}
    refuses(provider, {**lower, **change}, body)
    # The control: without the change it is taken.
    assert provider.parse_webhook(headers=lower, body=body, at=clock.now()).payment is not None


def test_a_missing_header_is_refused(provider: WechatProvider, notice: tuple[dict[str, str], bytes]) -> None:
    headers, body = notice
    for name in ("Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial"):
        refuses(provider, {key: value for key, value in headers.items() if key != name}, body)
    refuses(provider, {}, body)


def test_a_notification_with_a_newer_date_and_its_old_signature_is_refused(
    provider: WechatProvider, notice: tuple[dict[str, str], bytes]
) -> None:
    headers, body = notice
    later = str(int(headers["Wechatpay-Timestamp"]) + 60)
    refuses(provider, {**headers, "Wechatpay-Timestamp": later}, body)


def test_somebody_elses_key_is_refused_under_any_serial(
    keys: Keys, shared: WechatSimulator, provider: WechatProvider, notice: tuple[dict[str, str], bytes]
) -> None:
    _, body = notice
    forger = certified(keys.merchant)
    for serial in (forger.serial, shared.signers[-1].serial, PUBLIC_KEY_ID):
        refuses(provider, replace(forger, serial=serial).headers(body, clock.now()), body)


def told(simulator: WechatSimulator, payment_ref: str) -> dict[str, object]:
    return words.transaction(simulator.books.trade(payment_ref), simulator.account, state="SUCCESS")


@pytest.mark.parametrize(
    "change",
    [
        {"trade_state": "WHATEVER"},
        {"amount": {"total": "1990", "currency": "CNY"}},
        {"amount": {"total": 19.9, "currency": "CNY"}},
        {"amount": {"total": -1990, "currency": "CNY"}},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {}},
        {"amount": None},
    ],
)
def test_what_is_signed_and_not_an_amount_is_malformed(
    provider: WechatProvider, shared: WechatSimulator, change: dict[str, object]
) -> None:
    payment_ref = paid(provider, shared)
    body = shared.notice("TRANSACTION.SUCCESS", {**told(shared, payment_ref), **change})
    with pytest.raises(WebhookMalformed):
        provider.parse_webhook(
            headers=shared.signers[-1].headers(body, clock.now()), body=body, at=clock.now()
        )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"{}",
        b'{"id": 7, "event_type": "TRANSACTION.SUCCESS", "resource": {}}',
        b'{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": []}',
        b'{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": {"algorithm": "none"}}',
        b'{"id": "EV-1", "event_type": "X", "resource": {"ciphertext": "%%%", "nonce": "n"}}',
        b'{"id": "EV-1", "event_type": "X", "resource": {"ciphertext": "AAAA", "nonce": ""}}',
        b"[" * 60_000,
    ],
)
def test_what_is_signed_and_cannot_be_read_is_malformed(
    provider: WechatProvider, shared: WechatSimulator, body: bytes
) -> None:
    paid(provider, shared)
    with pytest.raises(WebhookMalformed):
        provider.parse_webhook(
            headers=shared.signers[-1].headers(body, clock.now()), body=body, at=clock.now()
        )


def test_what_is_sealed_for_another_merchant_or_as_something_else_is_malformed(
    provider: WechatProvider, shared: WechatSimulator
) -> None:
    payment_ref = paid(provider, shared)
    message = json.loads(shared.notice("TRANSACTION.SUCCESS", told(shared, payment_ref)))
    stranger = Account(MCHID, "wx", "f" * 32, {})
    for resource in (
        stranger.sealed(json.dumps(told(shared, payment_ref)), "transaction"),
        {**message["resource"], "associated_data": "refund"},
        {**message["resource"], "nonce": "0" * 12},
    ):
        body = json.dumps({**message, "resource": resource}).encode()
        with pytest.raises(WebhookMalformed):
            provider.parse_webhook(
                headers=shared.signers[-1].headers(body, clock.now()), body=body, at=clock.now()
            )


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("COUPON.USE", {}),
        ("TRANSACTION.SUCCESS", {"mchid": "1900000999"}),
        ("TRANSACTION.SUCCESS", {"appid": "wxanother"}),
        ("TRANSACTION.SUCCESS", {"out_trade_no": None, "mchid": None}),
    ],
)
def test_what_is_about_nothing_of_ours_says_so(
    provider: WechatProvider, shared: WechatSimulator, kind: str, change: dict[str, object]
) -> None:
    body = shared.notice(kind, {**told(shared, paid(provider, shared)), **change})
    event = provider.parse_webhook(
        headers=shared.signers[-1].headers(body, clock.now()), body=body, at=clock.now()
    )
    assert (event.payment, event.refund) == (None, None)
    assert event.event_id


def altered(simulator: WechatSimulator, change: Callable[[Answer], Answer]) -> None:
    """Every answer but the certificates is changed on its way."""
    handle = simulator.handle

    def handled(call: Call) -> Answer:
        answer = handle(call)
        return answer if call.path == "/v3/certificates" else change(answer)

    simulator.handle = handled  # type: ignore[method-assign]


def _without_seal(answer: Answer) -> Answer:
    return replace(answer, headers={})


def _with_another_body(answer: Answer) -> Answer:
    return replace(
        answer, body=answer.body.replace(b"NOTPAY", b"CLOSED").replace(b"weixin", b"wexiin") + b" "
    )


@pytest.mark.parametrize("change", [_without_seal, _with_another_body])
def test_a_reply_that_is_not_signed_is_not_believed(
    simulator: WechatSimulator, client: Client, change: Callable[[Answer], Answer]
) -> None:
    provider = client()
    payment_ref = ids.new_id("pay")
    provider.start(request_for(payment_ref, PRICE))
    altered(simulator, change)
    # Calls with an effect may have had it; one that only asks says what is wrong.
    with pytest.raises(OutcomeUnknown):
        provider.start(request_for(ids.new_id("pay"), PRICE))
    with pytest.raises(ProviderRefused):
        provider.query(payment_ref=payment_ref, provider_ref=None)


def test_the_signature_of_an_empty_reply_is_checked_too(
    keys: Keys, simulator: WechatSimulator, client: Client
) -> None:
    provider = client()
    payment_ref = ids.new_id("pay")
    provider.start(request_for(payment_ref, PRICE))
    forger = replace(certified(keys.merchant), serial=simulator.signers[-1].serial)
    altered(
        simulator,
        lambda answer: replace(answer, headers=forger.headers(answer.body, clock.now())),
    )
    with pytest.raises(OutcomeUnknown) as caught:
        provider.close(payment_ref=payment_ref, provider_ref=None, key="")
    assert "signature is wrong" in caught.value.details["reason"]
    altered(simulator, _without_seal)
    with pytest.raises(OutcomeUnknown):
        provider.close(payment_ref=payment_ref, provider_ref=None, key="")


def test_an_old_reply_played_again_is_not_believed(simulator: WechatSimulator, client: Client) -> None:
    provider = client()
    other_ref, payment_ref = paid(provider, simulator), ids.new_id("pay")
    provider.start(request_for(payment_ref, PRICE))
    old = words.transaction(simulator.books.trade(other_ref), simulator.account)
    body = json.dumps(old).encode()
    # Signed now, and about another payment.
    altered(simulator, lambda _answer: Answer(200, body, simulator.signers[-1].headers(body, clock.now())))
    with pytest.raises(OutcomeUnknown):
        provider.query(payment_ref=payment_ref, provider_ref=None)
    # About this payment, and signed ten minutes ago.
    then = clock.now() - timedelta(minutes=10)
    body = json.dumps({**old, "out_trade_no": payment_ref}).encode()
    altered(simulator, lambda _answer: Answer(200, body, simulator.signers[-1].headers(body, then)))
    with pytest.raises(ProviderRefused) as caught:
        provider.query(payment_ref=payment_ref, provider_ref=None)
    assert "clock" in caught.value.details["reason"]


def test_a_new_certificate_is_fetched_when_it_turns_up(
    keys: Keys, simulator: WechatSimulator, client: Client
) -> None:
    provider = client(retry_s=0)
    payment_ref = paid(provider, simulator)
    simulator.signers.append(certified(keys.next_platform))
    assert provider.query(payment_ref=payment_ref, provider_ref=None).status is ReportStatus.DONE
    simulator.notify(payment_ref)
    headers, body = simulator.about(payment_ref)[-1]
    assert headers["Wechatpay-Serial"] == simulator.signers[-1].serial
    assert provider.parse_webhook(headers=headers, body=body, at=clock.now()).payment is not None
    # The old one counts beside it, until WeChat Pay takes it from the list.
    old = simulator.signers[1].headers(body, clock.now())
    assert provider.parse_webhook(headers=old, body=body, at=clock.now()).payment is not None
    del simulator.signers[1]
    simulator.signers.append(certified(new_key()))
    assert provider.query(payment_ref=payment_ref, provider_ref=None).status is ReportStatus.DONE
    refuses(provider, old, body)


def test_unknown_serials_do_not_make_us_fetch_all_day(simulator: WechatSimulator, client: Client) -> None:
    provider = client()
    paid(provider, simulator)
    before = len(simulator.calls)
    for number in range(20):
        headers = replace(simulator.signers[-1], serial=f"{number:X}").headers(b"{}", clock.now())
        refuses(provider, headers, b"{}")
    assert len(simulator.calls) == before


def test_an_expired_certificate_is_not_trusted(
    keys: Keys, simulator: WechatSimulator, client: Client
) -> None:
    simulator.signers[:] = [certified(keys.platform, days=-1)]
    with pytest.raises(ProviderRefused) as caught:
        client().start(request_for(ids.new_id("pay"), PRICE))
    assert "certificate" in caught.value.details["reason"]


@pytest.mark.parametrize("by_public_key", [False, True])
def test_a_wrong_key_of_ours_is_a_clear_no(client: Client, by_public_key: bool, keys: Keys) -> None:
    for wrong in ({"merchant_key": private_pem(keys.platform)}, {"merchant_serial": "77"}, {"mchid": "1"}):
        provider = client(by_public_key=by_public_key, **wrong)
        for call in (
            partial(provider.start, request_for(ids.new_id("pay"), PRICE)),
            partial(provider.query, payment_ref=ids.new_id("pay"), provider_ref=None),
            partial(provider.fetch_bill, on=clock.now().date()),
        ):
            with pytest.raises(ProviderRefused) as caught:
                call()
            assert "SIGN_ERROR" in caught.value.details["reason"]


def test_a_wrong_key_says_nothing_about_a_refund(
    simulator: WechatSimulator, client: Client, keys: Keys
) -> None:
    payment_ref = paid(client(), simulator)
    # An earlier call may have made this refund: it must not be taken for failed.
    with pytest.raises(ProviderUnavailable):
        client(merchant_key=private_pem(keys.platform)).refund(refund_of(payment_ref, "", Money(1, "CNY")))
    assert simulator.books.trade(payment_ref).sent_back == 0


def test_a_wrong_key_of_theirs_is_found_by_asking(client: Client, keys: Keys) -> None:
    provider = client(public_key=public_pem(keys.platform), public_key_id=PUBLIC_KEY_ID)
    with pytest.raises(OutcomeUnknown):
        provider.start(request_for(ids.new_id("pay"), PRICE))
    with pytest.raises(ProviderRefused) as caught:
        provider.query(payment_ref=ids.new_id("pay"), provider_ref=None)
    assert "signature is wrong" in caught.value.details["reason"]


def test_a_wrong_api_v3_key_is_a_clear_no(client: Client) -> None:
    with pytest.raises(ProviderRefused) as caught:
        client(api_v3_key="f" * 32).start(request_for(ids.new_id("pay"), PRICE))
    assert "APIv3 key" in caught.value.details["reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchant_key": ""},
        {"merchant_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"},
        {"public_key": "no key", "public_key_id": PUBLIC_KEY_ID},
        {"public_key_id": PUBLIC_KEY_ID},
        {"api_v3_key": "short"},
    ],
)
def test_keys_that_cannot_be_keys_are_named(client: Client, wrong: dict[str, str]) -> None:
    with pytest.raises(ProviderRefused) as caught:
        client(**wrong)
    assert "key" in caught.value.details["reason"]


def test_a_clock_that_is_wrong_is_named(simulator: WechatSimulator, client: Client) -> None:
    simulator.books.offset = timedelta(minutes=6)
    with pytest.raises(ProviderRefused) as caught:
        client().start(request_for(ids.new_id("pay"), PRICE))
    assert "timestamp" in caught.value.details["reason"]
