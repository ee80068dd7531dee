"""The door where providers tell their news, from outside: what nobody signed is refused, and nothing breaks on it."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from hutong.kernel import ids
from hutong.pay.payments import queries
from hutong.pay.payments.types import PaymentState
from tests.factories.loop import scene
from tests.factories.payments import paid_webhook
from tests.fakes.sandbox import SECRET

pytestmark = pytest.mark.django_db

MUTATIONS = 500
# What no library of a provider sends, and a stranger may.
JUNK = [
    "",
    " ",
    ",",
    "v1,",
    "\xff",
    "\x7f",
    "-1",
    "1e9",
    "9" * 400,
    "A" * 8_000,
    "\xc3\xa9",
    "%00",
    "=?utf-8?q?x?=",
]


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.HUTONG_SANDBOX_SECRET = SECRET


def told(headers: dict[str, str], body: bytes, *, provider: str = "sandbox") -> int:
    """The status of what a stranger gets who posts this."""
    response = Client(raise_request_exception=False).post(
        f"/api/v1/webhooks/{provider}", data=body, content_type="application/json", headers=headers
    )
    return int(response.status_code)


def test_500_mutations_none_accepted_none_a_crash(at: datetime) -> None:
    """Figure 10 at the sandbox, through every middleware."""
    shop = scene(at=at)
    payment = queries.payment_for_order(shop.order().order_ref)
    assert payment is not None
    headers, body = paid_webhook(payment, secret=SECRET, at=at)
    draw, tried = random.Random(10), 0
    while tried < MUTATIONS:
        new_headers, new_body = dict(headers), body
        if draw.random() < 0.5:
            new_body = _mutated(body, draw)
        else:
            name = draw.choice(sorted(headers))
            new_headers[name] = _mutated(headers[name].encode(), draw).decode("latin-1")
        if (new_headers, new_body) == (headers, body):
            continue
        tried += 1
        assert 400 <= told(new_headers, new_body) < 500, (new_headers, new_body)
    assert _state(payment.ref) is PaymentState.CREATED
    # The control: as it was signed, it is believed.
    assert told(headers, body) == 200
    assert _state(payment.ref) is PaymentState.CAPTURED


def _state(payment_ref: str) -> PaymentState:
    found = queries.payment_by_ref(payment_ref)
    assert found is not None
    return found.state


@pytest.mark.parametrize("provider", ["sandbox", "stripe", "wechat", "alipay", "nobody"])
def test_junk_in_any_header_is_refused(provider: str, at: datetime) -> None:
    shop = scene(at=at)
    payment = queries.payment_for_order(shop.order().order_ref)
    assert payment is not None
    signed, body = paid_webhook(payment, secret=SECRET, at=at)
    names = [*signed, "Content-Encoding", "Accept", "Accept-Language", "X-Request-Id"]
    names += ["Authorization", "Idempotency-Key", "Cookie", "X-Forwarded-For", "Stripe-Signature"]
    names += [f"Wechatpay-{part}" for part in ("Signature", "Serial", "Timestamp", "Nonce", "Signature-Type")]
    for name in names:
        for junk in JUNK:
            others = {} if provider == "sandbox" and name in signed else {"webhook-id": ids.new_id("evt")}
            assert 400 <= told({**signed, **others, name: junk}, body, provider=provider) < 500, (name, junk)
    assert _state(payment.ref) is PaymentState.CREATED


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data; boundary=x", "\xff", "a/b; charset=\x7f"]
)
@pytest.mark.parametrize("body", [b"", b"\x00", b"{", b"[" * 60_000, b"a=1&a=2&%ff=%00", b"--x\r\n\r\n--x--"])
def test_any_body_of_any_kind_is_refused(kind: str, body: bytes) -> None:
    for provider in ("sandbox", "stripe", "wechat", "alipay"):
        response = Client(raise_request_exception=False).generic(
            "POST", f"/api/v1/webhooks/{provider}", body, content_type=kind
        )
        assert 400 <= response.status_code < 500


def _mutated(data: bytes, draw: random.Random) -> bytes:
    place, kind = draw.randrange(len(data)), draw.randrange(4)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + data[place + 1 :]
    if kind == 2:
        return data[:place] + bytes([draw.randrange(256)]) + data[place:]
    return data[:place]
