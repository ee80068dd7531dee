"""Drives loops through a running site: all clients through one step before any goes on to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.loop.client import Answer, Client, get, post, press
from bench.loop.scene import Scene, Shop
from bench.loop.site import Site
from hutong.kernel.rows import rows
from hutong.visit.vouchers.queries import code_of

# Starting a payment calls the provider, so its time is not ours to measure.
STEPS = ("orders", "payments", "webhooks", "redemptions")
TIMED = ("orders", "webhooks", "redemptions")
_EXPECTED = {"orders": 201, "payments": 201, "webhooks": 200, "redemptions": 201}


class AnswerUnexpected(RuntimeError):
    """The server refused what it should have done."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was done: seconds from its first request to its last answer, and the notes each worker left."""

    name: str
    requests: int
    seconds: float
    notes: dict[int, Path]


class Driver:
    """Loops through one site, whose database Django is connected to. `clients` are by worker process."""

    def __init__(self, site: Site, scene: Scene, clients: dict[int, list[Client]]) -> None:
        self._site = site
        self._scene = scene
        self._by_worker = clients
        self._clients = [client for own in clients.values() for client in own]

    def loops(self, part: str, count: int) -> Iterator[Step]:
        """Order, pay and redeem `count` times; each step as it is done. Nothing is sent between two steps.

        `part` makes the idempotency keys differ from those of other parts. Raises `AnswerUnexpected` at the
        first refusal.
        """
        placed, step = self._press(part, "orders", self._orders(part, count))
        yield step
        refs = [answer.json["ref"] for answer in placed]
        yield self._press(part, "payments", self._payments(refs))[1]
        told = self._site.sandbox.pay_all()
        webhooks = [post("/api/v1/webhooks/sandbox", body, headers) for headers, body in told]
        answers, step = self._press(part, "webhooks", webhooks)
        if any(answer.json["outcome"] != "paid" for answer in answers):
            raise AnswerUnexpected("a webhook paid no order")
        yield step
        yield self._press(part, "redemptions", self._redemptions())[1]

    def notes(self, name: str) -> dict[int, Path]:
        """Let every worker leave what its connections have sent; its file by worker."""
        for worker, own in self._by_worker.items():
            assert own[0].ask(get(f"/bench/write/{name}")).body == str(worker).encode()
        return {worker: self._site.notes / f"{name}-{worker}.notes" for worker in self._by_worker}

    def _press(self, part: str, name: str, requests: list[bytes]) -> tuple[list[Answer], Step]:
        seconds, answers = press(self._clients, requests)
        for answer in answers:
            if answer.status != _EXPECTED[name]:
                raise AnswerUnexpected(f"{part} {name}: {answer.status} {answer.body[:500]!r}")
        return answers, Step(name, len(answers), seconds, self.notes(f"{part}-{name}"))

    def _orders(self, part: str, count: int) -> list[bytes]:
        bodies = [json.dumps(_wanted(shop)).encode() for shop in self._scene.shops]
        return [
            post(
                "/api/v1/orders",
                bodies[number % len(bodies)],
                self._shopper(number, f"{part}-order-{number}"),
            )
            for number in range(count)
        ]

    def _payments(self, orders: Sequence[str]) -> list[bytes]:
        return [
            post(f"/api/v1/orders/{ref}/payments", b"{}", self._shopper(number, f"pay-{ref}"))
            for number, ref in enumerate(orders)
        ]

    def _redemptions(self) -> list[bytes]:
        scanners = {shop.deal: shop.scanner_token for shop in self._scene.shops}
        # One of each shop in turn: a scanner does not scan two vouchers at one moment.
        ready = rows(
            "SELECT public_id, offer_ref FROM vouchers_voucher WHERE state = 'ready'"
            " ORDER BY row_number() OVER (PARTITION BY offer_ref ORDER BY id), offer_ref"
        )
        return [
            post(
                "/api/v1/redemptions",
                json.dumps({"code": code_of(voucher["public_id"])}).encode(),
                _headers(scanners[voucher["offer_ref"]], f"scan-{voucher['public_id']}"),
            )
            for voucher in ready
        ]

    def _shopper(self, number: int, key: str) -> dict[str, str]:
        tokens = self._scene.shopper_tokens
        return _headers(tokens[number % len(tokens)], key)


def _wanted(shop: Shop) -> dict[str, object]:
    return {
        "lines": [{"deal": shop.deal, "quantity": 1}],
        "quote": shop.quote,
        "store": shop.store,
        "remember_me": True,
    }


def _headers(token: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
