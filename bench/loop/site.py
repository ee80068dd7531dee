"""The two processes of a round: the web process on its database, and the sandbox with its books."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from standardwebhooks import Webhook

from bench import ground
from hutong.cli.processes import parts
from hutong.cli.supervisor import Part, Supervisor
from tests.fakes.sandbox import free_port, wait_until

WORKERS = 2
READY_AFTER_S = 120.0  # on a machine that does much else


@dataclass(frozen=True, slots=True)
class Site:
    """Where the web process listens, the sandbox it knows, and the folder where its workers leave their notes."""

    port: int
    sandbox: Sandbox
    notes: Path


class Sandbox:
    """The payment provider, which keeps its webhooks to itself here: they are signed beforehand instead."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {settings.HUTONG_SANDBOX_SECRET}"},
            timeout=30,
            trust_env=False,
        )
        fault = {"kind": "lose_webhook", "times": 1_000_000_000}
        self._http.post("/test/faults", json=fault).raise_for_status()

    def pay_all(self) -> list[tuple[dict[str, str], bytes]]:
        """Every open payment is paid; headers and body of the webhook that tells it, signed now, for each."""
        return [_webhook(self._pay(reference)) for reference in self._open()]

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _open(self) -> list[str]:
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            page = self._http.get(f"/v1/books?after={after}").raise_for_status().json()
            found += [row["reference"] for row in page["rows"] if row["status"] == "open"]
            after = page["next"]
        return found

    def _pay(self, reference: str) -> dict[str, Any]:
        answer = self._http.post(f"/test/payments/{reference}/pay", json={}).raise_for_status()
        paid: dict[str, Any] = answer.json()
        paid.pop("page_url")
        return paid


def _webhook(payment: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """What the sandbox would have sent, see its `Sender`."""
    event_id, sent_at = f"evt_{secrets.token_hex(12)}", datetime.now(UTC).replace(microsecond=0)
    said = {"type": "payment.paid", "timestamp": sent_at.isoformat(), "data": payment}
    body = json.dumps(said, separators=(",", ":"))
    signature = Webhook(settings.HUTONG_SANDBOX_SECRET.encode()).sign(event_id, sent_at, body)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": signature,
    }
    return headers, body.encode()


@contextmanager
def running(database: str, folder: Path) -> Iterator[Site]:
    """Both processes for as long as the context lasts. The web process is started as `hutong up web` starts it."""
    port, sandbox_port = free_port(), free_port()
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    changed = {
        "DATABASE_URL": ground.url(database),
        "DJANGO_SETTINGS_MODULE": "bench.loop.settings",
        "HUTONG_SITE_URL": f"http://127.0.0.1:{port}",
        "HUTONG_SANDBOX_URL": sandbox_url,
        "HUTONG_SANDBOX_SECRET": settings.HUTONG_SANDBOX_SECRET,
        "HUTONG_WORKERS": str(WORKERS),
        "HUTONG_BENCH_NOTES": str(folder),
        "PYTHONPATH": str(ground.ROOT),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    supervisor = Supervisor()
    try:
        web = parts(port)["web"]
        web = Part(web.name, [*web.command[:-1], "bench.loop.server:application"], web.ready_url)
        sandbox = Part("sandbox", _sandbox_command(sandbox_port, folder), f"{sandbox_url}/healthz")
        for part in (sandbox, web):
            supervisor.start(part)
        for part in (sandbox, web):
            wait_until(partial(_answers, supervisor, part.ready_url), timeout_s=READY_AFTER_S)
        provider = Sandbox(sandbox_url)
        yield Site(port, provider, folder)
        provider.close()
    finally:
        supervisor.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _answers(supervisor: Supervisor, url: str) -> bool:
    supervisor.check()
    try:
        return httpx.get(url, timeout=30, trust_env=False).status_code == 200
    except httpx.ConnectError:
        return False  # not listening yet


def _sandbox_command(port: int, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "hutong.pay.payments.providers.sandbox.server", "--port", str(port)]
    return [*command, "--books", str(folder / f"sandbox-{time.time_ns()}.sqlite3")]
