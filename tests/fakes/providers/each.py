"""Every provider behind one handle, for tests of whole flows: the sandbox's process, or a simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.providers.stripe.client import StripeProvider
from tests.fakes.providers.alipay import AlipaySimulator, make_keys
from tests.fakes.providers.server import Simulator, running
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.providers.wechat.keys import Account, new_key
from tests.fakes.sandbox import Sandbox, wait_until
from tests.pay.payments.wechat.conftest import API_V3_KEY, APPID, MCHID, SERIAL, Keys, client_of, simulated

Hook = tuple[dict[str, str], bytes]


@dataclass(frozen=True)
class Each:
    """One provider with the knobs a test turns."""

    name: str
    unit: str
    client: Provider | None
    """None: what the settings say, as for the sandbox."""
    open: Callable[[str], object]
    """The shopper opens the page; some know a payment only from then on."""
    pay: Callable[..., object]
    """The shopper pays; `late=True` also after the close."""
    fault: Callable[..., object]
    """`fault(kind, call, value=1)`: the next call of that name meets it; with `error_after` its answer alone is lost."""
    hooks: Callable[[str], list[Hook]]
    """The webhooks about one of our payments so far, the last of which says that it was paid."""
    refunded: Callable[[str], int]
    """What the provider's own books say went back of a payment."""
    books: Callable[[], dict[str, tuple[int, int]]]
    """All of them: what came of each payment, and what went back."""

    def captured(self, ref: str) -> int:
        """What the provider's own books say came of a payment; nothing of one that it has never heard of."""
        return self.books().get(ref, (0, 0))[0]


def of_simulator(simulator: Simulator, client: Provider, unit: str) -> Each:
    """A simulator as `Each`. It keeps its notifications; the test brings them."""
    return Each(
        name=simulator.name,
        unit=unit,
        client=client,
        open=getattr(simulator, "open", lambda _ref: None),
        pay=simulator.pay,
        fault=lambda kind, call, value=1: simulator.faults.ask(kind, call=call, value=value),
        hooks=simulator.about,
        refunded=lambda ref: simulator.books.trade(ref).sent_back,
        books=lambda: {ref: (one.paid, one.sent_back) for ref, one in simulator.books.trades.items()},
    )


def of_sandbox(sandbox: Sandbox) -> Each:
    """The sandbox as `Each`; its webhooks come by themselves to its listener."""

    def hooks(ref: str) -> list[Hook]:
        def paid() -> list[Hook]:
            found = [(hook.headers, hook.body) for hook in sandbox.listener.about(ref)]
            return [each for each in found if b'"payment.paid"' in each[1]]

        return list(wait_until(paid))

    return Each(
        name="sandbox",
        unit="EUR",
        client=None,
        open=lambda _ref: None,
        pay=sandbox.pay,
        fault=lambda kind, call, value=1: sandbox.fault(kind, call=call, value=value),
        hooks=hooks,
        refunded=lambda ref: int(sandbox.books()[ref]["refunded"]),
        books=lambda: {
            ref: (int(one["captured"]), int(one["refunded"])) for ref, one in sandbox.books().items()
        },
    )


@contextmanager
def every_simulator(*, timeout_s: float = 10.0) -> Iterator[dict[str, Each]]:
    """All three simulators, each with a client of it that waits so long; making their keys takes a second."""
    wechat_keys = Keys(new_key(), new_key(), new_key(), new_key())
    account = Account(MCHID, APPID, API_V3_KEY, {SERIAL: wechat_keys.merchant.public_key()})
    alipay_keys = make_keys()
    with (
        running(StripeSimulator()) as stripe,
        running(AlipaySimulator(keys=alipay_keys)) as alipay,
        simulated(wechat_keys, account) as wechat,
    ):
        assert isinstance(stripe, StripeSimulator)
        assert isinstance(alipay, AlipaySimulator)
        alipay_client = AlipayProvider(
            url=f"{alipay.url}/gateway.do",
            app_id=alipay.app_id,
            seller_id=alipay.seller_id,
            private_key=alipay_keys.merchant.private_text,
            alipay_public_keys=[alipay_keys.alipay.public_text],
            way="precreate",
            notify_url="",
            timeout_s=timeout_s,
        )
        stripe_client = StripeProvider(
            url=stripe.url,
            secret_key=stripe.secret_key,
            webhook_secrets=stripe.webhook_secrets,
            timeout_s=timeout_s,
        )
        yield {
            "stripe": of_simulator(stripe, stripe_client, "EUR"),
            "alipay": of_simulator(alipay, alipay_client, "CNY"),
            "wechat": of_simulator(wechat, client_of(wechat_keys, wechat, timeout_s=timeout_s), "CNY"),
        }


def offered(each: Each, settings: Any, monkeypatch: Any) -> None:
    """Let checkout offer this provider alone, by this client."""
    from hutong.pay.payments.providers import (
        registry,
    )  # Django's models are not there while fakes are loaded.

    settings.HUTONG_PROVIDERS = [each.name]
    if each.client is not None:
        settings.HUTONG_PROVIDER_KEYS = {**settings.HUTONG_PROVIDER_KEYS, each.name: {}}
        monkeypatch.setitem(registry._MAKERS, each.name, lambda _keys, _timeout_s: each.client)
        monkeypatch.setattr(registry, "_clients", {})
