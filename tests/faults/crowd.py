"""Shoppers and a till that go round the whole loop over HTTP, and remember what they were told."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

PATIENCE_S = 15.0


class GaveUp(Exception):
    """No answer came while somebody would have waited for it."""


@dataclass
class Told:
    """What the site acknowledged; none of it may be lost."""

    ordered: set[str] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    redeemed: set[str] = field(default_factory=set)
    refunded: set[str] = field(default_factory=set)
    rounds: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, ref: str) -> None:
        """One more acknowledgement."""
        with self.lock:
            getattr(self, kind).add(ref)

    def rounds_done(self) -> int:
        """How many rounds went well so far; raises what ended a client."""
        if self.faults:
            raise self.faults[0]
        return self.rounds["done"]

    def count(self, outcome: str) -> None:
        """One more round, and how it ended."""
        with self.lock:
            self.rounds[outcome] += 1


class Caller:
    """One client. What is refused by a site that is just away is sent again, with the same key."""

    def __init__(self, url: str, token: str) -> None:
        self._at = urlsplit(url)
        self._token = token

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        """The status and the JSON of the first answer that is not about the site being away. Raises `GaveUp`."""
        give_up_at = time.monotonic() + PATIENCE_S
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        while time.monotonic() < give_up_at:
            connection = http.client.HTTPConnection(self._at.hostname or "", self._at.port, timeout=10)
            try:
                connection.request(
                    method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers
                )
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)  # the site is away: as a client would, a little later again
                continue
            finally:
                connection.close()
            said = json.loads(text) if text else {}
            if status in (502, 503) or (status == 409 and said["code"] == "idempotency_still_running"):
                time.sleep(0.1)
                continue
            return status, said
        raise GaveUp(path)


def go_round(
    shopper: Caller, till: Caller, order: dict[str, Any], told: Told, key: str, *, give_back: bool
) -> None:
    """Order, pay at the provider's page, then use the voucher or give it back. Raises `GaveUp`."""
    status, placed = shopper.ask("POST", "/orders", order, key=f"{key}-order")
    assert status == 201, placed
    ref = placed["ref"]
    told.note("ordered", ref)
    status, started = shopper.ask("POST", f"/orders/{ref}/payments", {}, key=f"{key}-start")
    assert status == 201, started
    _pay(started["redirect_url"])
    _wait_paid(shopper, ref)
    told.note("paid", ref)
    if give_back:
        status, sent = shopper.ask(
            "POST", f"/orders/{ref}/refunds", {"reason": "changed_mind"}, key=f"{key}-refund"
        )
        assert status == 201 or sent.get("code") == "nothing_to_refund", sent
        told.note("refunded", ref)
        return
    _status, vouchers = shopper.ask("GET", "/vouchers")
    code = next(voucher["code"] for voucher in vouchers if voucher["order"] == ref)
    status, done = till.ask("POST", "/redemptions", {"code": code}, key=f"{key}-scan")
    assert status == 201, done
    told.note("redeemed", ref)


def _pay(page: str) -> None:
    answer = httpx.post(page, data={"action": "pay"}, timeout=10, trust_env=False)
    assert answer.status_code == 303, answer.text


def _wait_paid(shopper: Caller, ref: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if shopper.ask("GET", f"/orders/{ref}")[1]["state"] == "paid":
            return
        time.sleep(0.1)  # the provider's webhook is on its way
    raise GaveUp(ref)
