"""One round of questions: a provider that does not answer is not waited for again and again, while others wait for it."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic

from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.providers.registry import provider, timeout_s


class ProviderSilent(ProviderUnavailable):
    """It did not answer earlier in this round, and was not asked again: the call had no effect."""

    code = "provider_silent"


@dataclass
class _Round:
    silent: set[str] = field(default_factory=set)
    spent_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


_round: ContextVar[_Round | None] = ContextVar("round of questions to providers", default=None)


@contextmanager
def one_round() -> Iterator[None]:
    """Until the block ends, a provider that did not answer a `calling` is not called again, so it costs one timeout.

    Whoever has many questions leaves out those to `not_now()`, and keeps them for the next round.
    """
    token = _round.set(_Round())
    try:
        yield
    finally:
        _round.reset(token)


def next_step() -> None:
    """Somebody else asks from here on, and may wait as long again for who is slow; who did not answer stays silent."""
    now = _round.get()
    if now is not None:
        now.spent_s.clear()


def not_now() -> frozenset[str]:
    """The providers that did not answer in this round, or took longer than one timeout for their answers in this step of
    it; none outside."""
    now = _round.get()
    if now is None:
        return frozenset()
    slow = {name for name, spent in now.spent_s.items() if spent > timeout_s()}
    return frozenset(now.silent | slow)


@contextmanager
def calling(name: str) -> Iterator[Provider]:
    """The provider called `name`, to be called inside the block.

    Raises what `registry.provider` raises, and `ProviderSilent` where it did not answer earlier in this round.
    """
    now = _round.get()
    if now is None:
        yield provider(name)
        return
    if name in now.silent:
        raise ProviderSilent(reason="it did not answer a moment ago, and is asked again in the next round")
    began = monotonic()
    try:
        yield provider(name)
    except (ProviderUnavailable, OutcomeUnknown):
        now.silent.add(name)
        raise
    finally:
        now.spent_s[name] += monotonic() - began
