"""What goes wrong at a simulated provider, and when: asked for one by one, or by chance that a seed decides."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {
        "delay",  # value: seconds before the call is read
        "error_before",  # a server error, and no effect
        "error_after",  # the effect, then a server error
        "timeout_after",  # the effect, then silence for value seconds
        "lose_notice",  # a notification that is never sent
        "duplicate_notice",  # value: how many copies more
        "delay_notice",  # value: seconds; with chance, notifications overtake each other
        "refund_pending",  # a refund ends later (`Books.end_refund`)
    }
)
"""All faults. What concerns money (other amounts, late success) is done to the books by the test itself."""


@dataclass
class Fault:
    """One kind of fault for calls of a name (`start`, `refund`, ...; "" for all), about a ref ("" for any)."""

    kind: str
    call: str = ""
    ref: str = ""
    value: Any = 1
    times: int = 1


class Faults:
    """Faults asked for, in their order, and `rates` (kind -> chance and value) for all calls.

    Chance depends on the seed, the kind, the call, its ref and how often it was made, and on nothing else:
    threads that take turns in another order meet the same faults.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self.rates: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._asked: list[Fault] = []
        self._tries: Counter[tuple[str, str, str]] = Counter()

    def ask(self, kind: str, *, call: str = "", ref: str = "", value: Any = 1, times: int = 1) -> None:
        """The next `times` calls that fit meet this fault."""
        assert kind in KINDS, f"there is no fault {kind!r}"
        with self._lock:
            self._asked.append(Fault(kind, call, ref, value, times))

    def take(self, kind: str, *, call: str, ref: str) -> Any | None:
        """The value of the fault that this call meets now, or None."""
        with self._lock:
            for fault in self._asked:
                if fault.kind == kind and fault.call in ("", call) and fault.ref in ("", ref):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._asked.remove(fault)
                    return fault.value
            if kind not in self.rates:
                return None
            self._tries[kind, call, ref] += 1
            chance, value = self.rates[kind]
            drawn = random.Random(f"{self.seed}:{kind}:{call}:{ref}:{self._tries[kind, call, ref]}").random()
            return value if drawn < chance else None

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._asked.clear()
            self.rates.clear()
            self._tries.clear()
