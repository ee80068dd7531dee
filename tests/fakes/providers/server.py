"""The HTTP that all simulators share: calls with their faults, notifications with their repetitions, a page to pay."""

from __future__ import annotations

import heapq
import html
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.fakes.providers.books import Books, TradeState
from tests.fakes.providers.faults import Faults

BACKOFF_S = (0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Call:
    """A request as it came. Header names are in lower case; `target` is the path with its query, unquoted nowhere."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's fields, the last of each name."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, True).items()}


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """A notification: `build` signs it anew for each try, as providers do."""

    ref: str
    url: str
    build: Callable[[], tuple[dict[str, str], bytes]]


class Simulator(ABC):
    """A provider over HTTP. A subclass speaks its protocol: `named`, `handle`, `broken`, `accepted`, `notify`."""

    name: str

    def __init__(self, *, books: Books, seed: int = 0, backoff_s: Sequence[float] = BACKOFF_S) -> None:
        self.books = books
        self.faults = Faults(seed=seed)
        self.url = ""
        self.sent: list[tuple[str, dict[str, str], bytes]] = []
        """Every notification as it was signed: what it is about, headers, body; also those that were lost."""
        self._backoff_s = backoff_s
        self._due: list[tuple[float, int, Notice, int]] = []
        self._order = count()
        self._wake = threading.Condition()
        self._running = True

    @abstractmethod
    def named(self, call: Call) -> tuple[str, str]:
        """What this call is called in faults (`start`, `query`, `close`, `refund`, ...; "" for none), and its ref."""

    @abstractmethod
    def handle(self, call: Call) -> Answer:
        """The effect and the answer."""

    @abstractmethod
    def broken(self) -> Answer:
        """A server error as this provider words it."""

    @abstractmethod
    def accepted(self, status: int, body: bytes) -> bool:
        """Whether this answer to a notification ends its repetition."""

    @abstractmethod
    def notify(self, ref: str) -> None:
        """Tell the merchant where a trade or refund stands now, by `send`."""

    def pay(self, ref: str, *, amount: int | None = None, unit: str = "", late: bool = False) -> None:
        """As if the shopper had paid, with the notification that follows."""
        self.books.pay(ref, amount=amount, unit=unit, late=late)
        self.notify(ref)

    def decline(self, ref: str) -> None:
        """As if the shopper's bank had said no."""
        self.books.fail(ref)
        self.notify(ref)

    def end_refund(self, ref: str, *, done: bool) -> None:
        """A pending refund comes to its end, with its notification."""
        self.books.end_refund(ref, done=done)
        self.notify(ref)

    def return_refund(self, ref: str) -> None:
        """A refund that was done comes back from the shopper's bank, with its notification."""
        self.books.return_refund(ref)
        self.notify(ref)

    def send(self, notice: Notice) -> None:
        """Queue a notification, with the faults it meets."""
        delay = float(self.faults.take("delay_notice", call="notify", ref=notice.ref) or 0)
        copies = 1 + int(self.faults.take("duplicate_notice", call="notify", ref=notice.ref) or 0)
        lost = self.faults.take("lose_notice", call="notify", ref=notice.ref) is not None
        if lost or not notice.url:
            self.sent.append((notice.ref, *notice.build()))
            return
        with self._wake:
            for _copy in range(copies):
                heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), notice, 0))
            self._wake.notify()

    def about(self, ref: str) -> list[tuple[dict[str, str], bytes]]:
        """The notifications about a ref so far, headers and body."""
        return [(headers, body) for about, headers, body in list(self.sent) if about == ref]

    def answer(self, call: Call) -> Answer:
        """One request from the net, with its faults."""
        if call.path.startswith("/simulator/"):
            return self._page(call)
        name, ref = self.named(call)
        take = self.faults.take
        if name:
            time.sleep(float(take("delay", call=name, ref=ref) or 0))
            if take("error_before", call=name, ref=ref) is not None:
                return self.broken()
        answer = self.handle(call)
        if name:
            time.sleep(float(take("timeout_after", call=name, ref=ref) or 0))
            if take("error_after", call=name, ref=ref) is not None:
                return self.broken()
        return answer

    def deliver(self) -> None:
        """Send what is due for as long as the simulator runs; the body of its thread."""
        with httpx.Client(timeout=10, trust_env=False) as client:
            while True:
                with self._wake:
                    while self._running and (not self._due or self._due[0][0] > time.monotonic()):
                        wait = self._due[0][0] - time.monotonic() if self._due else None
                        self._wake.wait(wait)
                    if not self._running:
                        return
                    _at, _order, notice, tries = heapq.heappop(self._due)
                self._try(client, notice, tries)

    def stop(self) -> None:
        """End `deliver`."""
        with self._wake:
            self._running = False
            self._wake.notify()

    def _try(self, client: httpx.Client, notice: Notice, tries: int) -> None:
        headers, body = notice.build()
        self.sent.append((notice.ref, headers, body))
        try:
            answered = client.post(notice.url, content=body, headers=headers)
            taken = self.accepted(answered.status_code, answered.content)
        except httpx.HTTPError:
            taken = False  # nobody there is an answer, too: it is tried again
        if not taken and tries < len(self._backoff_s):
            with self._wake:
                at = time.monotonic() + self._backoff_s[tries]
                heapq.heappush(self._due, (at, next(self._order), notice, tries + 1))

    def page_url(self, ref: str) -> str:
        """Where a shopper pays a trade by hand."""
        return f"{self.url}/simulator/pay/{ref}"

    def _page(self, call: Call) -> Answer:
        """A plain page with two buttons, for people who try the site with this simulator."""
        ref = call.path.rsplit("/", 1)[-1]
        trade = self.books.trade(ref)
        if call.method == "POST":
            (self.pay if b"pay" in call.body else self.decline)(trade.ref)
            back = str(trade.data.get("return_url") or "")
            if back:
                return Answer(303, headers={"location": back})
        open_now = trade.state is TradeState.OPEN
        buttons = '<button name="do" value="pay">Pay</button> <button name="do" value="no">Decline</button>'
        text = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{self.name} simulator</title>"
            "<meta name=viewport content=width=device-width>"
            f"<h1>{self.name} simulator</h1><p>{html.escape(trade.ref)}: {trade.amount} {trade.unit}, "
            f"{trade.state}</p>" + (f"<form method=post>{buttons}</form>" if open_now else "")
        )
        return Answer(200, text.encode(), {"content-type": "text/html; charset=utf-8"})


@contextmanager
def running(simulator: Simulator, *, port: int = 0) -> Iterator[Simulator]:
    """The simulator on a port of this machine (a free one for 0), for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body go out in two pieces: held back until the first is acknowledged, each call takes 40 ms.
        disable_nagle_algorithm = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The provider's clock, also in the head of an answer."""
            return super().date_time_string(timestamp or int(simulator.books.now().timestamp()))

        def respond(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, self.path, headers, self.rfile.read(length))
            answer = simulator.answer(call)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def do_GET(self) -> None:
            self.respond()

        def do_POST(self) -> None:
            self.respond()

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", port), Handler)
    simulator.url = f"http://127.0.0.1:{server.server_port}"
    threads = [
        # Looks up every 20 ms whether it is to end: a simulator for each test would otherwise cost half a second.
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True),
        threading.Thread(target=simulator.deliver, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield simulator
    finally:
        simulator.stop()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(5)
