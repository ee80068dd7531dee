"""Counting without a statement: counts gather in the memory of a process and are written together.

For numbers of looks, where nobody waits and no lock may be held for each one: what a process had in memory when it
was killed is lost.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from multiprocessing.util import Finalize
from typing import Generic, TypeVar

from django.db import DatabaseError, connection

EVERY_S = 10.0
AT_MOST = 200  # so many counts wake the writer before its time
MOST_KINDS = (
    20_000  # different rows kept while the database is away; further ones are dropped, and it is logged
)

_log = logging.getLogger("hutong.counting")
Key = TypeVar("Key", bound=Hashable)


class Recorder(Generic[Key]):
    """The counts of one process that are not written yet, and the thread that writes them.

    `write` adds counts by key to the rows of a table in one statement and tells how many rows it touched; two
    processes may write at once. Safe to use from many threads. Without `start` nothing is written until somebody
    calls `flush`.
    """

    def __init__(self, *, name: str, write: Callable[[Mapping[Key, int]], int]) -> None:
        self._name = name
        self._to_table = write
        self._counts: Counter[Key] = Counter()
        self._since_flush = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, key: Key) -> None:
        """Count one more of `key`; costs no statement."""
        with self._lock:
            if key not in self._counts and len(self._counts) >= MOST_KINDS:
                return
            self._counts[key] += 1
            self._since_flush += 1
            full = self._since_flush >= AT_MOST
        if full:
            self._wake.set()

    def waiting(self) -> int:
        """How many counts are not written yet."""
        with self._lock:
            return self._counts.total()

    def flush(self) -> int:
        """Write what waits in one statement; how many rows it touched. On a failure the counts stay, and it raises."""
        with self._writing:
            with self._lock:
                taken, self._counts = self._counts, Counter()
                self._since_flush = 0
            if not taken:
                return 0
            try:
                return self._to_table(taken)
            except BaseException:
                with self._lock:
                    self._counts.update(taken)
                raise

    def start(self) -> None:
        """Write every `EVERY_S` seconds from a thread of its own, and once more when the process ends."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._keep_writing, name=self._name, daemon=True)
        self._thread.start()
        # The web server forks its workers by multiprocessing, and those end without what `atexit` knows.
        Finalize(None, self.stop, exitpriority=10)

    def stop(self) -> None:
        """Write what is left and end the thread; may be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._wake.set()
            thread.join(5)
            self._stopping.clear()

    def _keep_writing(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(EVERY_S)
            self._wake.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        try:
            self.flush()
        except DatabaseError as error:
            # The database is away: the counts stay in memory for the next time.
            what = "further ones are dropped" if len(self._counts) >= MOST_KINDS else "tried again"
            _log.warning("counts of %s were not written, %s: %s", self._name, what, type(error).__name__)
            self._stopping.wait(1)
        finally:
            connection.close()
