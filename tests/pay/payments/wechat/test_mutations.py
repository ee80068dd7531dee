"""Figure 10 at WeChat Pay: 500 changed notifications, none believed, and none that breaks anything."""

from __future__ import annotations

import base64
import binascii
import random

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.faults.figures import Measured
from tests.pay.payments.contract import request_for
from tests.pay.payments.wechat.conftest import Client

SIGNED = ("Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial")
MUTATIONS = 500


@pytest.mark.figure
@pytest.mark.parametrize("by_public_key", [False, True], ids=["certificate", "public-key"])
def test_500_mutations_are_never_accepted(
    simulator: WechatSimulator, client: Client, by_public_key: bool, measured: Measured
) -> None:
    """Each changes the body or one signed header; one that leaves what was signed as it was is none, and made anew."""
    provider = client(by_public_key=by_public_key)
    payment_ref = ids.new_id("pay")
    provider.start(request_for(payment_ref, Money(1990, "CNY")))
    simulator.pay(payment_ref)
    headers, body = simulator.about(payment_ref)[-1]
    # The control: as it came, it is believed.
    assert provider.parse_webhook(headers=headers, body=body, at=clock.now()).payment is not None
    draw, tried = random.Random(10), 0
    while tried < MUTATIONS:
        new_headers, new_body = dict(headers), body
        if draw.random() < 0.5:
            new_body = mutated(body, draw)
        else:
            name = draw.choice(SIGNED)
            new_headers[name] = mutated(headers[name].encode(), draw).decode("latin-1")
        if new_body == body and _meaning(new_headers) == _meaning(headers):
            continue
        tried += 1
        with pytest.raises(DomainError) as refused:
            provider.parse_webhook(headers=new_headers, body=new_body, at=clock.now())
        assert refused.value.status < 500
    key = "public key" if by_public_key else "certificate"
    measured(
        10, f"forged notifications at wechat, {key}", f"{tried} of {tried} changed ones refused, none a fault"
    )


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One bit turned, one byte lost, one byte more, or cut short."""
    place = draw.randrange(len(data))
    kind = draw.randrange(4)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + data[place + 1 :]
    if kind == 2:
        return data[:place] + bytes([draw.randrange(256)]) + data[place:]
    return data[:place]


def _meaning(headers: dict[str, str]) -> list[str]:
    """What the headers say: base64 has bits at its end that mean nothing."""
    said = [headers[name] for name in SIGNED]
    try:
        said[0] = base64.b64decode(said[0], validate=True).hex()
    except (binascii.Error, ValueError):
        return said
    return said
