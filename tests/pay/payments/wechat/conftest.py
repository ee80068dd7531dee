"""WeChat Pay's simulator for a test, with keys that are made once a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from hutong.pay.payments.providers.wechat.client import WechatProvider
from tests.fakes.providers.books import Books
from tests.fakes.providers.server import running
from tests.fakes.providers.wechat.keys import Account, Signer, certified, new_key, private_pem, public_pem
from tests.fakes.providers.wechat.simulator import WechatSimulator

MCHID, APPID, SERIAL = "1900000109", "wxd678efh567hg6787", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
API_V3_KEY = "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024110100003"


@dataclass(frozen=True)
class Keys:
    """The merchant's key, and three that WeChat Pay signs with."""

    merchant: RSAPrivateKey
    platform: RSAPrivateKey
    next_platform: RSAPrivateKey
    public: RSAPrivateKey


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(new_key(), new_key(), new_key(), new_key())


@pytest.fixture(scope="session")
def account(keys: Keys) -> Account:
    return Account(MCHID, APPID, API_V3_KEY, {SERIAL: keys.merchant.public_key()})


@contextmanager
def simulated(keys: Keys, account: Account) -> Iterator[WechatSimulator]:
    """It knows both ways to sign: by a certificate, and by the public key where a call asks for it."""
    signers = [Signer(PUBLIC_KEY_ID, keys.public), certified(keys.platform)]
    made = WechatSimulator(books=Books(prefix="42"), account=account, signers=signers, made_after=None)
    # Notifications are signed and kept, and go nowhere: nobody listens at the notify address.
    made.faults.rates["lose_notice"] = (1.0, 1)
    with running(made):
        yield made


@pytest.fixture
def simulator(keys: Keys, account: Account) -> Iterator[WechatSimulator]:
    """A simulator that a test may do anything to."""
    with simulated(keys, account) as made:
        yield made


@pytest.fixture(scope="module")
def shared(keys: Keys, account: Account) -> Iterator[WechatSimulator]:
    """One for tests that leave each other's payments alone."""
    with simulated(keys, account) as made:
        yield made


def client_of(
    keys: Keys, simulator: WechatSimulator, *, by_public_key: bool = False, **others: Any
) -> WechatProvider:
    """A client; by certificates unless `by_public_key`. Every argument can be another."""
    entered = {"public_key": public_pem(keys.public), "public_key_id": PUBLIC_KEY_ID}
    arguments = {
        "url": simulator.url,
        "mchid": MCHID,
        "appid": APPID,
        "merchant_serial": SERIAL,
        "merchant_key": private_pem(keys.merchant),
        "api_v3_key": API_V3_KEY,
        "notify_url": "https://shop.example/api/v1/webhooks/wechat",
        **(entered if by_public_key else {}),
        **others,
    }
    return WechatProvider(**arguments)


Client = Callable[..., WechatProvider]


@pytest.fixture
def client(keys: Keys, simulator: WechatSimulator) -> Client:
    """Makes clients of the test's own simulator."""
    return partial(client_of, keys, simulator)
