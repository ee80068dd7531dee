"""What Alipay did not sign, or not for us, or too long ago, is refused: notifications, and answers to calls."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments.providers.alipay import signing
from hutong.pay.payments.providers.errors import (
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
    SignatureInvalid,
    WebhookMalformed,
)
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.alipay import AlipaySimulator, Keys, Pair
from tests.fakes.providers.alipay.keys import joined, make_pair
from tests.fakes.providers.server import Answer
from tests.faults.figures import Measured
from tests.pay.payments.alipay.conftest import Client
from tests.pay.payments.contract import refund_of, request_for

PRICE = Money(1990, "CNY")
MUTATIONS = 500
Form = dict[str, str]


@pytest.fixture(scope="session")
def stranger() -> Pair:
    """A key that nobody knows."""
    return make_pair()


@pytest.fixture
def paid_ref(alipay: AlipaySimulator, client: Client) -> str:
    """A payment that is paid."""
    ref = ids.new_id("pay")
    client().start(request_for(ref, PRICE))
    alipay.pay(ref)
    return ref


@pytest.fixture
def form(alipay: AlipaySimulator, paid_ref: str) -> Form:
    """The fields of its notification."""
    return dict(parse_qsl(alipay.about(paid_ref)[-1][1].decode()))


def signed(pair: Pair, fields: Form, **changed: str) -> bytes:
    """A notification with changed fields, signed anew."""
    told = {name: value for name, value in (fields | changed).items() if name not in ("sign", "sign_type")}
    return urlencode({**told, "sign_type": "RSA2", "sign": pair.sign(joined(told))}).encode()


def refused(client: Client, body: bytes, *, later: timedelta = timedelta()) -> None:
    with pytest.raises(SignatureInvalid):
        client().parse_webhook(headers={}, body=body, at=clock.now() + later)


def test_the_fixture_is_taken(client: Client, alipay: AlipaySimulator, form: Form, paid_ref: str) -> None:
    body = signed(alipay.keys.alipay, form)
    event = client().parse_webhook(headers={"x-junk": "\udcff\r\n"}, body=body, at=clock.now())
    assert event.payment is not None
    assert (event.payment.payment_ref, event.payment.captured) == (paid_ref, PRICE)
    assert event.event_id == form["notify_id"]


def test_another_key_is_refused(client: Client, stranger: Pair, form: Form) -> None:
    refused(client, signed(stranger, form))


@pytest.mark.parametrize("name", ["app_id", "seller_id"])
def test_what_alipay_tells_somebody_else_is_refused(
    client: Client, alipay: AlipaySimulator, form: Form, name: str
) -> None:
    refused(client, signed(alipay.keys.alipay, form, **{name: "2088999999999999"}))
    without = {field: value for field, value in form.items() if field != name}
    refused(client, signed(alipay.keys.alipay, without))


def test_every_field_is_signed_but_two(client: Client, form: Form) -> None:
    for name in form:
        refused(client, urlencode({**form, name: form[name] + "0"}).encode())
        refused(client, urlencode({field: value for field, value in form.items() if field != name}).encode())
    refused(client, urlencode({**form, "extra": "1"}).encode())
    refused(client, urlencode([*form.items(), ("app_id", form["app_id"])]).encode())


@pytest.mark.parametrize("sign_type", ["RSA", "rsa2", "MD5", "", "RSA2 "])
def test_no_weaker_signature_is_taken(client: Client, form: Form, sign_type: str) -> None:
    refused(client, urlencode({**form, "sign_type": sign_type}).encode())


def test_a_signature_is_written_in_one_way_only(client: Client, form: Form) -> None:
    signature = form["sign"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(signature[-3]) ^ 1]  # a bit of the padding
    for other in (signature[:-3] + last + "==", signature + "\n", signature.rstrip("="), " " + signature, ""):
        refused(client, urlencode({**form, "sign": other}).encode())


def test_one_field_is_not_read_as_two(client: Client, alipay: AlipaySimulator, form: Form) -> None:
    """`&` is not escaped in what is signed: a title could bring its own amount."""
    told = {**form, "subject": "tea&total_amount=0.01"}
    whole = signed(alipay.keys.alipay, told)
    cut = dict(parse_qsl(whole.decode())) | {"subject": "tea"}
    pairs = [*cut.items(), ("total_amount", "0.01")]
    refused(client, urlencode(pairs).encode())
    refused(client, whole)


@pytest.mark.parametrize("hours", [-1, 27, 24 * 30])
def test_notifications_of_another_time_are_refused(
    client: Client, alipay: AlipaySimulator, form: Form, hours: int
) -> None:
    refused(client, signed(alipay.keys.alipay, form), later=timedelta(hours=hours))


def test_the_last_repetition_after_25_hours_is_taken(
    client: Client, alipay: AlipaySimulator, paid_ref: str
) -> None:
    headers, body = alipay.about(paid_ref)[-1]
    at = clock.now() + timedelta(hours=25, minutes=30)
    assert client().parse_webhook(headers=headers, body=body, at=at).payment is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"total_amount": "19.9.0"},
        {"total_amount": "-19.90"},
        {"total_amount": "0.00"},
        {"total_amount": "19.901"},
        {"total_amount": "１９.90"},
        {"total_amount": ""},
        {"trade_status": "TRADE_MAYBE"},
        {"out_trade_no": "pay_1/../2"},
        {"notify_time": "yesterday"},
        {"notify_time": "2026-02-30 00:00:00"},
        {"notify_id": ""},
        {"notify_id": "9" * 101},
        {"trans_currency": "yuan"},
    ],
    ids=str,
)
def test_signed_well_and_not_to_be_understood(
    client: Client, alipay: AlipaySimulator, form: Form, changed: Form
) -> None:
    with pytest.raises(WebhookMalformed):
        client().parse_webhook(headers={}, body=signed(alipay.keys.alipay, form, **changed), at=clock.now())


@pytest.mark.parametrize(
    ("changed", "money"),
    [
        ({"total_amount": "19.91"}, Money(1991, "CNY")),
        ({"total_amount": "19.9"}, Money(1990, "CNY")),
        ({"trans_currency": "USD"}, Money(1990, "USD")),
        ({"trans_currency": "JPY", "total_amount": "1990"}, Money(1990, "JPY")),
    ],
    ids=str,
)
def test_other_money_is_named_as_what_it_is(
    client: Client, alipay: AlipaySimulator, form: Form, changed: Form, money: Money
) -> None:
    event = client().parse_webhook(
        headers={}, body=signed(alipay.keys.alipay, form, **changed), at=clock.now()
    )
    assert event.payment is not None
    assert event.payment.captured == money


@pytest.mark.figure
def test_500_mutations_are_never_accepted(
    client: Client, alipay: AlipaySimulator, paid_ref: str, measured: Measured
) -> None:
    """Figure 10. A change that leaves the same message in another writing is none, and made anew."""
    headers, body = alipay.about(paid_ref)[-1]
    dice, provider, tried = random.Random(4), client(), 0
    # The control: as it came, it is believed.
    assert provider.parse_webhook(headers=headers, body=body, at=clock.now()).payment is not None
    while tried < MUTATIONS:
        forged = _mutated(body, dice)
        if dict(parse_qsl(forged.decode("latin-1"))) == dict(parse_qsl(body.decode())):
            continue
        tried += 1
        with pytest.raises(DomainError) as said:
            provider.parse_webhook(headers={"Content-Type": "\x00"}, body=forged, at=clock.now())
        assert said.value.status < 500
    measured(10, "forged notifications at alipay", f"{tried} of {tried} changed ones refused, none a fault")


def _mutated(data: bytes, dice: random.Random) -> bytes:
    """One to three changes: a byte turned, a piece lost, or a piece of a form too many."""
    forged = bytearray(data)
    for _change in range(dice.randint(1, 3)):
        at = dice.randrange(len(forged))
        kind = dice.randrange(3)
        if kind == 0:
            forged[at] = dice.randrange(256)
        elif kind == 1:
            del forged[at : at + dice.randint(1, 40)]
        else:
            forged[at:at] = dice.choice([b"&", b"=", b"%00", b"%ff", b"&sign_type=RSA2", b"\xff", b"sign="])
    return bytes(forged)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"sign", b"a=1;b=2", b"&" * 300, b"%", json.dumps({}).encode()]
)
def test_junk_is_refused(client: Client, body: bytes) -> None:
    refused(client, body)


def test_a_key_of_alipay_is_changed_while_both_fit(
    client: Client, alipay: AlipaySimulator, stranger: Pair, form: Form
) -> None:
    old, new = alipay.keys.alipay, stranger
    both = client(alipay_public_keys=[new.public_pem, old.public_text])
    for pair in (old, new):
        assert both.parse_webhook(headers={}, body=signed(pair, form), at=clock.now()).payment is not None
    alone = client(alipay_public_keys=[new.public_text])
    with pytest.raises(SignatureInvalid):
        alone.parse_webhook(headers={}, body=signed(old, form), at=clock.now())


@pytest.mark.parametrize(
    "given",
    [
        {"private_key": ""},
        {"private_key": "-----BEGIN PRIVATE KEY-----\njunk\n-----END PRIVATE KEY-----"},
        {"private_key": "é"},
        {"alipay_public_keys": ["MIIB"]},
        {"alipay_public_keys": []},
        {"way": "pigeon"},
        {"app_id": ""},
        {"seller_id": ""},
    ],
    ids=str,
)
def test_keys_and_ids_that_cannot_be_used_are_named(client: Client, given: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefused) as raised:
        client(**given)
    assert raised.value.details["reason"]


def test_keys_are_taken_as_pem_and_bare(client: Client, alipay_keys: Keys) -> None:
    pem = client(
        private_key=alipay_keys.merchant.private_pem, alipay_public_keys=[alipay_keys.alipay.public_pem]
    )
    assert pem.query(payment_ref="pay_none", provider_ref=None).status is ReportStatus.ABSENT


@pytest.mark.parametrize(
    ("of_whom", "word"), [("private_key", "isv.invalid-signature"), ("app_id", "isv.invalid-app-id")]
)
def test_a_wrong_key_or_application_is_refused_with_its_reason(
    client: Client, stranger: Pair, of_whom: str, word: str
) -> None:
    wrong = {"private_key": stranger.private_text, "app_id": "2021999999999999"}[of_whom]
    provider = client(**{of_whom: wrong})
    with pytest.raises(ProviderRefused) as asked:
        provider.query(payment_ref="pay_none", provider_ref=None)
    assert word in asked.value.details["reason"]
    with pytest.raises(ProviderRefused) as started:
        provider.start(request_for(ids.new_id("pay"), PRICE))
    assert word in started.value.details["reason"]


def test_an_answer_under_another_key_is_not_believed(
    client: Client, alipay: AlipaySimulator, stranger: Pair, paid_ref: str
) -> None:
    """What changes nothing says that the key is wrong; what may have had its effect stays unknown."""
    provider = client(alipay_public_keys=[stranger.public_text])
    with pytest.raises(ProviderRefused) as asked:
        provider.query(payment_ref=paid_ref, provider_ref=None)
    assert "public key of Alipay" in asked.value.details["reason"]
    with pytest.raises(OutcomeUnknown):
        provider.refund(refund_of(paid_ref, paid_ref, Money(500, "CNY")))
    assert alipay.books.trade(paid_ref).sent_back == 500


def answering(alipay: AlipaySimulator, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Somebody between us and Alipay gives this answer to everything."""
    monkeypatch.setattr(alipay, "handle", lambda _call: answer)


def test_the_text_is_signed_and_not_its_meaning(
    client: Client, alipay: AlipaySimulator, monkeypatch: pytest.MonkeyPatch, paid_ref: str
) -> None:
    """Spaces, escapes and the order of the members are part of what is signed; a sign in front is as good."""
    said = alipay.signed(
        "alipay.trade.query", {"code": "10000", "out_trade_no": paid_ref, "note": "a/b", **_PAID}
    )
    body = json.loads(said.body)
    raw = said.body.decode().split('_response":', 1)[1].rsplit(',"sign"', 1)[0]
    assert raw != json.dumps(json.loads(raw)), "the control: the simulator writes it in its own way"
    turned = f'{{"sign" : "{body["sign"]}",\n "alipay_trade_query_response":{raw}}}'
    answering(alipay, monkeypatch, Answer(200, turned.encode()))
    assert client().query(payment_ref=paid_ref, provider_ref=None).captured == PRICE
    answering(alipay, monkeypatch, Answer(200, f'{{"sign":"",{turned[1:]}'.encode()))
    with pytest.raises(OutcomeUnknown):
        client().query(payment_ref=paid_ref, provider_ref=None)
    written_anew = {"alipay_trade_query_response": json.loads(raw), "sign": body["sign"]}
    answering(alipay, monkeypatch, Answer(200, json.dumps(written_anew).encode()))
    with pytest.raises(ProviderRefused):
        client().query(payment_ref=paid_ref, provider_ref=None)


_PAID = {"trade_status": "TRADE_SUCCESS", "total_amount": "19.90", "trade_no": "2088T1"}


def test_an_answer_about_another_payment_is_none(
    client: Client, alipay: AlipaySimulator, monkeypatch: pytest.MonkeyPatch, paid_ref: str
) -> None:
    other = alipay.signed("alipay.trade.query", {"code": "10000", "out_trade_no": paid_ref, **_PAID})
    answering(alipay, monkeypatch, other)
    with pytest.raises(OutcomeUnknown):
        client().query(payment_ref=ids.new_id("pay"), provider_ref=None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"sign":"x"}',
        b'{"alipay_trade_precreate_response":{}}',
        b'{"alipay_trade_precreate_response":7,"sign":"x"}',
        b'{"alipay_trade_precreate_response":{"code":"10000"},"sign":"x","sign":"y"}',
        b'{"alipay_trade_precreate_response":' + b"[" * 100_000,
        b'{"alipay_trade_precreate_response":{"code":"40004","sub_code":"ACQ.ANY"}}',
        b'{"alipay_trade_precreate_response":{"code":"10000","qr_code":"https://evil.example"}}',
        b'{"alipay_trade_precreate_response":{"code":"10000","qr_code":"https://evil.example"},"sign":"eA=="}',
        "\xff".encode("latin-1"),
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_start_that_is_answered_with_junk_stays_unknown(
    client: Client, alipay: AlipaySimulator, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    answering(alipay, monkeypatch, Answer(200, body))
    with pytest.raises(OutcomeUnknown):
        client().start(request_for(ids.new_id("pay"), PRICE))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            {"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error"},
            OutcomeUnknown,
        ),
        ({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.SYSTEM_ERROR"}, OutcomeUnknown),
        ({"code": "40005", "msg": "Call Limited", "sub_code": "isv.app-call-limited"}, ProviderUnavailable),
        ({"code": "40006", "msg": "Insufficient Permissions"}, ProviderRefused),
        ({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_HAS_CLOSE"}, ProviderRefused),
        ({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_HAS_SUCCESS"}, OutcomeUnknown),
    ],
    ids=lambda value: value.get("sub_code") if isinstance(value, dict) else value.__name__,
)
def test_what_alipay_says_no_to(
    client: Client,
    alipay: AlipaySimulator,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, str],
    error: type[DomainError],
) -> None:
    answering(alipay, monkeypatch, alipay.signed("alipay.trade.precreate", said))
    with pytest.raises(error):
        client().start(request_for(ids.new_id("pay"), PRICE))


def test_a_short_key_is_not_used() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    short = Pair(rsa.generate_private_key(65537, 1024))
    with pytest.raises(ProviderRefused):
        signing.read_private_key(short.private_text)
    with pytest.raises(ProviderRefused):
        signing.read_public_key(short.public_text)
