"""Counting without a statement: counts gather in memory and are written together."""

import logging
import threading
from collections import Counter
from datetime import date
from multiprocessing.util import Finalize

from django.db import DatabaseError, connection

from hutong.kernel.rows import execute
from hutong.know.insight.types import Step

EVERY_S = 10.0
AT_MOST = 200  # so many counts wake the writer before its time
MOST_KINDS = (
    20_000  # different rows kept while the database is away; further ones are dropped, and it is logged
)

# In the order of their keys, so that two processes that write at once wait for each other and never in a circle.
_ADD = """
INSERT INTO insight_stepcount (region_id, day, offer_ref, step, number)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[])
    AS added (region_id, day, offer_ref, step, number)
ORDER BY region_id, day, offer_ref, step
ON CONFLICT (region_id, day, offer_ref, step)
DO UPDATE SET number = insight_stepcount.number + EXCLUDED.number
"""
_log = logging.getLogger("hutong.insight")
_Key = tuple[int, date, str, str]


class Recorder:
    """The counts of one process that are not written yet, and the thread that writes them.

    Safe to use from many threads. Without `start` nothing is written until somebody calls `flush`.
    """

    def __init__(self) -> None:
        self._counts: Counter[_Key] = Counter()
        self._since_flush = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, *, region_id: int, day: date, offer_ref: str, step: Step) -> None:
        """Count one step; costs no statement."""
        key = (region_id, day, offer_ref, step.value)
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
            regions, days, offers, steps = (list(column) for column in zip(*taken, strict=True))
            try:
                return execute(_ADD, [regions, days, offers, steps, list(taken.values())])
            except BaseException:
                with self._lock:
                    self._counts.update(taken)
                raise

    def start(self) -> None:
        """Write every `EVERY_S` seconds from a thread of its own, and once more when the process ends."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._keep_writing, name="insight", daemon=True)
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
            _log.warning("counts of looks were not written, %s: %s", what, type(error).__name__)
            self._stopping.wait(1)
        finally:
            connection.close()


_recorder = Recorder()
add = _recorder.add
flush = _recorder.flush
start = _recorder.start
waiting = _recorder.waiting
