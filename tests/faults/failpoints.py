"""Named moments at which a process of the site dies, and the trap that kills it there.

A process that has `FAILPOINT` in its environment sets its trap with `arm_from_environment` once the site's modules
are loaded. The `FAILPOINT_VISIT`-th time it gets to the moment it leaves a mark, the file `FAILPOINT_MARK`, and ends
its own process group with SIGKILL: no `finally`, no rollback of ours, no goodbye to the database or to the provider.
Where the mark lies already, nothing is trapped: it dies there once.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEB, WORKER = "web", "worker"
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Failpoint:
    """The moment before or after a function, in one kind of process, and which trip leads a shopper there."""

    process: str
    moment: str
    function: str
    trip: str


_CHECKOUT = "hutong.flows.checkout"
_RECEIVED = "hutong.flows.payment_received"
_REFUND = "hutong.flows.refund"
_PAYING = "hutong.pay.payments.services.paying"
_ASKING = "hutong.pay.payments.services.asking"
_SANDBOX = "hutong.pay.payments.providers.sandbox.client.SandboxProvider"

FAILPOINTS = {
    # A shopper orders and goes to pay.
    "order made, not committed": Failpoint(WEB, AFTER, f"{_CHECKOUT}._hold", "pay"),
    "order placed, not answered": Failpoint(WEB, AFTER, f"{_CHECKOUT}.place", "pay"),
    "attempt not written": Failpoint(WEB, BEFORE, f"{_PAYING}.open_attempt", "pay"),
    "attempt written, not committed": Failpoint(WEB, AFTER, f"{_PAYING}._mark_called", "pay"),
    "attempt committed, not sent": Failpoint(WEB, BEFORE, f"{_SANDBOX}.start", "pay"),
    "started at the provider, not recorded": Failpoint(WEB, BEFORE, f"{_PAYING}._record_started", "pay"),
    "start recorded, not answered": Failpoint(WEB, AFTER, f"{_CHECKOUT}.pay", "pay"),
    # The provider tells that the money came.
    "webhook kept, effects not made": Failpoint(
        WEB, AFTER, "hutong.pay.payments.services.webhooks.receive_webhook", "pay"
    ),
    "effects made, not committed": Failpoint(WEB, AFTER, f"{_RECEIVED}.order_paid", "pay"),
    "effects committed, webhook not answered": Failpoint(WEB, AFTER, f"{_RECEIVED}.record", "pay"),
    # A gift card pays for all of it, and no provider is asked.
    "paid by gift card, not committed": Failpoint(WEB, AFTER, f"{_RECEIVED}.order_paid", "gift card"),
    "paid by gift card, not answered": Failpoint(WEB, AFTER, f"{_CHECKOUT}.place", "gift card"),
    # The shopper goes to the shop, or wants the money back.
    "redeemed, not committed": Failpoint(WEB, AFTER, "hutong.pay.settlement.services.settle", "redeem"),
    "redeemed, not answered": Failpoint(WEB, AFTER, "hutong.flows.redeem.redeem", "redeem"),
    "refund requested, not sent": Failpoint(WEB, BEFORE, f"{_REFUND}.send", "refund"),
    "refund committed, not sent": Failpoint(WEB, BEFORE, f"{_SANDBOX}.refund", "refund"),
    "refund sent, not recorded": Failpoint(WEB, BEFORE, f"{_REFUND}.finish", "refund"),
    "refund recorded, not answered": Failpoint(WEB, AFTER, f"{_REFUND}.finish", "refund"),
    # The worker, while nobody waits for an answer.
    "outbox row taken, not handed on": Failpoint(WORKER, AFTER, "hutong.kernel.outbox._payload", "pay"),
    "job done, not noted": Failpoint(WORKER, AFTER, "hutong.know.customers.services.record_visit", "pay"),
    "janitor has asked, not recorded": Failpoint(WORKER, AFTER, f"{_ASKING}.ask", "silence"),
    "janitor has recorded": Failpoint(WORKER, AFTER, f"{_RECEIVED}.record", "silence"),
    "janitor sent a refund, not recorded": Failpoint(
        WORKER, AFTER, f"{_ASKING}.ask_refund", "refund in silence"
    ),
    "time over, not committed": Failpoint(WORKER, AFTER, "hutong.pay.orders.services.expire_order", "leave"),
    "order ended, payment not called off": Failpoint(
        WORKER, AFTER, "hutong.flows.expire_orders._end", "leave"
    ),
    "called off at the provider, not recorded": Failpoint(WORKER, AFTER, f"{_SANDBOX}.close", "leave"),
}


def arm_from_environment() -> None:
    """Set the trap that the environment asks for; without a name there, or with its mark in place, none."""
    name = os.environ.get("FAILPOINT")
    if not name:
        return
    mark = Path(os.environ["FAILPOINT_MARK"])
    if not mark.exists():
        _arm(FAILPOINTS[name], visit=int(os.environ["FAILPOINT_VISIT"]), mark=mark)


def _arm(point: Failpoint, *, visit: int, mark: Path) -> None:
    owner, name = owner_of(point.function)
    original: Callable[..., Any] = getattr(owner, name)
    visits, lock = 0, threading.Lock()

    def arrive() -> None:
        nonlocal visits
        with lock:  # held until the end, so that no second thread gets any further
            visits += 1
            if visits == visit:
                mark.write_text(point.function)
                os.killpg(os.getpgrp(), signal.SIGKILL)

    @functools.wraps(original)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        if point.moment == BEFORE:
            arrive()
        answer = original(*args, **kwargs)
        if point.moment == AFTER:
            arrive()
        return answer

    setattr(owner, name, trapped)
    # Who has imported it by its name calls the trapped one as well.
    for module in [module for path, module in sys.modules.items() if path.startswith("hutong.")]:
        for known, value in list(vars(module).items()):
            if value is original:
                setattr(module, known, trapped)


def owner_of(function: str) -> tuple[Any, str]:
    """The module or class that has the function of a dotted path, and its name there."""
    path, _, name = function.rpartition(".")
    try:
        owner: Any = importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, kind = path.rpartition(".")
        owner = getattr(importlib.import_module(module), kind)
    return owner, name
