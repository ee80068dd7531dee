"""The simulator of Alipay, and a client of it; keys are made once a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from hutong.pay.payments.providers.alipay.client import AlipayProvider
from tests.fakes.providers.alipay import AlipaySimulator, Keys, make_keys
from tests.fakes.providers.server import running

Client = Callable[..., AlipayProvider]


@pytest.fixture(scope="session")
def alipay_keys() -> Keys:
    """Both sides' keys."""
    return make_keys()


@pytest.fixture(scope="session")
def _alipay(alipay_keys: Keys) -> Iterator[AlipaySimulator]:
    with running(AlipaySimulator(keys=alipay_keys)) as simulator:
        yield cast(AlipaySimulator, simulator)


@pytest.fixture
def alipay(_alipay: AlipaySimulator) -> Iterator[AlipaySimulator]:
    """The simulator, with nothing that goes wrong yet."""
    yield _alipay
    _alipay.faults.clear()
    _alipay.no_bill_for.clear()
    _alipay.planted_lines.clear()


@pytest.fixture(scope="session")
def _clients() -> dict[str, AlipayProvider]:
    return {}


@pytest.fixture
def client(alipay: AlipaySimulator, _clients: dict[str, AlipayProvider]) -> Client:
    """A client of the simulator, where what is given takes the place of what is right.

    To read a key takes a tenth of a second, so the same client serves as long as the same is given.
    """

    def make(**given: Any) -> AlipayProvider:
        right: dict[str, Any] = {
            "url": f"{alipay.url}/gateway.do",
            "app_id": alipay.app_id,
            "seller_id": alipay.seller_id,
            "private_key": alipay.keys.merchant.private_text,
            "alipay_public_keys": [alipay.keys.alipay.public_text],
            "way": "precreate",
            "notify_url": "",
            "timeout_s": 10.0,
        }
        known = repr(sorted(given.items()))
        if known not in _clients:
            _clients[known] = AlipayProvider(**right | given)
        return _clients[known]

    return make
