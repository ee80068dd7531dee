"""Many HTTP clients at once, cheap enough to share two cores with the server they press."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any
from urllib.parse import urlsplit

START_TIMEOUT_S = 60


class Connection:
    """One client's kept-alive connection to a site."""

    def __init__(self, url: str, token: str = "") -> None:
        self._at = urlsplit(url)
        self._token = token
        self._http = http.client.HTTPConnection(self._at.hostname or "", self._at.port, timeout=60)

    def post(self, path: str, body: Any, *, key: str = "") -> tuple[int, dict[str, Any]]:
        """POST JSON; the status and the JSON of the answer. A connection the server closed is opened anew."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            self._http.request("POST", path, json.dumps(body), headers)
            answer = self._http.getresponse()
        except http.client.RemoteDisconnected:
            # The key makes the repetition harmless.
            self._http.close()
            self._http.request("POST", path, json.dumps(body), headers)
            answer = self._http.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}


class Tally:
    """How often each status came back, counted over all clients."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.statuses: Counter[int] = Counter()

    def add(self, status: int) -> None:
        """One more answer."""
        with self._lock:
            self.statuses[status] += 1


def press(clients: int, act: Callable[[int], None]) -> None:
    """Run `act(0)` ... `act(clients - 1)` in threads that start at one moment; raises what any of them raised."""
    barrier = Barrier(clients)

    def run(number: int) -> None:
        barrier.wait(START_TIMEOUT_S)
        act(number)

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(run, number) for number in range(clients)]:
            done.result()
