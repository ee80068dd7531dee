"""One simulated Stripe for each file of tests: its references are never used twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hutong.pay.payments.providers.stripe.client import StripeProvider
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe import StripeSimulator

MakeClient = Callable[..., StripeProvider]


@pytest.fixture(scope="module")
def simulator() -> Iterator[StripeSimulator]:
    made = StripeSimulator()
    with running(made):
        yield made


@pytest.fixture(scope="module")
def client(simulator: StripeSimulator) -> MakeClient:
    """Clients of the simulator; keyword arguments replace what they would be made with.

    One is made once for the same arguments: reading the certificates of the machine takes longer than a test.
    """
    made: dict[str, StripeProvider] = {}

    def make(**changed: object) -> StripeProvider:
        if repr(changed) not in made:
            made[repr(changed)] = new(**changed)
        return made[repr(changed)]

    def new(**changed: object) -> StripeProvider:
        usual: dict[str, Any] = {
            "url": simulator.url,
            "secret_key": simulator.secret_key,
            "webhook_secrets": simulator.webhook_secrets,
            "timeout_s": 10.0,
        }
        return StripeProvider(**{**usual, **changed})

    return make
