"""A provider whose answers do not come: the call has its effect, then there is silence until the client gives up."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from hutong.kernel.ids import new_id
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.types import PaymentReport, RefundReport, RefundRequest, Started, StartRequest
from tests.fakes.providers.each import Each

LOST = 0.3
TIMEOUT_S, SILENCE_S = 0.35, 0.5
"""How long our client waits, and how long the provider is silent after the effect."""

Said = TypeVar("Said")


class Losing:
    """The client of a provider, of whose calls `LOST` meet a silence; however few there are, one of each name.

    `new_keys` is the control: each try to start a payment goes out under a reference and a key of its own.
    """

    def __init__(self, each: Each, client: Provider, *, seed: int, new_keys: bool = False) -> None:
        self.each = each
        self.lost: Counter[str] = Counter()
        """The calls that timed out, by their name."""
        self.refs: dict[str, list[str]] = defaultdict(list)
        """Under which references the provider was asked for each of our payments."""
        self._client = client
        self._new_keys = new_keys
        self._draw = random.Random(seed)
        self._met: set[str] = set()
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def start(self, request: StartRequest) -> Started:
        """See `Provider.start`."""
        with self._lock:
            refs = self.refs[request.payment_ref]
            if refs and self._new_keys:
                request = replace(request, key=new_id("att"), payment_ref=new_id("pay"))
            if request.payment_ref not in refs:
                refs.append(request.payment_ref)
        return self._call("start", lambda: self._client.start(request))

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """See `Provider.query`."""
        return self._call(
            "query", lambda: self._client.query(payment_ref=payment_ref, provider_ref=provider_ref)
        )

    def close(self, *, payment_ref: str, provider_ref: str | None, key: str) -> PaymentReport:
        """See `Provider.close`."""
        return self._call(
            "close", lambda: self._client.close(payment_ref=payment_ref, provider_ref=provider_ref, key=key)
        )

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `Provider.refund`."""
        return self._call("refund", lambda: self._client.refund(request))

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """See `Provider.query_refund`."""
        return self._call(
            "query_refund",
            lambda: self._client.query_refund(
                refund_ref=refund_ref, payment_ref=payment_ref, provider_ref=provider_ref
            ),
        )

    def _call(self, name: str, make: Callable[[], Said]) -> Said:
        with self._lock:
            lost = self._draw.random() < LOST or name not in self._met
            self._met.add(name)
        if lost:
            # The sandbox has one name for all questions.
            asked = "query" if self.each.name == "sandbox" and name == "query_refund" else name
            self.each.fault("timeout_after", asked, SILENCE_S)
        try:
            return make()
        except (OutcomeUnknown, ProviderUnavailable) as error:
            if isinstance(error.__cause__, httpx.ReadTimeout):
                with self._lock:
                    self.lost[name] += 1
            raise
