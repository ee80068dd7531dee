"""HTTP clients that cost next to nothing, since they share the machine with the server they press."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_HEADER_END = b"\r\n\r\n"
_WAIT_S = 60.0


class NotBalanced(RuntimeError):
    """The server's workers did not each take their share of the connections."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


class Client:
    """One connection, kept alive. It knows as much HTTP as the answers of this server need."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, request: bytes) -> Answer:
        """Send a whole request, return its answer."""
        self._socket.sendall(request)
        data = self._rest
        while _HEADER_END not in data:
            data += self._more()
        head, _, body = data.partition(_HEADER_END)
        length = _content_length(head)
        while len(body) < length:
            body += self._more()
        self._rest = body[length:]
        return Answer(int(head[9:12]), body[:length])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the server hung up")
        return received


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a POST with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", "Accept-Language: en"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEADER_END + body


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1".encode() + _HEADER_END


def connect_evenly(port: int, *, clients: int, workers: int) -> dict[int, list[Client]]:
    """`clients` connections, the same number to each worker process; by process id.

    The operating system deals connections out as it likes, so some are tried and given back; and the first
    worker answers while the others still start.
    """
    kept: dict[int, list[Client]] = defaultdict(list)
    give_up_at = time.monotonic() + _WAIT_S
    while time.monotonic() < give_up_at:
        client = Client(port)
        worker = int(client.ask(get("/bench/worker")).body)
        if len(kept[worker]) < clients // workers:
            kept[worker].append(client)
        else:
            client.close()
            time.sleep(0.01)  # between two tries; the condition is who answers
        if sum(len(own) for own in kept.values()) == clients:
            return dict(kept)
    raise NotBalanced(f"{clients} connections to {workers} workers: {[len(own) for own in kept.values()]}")


def press(clients: Sequence[Client], requests: Sequence[bytes]) -> tuple[float, list[Answer]]:
    """Send the requests in order, each by whichever client is free; seconds it took, and the answers in order."""
    waiting = deque(enumerate(requests))
    answers: dict[int, Answer] = {}
    failed: list[BaseException] = []
    start = threading.Barrier(len(clients) + 1)

    def work(client: Client) -> None:
        start.wait(_WAIT_S)
        try:
            while waiting:
                try:
                    number, request = waiting.popleft()
                except IndexError:
                    return  # another client took the last one
                answers[number] = client.ask(request)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    start.wait(_WAIT_S)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failed:
        raise failed[0]
    return took, [answers[number] for number in range(len(requests))]


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ConnectionError(f"an answer that does not say how long it is: {head!r}")
