"""A provider that takes every call and never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Hanging:
    """It listens, and that is all; the system takes connections for it."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def asked(self) -> int:
        """How many calls came since this was last asked."""
        found = 0
        while True:
            try:
                connection, _address = self._listener.accept()
            except BlockingIOError:
                return found
            connection.close()
            found += 1


@contextmanager
def hanging() -> Iterator[Hanging]:
    """One for as long as the context lasts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        listener.setblocking(False)
        yield Hanging(listener)
