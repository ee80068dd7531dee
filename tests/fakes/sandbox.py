"""The real sandbox in its own process, for tests, and a listener that takes its webhooks.

def test_something(sandbox, settings): ...          # the session's one; settings point to it already
with run_sandbox(folder, webhook_url=...) as other: # one more, for a test that needs its own
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

SECRET = "a secret of the tests, shared with the sandbox"  # not used anywhere else
START_TIMEOUT_S = 20.0


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, timeout_s: float = 10.0) -> Any:
    """The first true value of `condition`; fails when there is none in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)  # between two looks at the condition
    raise AssertionError(f"no {condition} within {timeout_s} s")


@dataclass
class Hook:
    """A webhook as it arrived."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """Takes webhooks. `statuses` are given to the next ones in turn, then 200."""

    url: str
    hooks: list[Hook] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def about(self, reference: str) -> list[Hook]:
        """The webhooks that name `reference`."""
        return [hook for hook in list(self.hooks) if reference.encode() in hook.body]

    def wait_for(self, reference: str, *, count: int = 1, timeout_s: float = 10.0) -> list[Hook]:
        """The webhooks about `reference`, once there are `count` of them."""

        def enough() -> list[Hook] | None:
            found = self.about(reference)
            return found if len(found) >= count else None

        return list(wait_until(enough, timeout_s=timeout_s))


@contextmanager
def run_listener() -> Iterator[Listener]:
    """A listener on a free port for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status = listener.statuses.pop(0) if listener.statuses else 200
            listener.hooks.append(Hook(dict(self.headers.items()), body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener = Listener(url=f"http://127.0.0.1:{server.server_port}/webhooks/sandbox")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Sandbox:
    """A running sandbox, and the knobs tests turn on it."""

    def __init__(
        self, *, url: str, secret: str, process: subprocess.Popen[bytes], listener: Listener
    ) -> None:
        self.url = url
        self.secret = secret
        self.process = process
        self.listener = listener
        self._http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {secret}"}, timeout=10, trust_env=False
        )

    def call(self, method: str, path: str, *, key: str = "", **body: Any) -> httpx.Response:
        """A call to the API or to `/test`, with the secret."""
        headers = {"idempotency-key": key} if key else {}
        return self._http.request(method, path, json=body or None, headers=headers)

    def pay(self, payment_ref: str, *, late: bool = False) -> dict[str, Any]:
        """As if the shopper had paid; `late` also after the payment was closed. The payment as it is then."""
        answer: dict[str, Any] = self.call("POST", f"/test/payments/{payment_ref}/pay", late=late).json()
        return answer

    def decline(self, payment_ref: str) -> None:
        """As if the shopper had declined."""
        self.call("POST", f"/test/payments/{payment_ref}/decline").raise_for_status()

    def fault(
        self, kind: str, *, call: str = "", reference: str = "", value: object = "1", times: int = 1
    ) -> None:
        """Ask for a fault; see `FAULTS` in the server's api.py."""
        asked: dict[str, Any] = {
            "kind": kind,
            "call": call,
            "reference": reference,
            "value": value,
            "times": times,
        }
        self.call("POST", "/test/faults", **asked).raise_for_status()

    def clear_faults(self) -> None:
        """No more faults."""
        self.call("DELETE", "/test/faults").raise_for_status()

    def empty(self) -> None:
        """Empty books, no faults, no webhooks waiting."""
        self.call("DELETE", "/test/books").raise_for_status()
        self.listener.hooks.clear()
        self.listener.statuses.clear()

    def books(self) -> dict[str, dict[str, Any]]:
        """The sandbox's own books, by our payment's ref."""
        found: dict[str, dict[str, Any]] = {}
        after: int | None = 0
        while after is not None:
            page = self.call("GET", f"/v1/books?after={after}").json()
            found |= {row["reference"]: row for row in page["rows"]}
            after = page["next"]
        return found

    def close(self) -> None:
        """End the process and wait for it."""
        self._http.close()
        self.process.terminate()
        self.process.wait(15)


@contextmanager
def run_sandbox(
    folder: Path, *, listener: Listener, webhook_url: str = "", backoff: str = "0.2,0.2,0.5,1"
) -> Iterator[Sandbox]:
    """A sandbox on a free port, its books in `folder`, its webhooks sent to `webhook_url` or the listener."""
    port = free_port()
    command = [sys.executable, "-m", "hutong.pay.payments.providers.sandbox.server", "--port", str(port)]
    command += ["--books", str(folder / "sandbox.sqlite3"), "--backoff", backoff]
    command += ["--webhook-url", webhook_url or listener.url]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "HUTONG_SANDBOX_SECRET": SECRET}, stdout=log, stderr=log
        )
    running = Sandbox(url=f"http://127.0.0.1:{port}", secret=SECRET, process=process, listener=listener)
    try:
        wait_until(lambda: _answers(running), timeout_s=START_TIMEOUT_S)
        yield running
    finally:
        running.close()


def _answers(running: Sandbox) -> bool:
    assert running.process.poll() is None, "the sandbox ended by itself; see sandbox.log"
    try:
        return httpx.get(f"{running.url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def sandbox_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The one sandbox of this session of tests."""
    with (
        run_listener() as listener,
        run_sandbox(tmp_path_factory.mktemp("sandbox"), listener=listener) as running,
    ):
        yield running


@pytest.fixture
def sandbox(sandbox_of_session: Sandbox, settings: Any) -> Sandbox:
    """The session's sandbox with empty books and no faults, and Hutong's settings pointing to it.

    Its clock is the real one: give services `clock.now()` where its webhooks are checked.
    """
    settings.HUTONG_SANDBOX_URL = sandbox_of_session.url
    settings.HUTONG_SANDBOX_SECRET = sandbox_of_session.secret
    sandbox_of_session.empty()
    return sandbox_of_session
