"""Two transactions whose order is not left to chance: the second begins while the first has not ended yet."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from typing import Any, TypeVar, overload

from django.db import connection, transaction

from hutong.kernel.rows import execute, scalar
from tests.concurrency.race import WAIT_S

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

LOOK_S = 0.005


def _nothing() -> None:
    """Nobody else does anything."""


@overload
def behind(
    first: Callable[[], object], second: Callable[[], T], *, meanwhile: Callable[[], object] = _nothing
) -> T: ...
@overload
def behind(
    first: Callable[[], object],
    second: Callable[[], T],
    *,
    meanwhile: Callable[[], object] = _nothing,
    expected: tuple[type[E], ...],
) -> T | E: ...
def behind(
    first: Callable[[], object],
    second: Callable[[], T],
    *,
    meanwhile: Callable[[], object] = _nothing,
    expected: tuple[type[E], ...] = (),
) -> T | E:
    """What `second` returns, or the expected error it raises, once it has waited for `first` to be committed.

    Both run in transactions of their own; `meanwhile` runs in the first one's, while the second waits. Fails when
    `second` ends without having waited.
    """
    numbers: Queue[int] = Queue()

    def run() -> T | E:
        try:
            with transaction.atomic():
                execute(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
                numbers.put(int(scalar("SELECT pg_backend_pid()")))
                return second()
        except expected as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            answer = pool.submit(run)
            _wait_until_it_waits(answer, numbers.get(timeout=WAIT_S))
            meanwhile()
        return answer.result(WAIT_S)


def _wait_until_it_waits(answer: Future[Any], number: int) -> None:
    """Until the server says that the backend of this number waits for the one that asks."""
    while not scalar("SELECT pg_backend_pid() = ANY (pg_blocking_pids(%s))", [number]):
        if answer.done():
            raise AssertionError(f"it did not wait: {answer.exception() or answer.result()}")
        try:
            answer.exception(timeout=LOOK_S)
        except TimeoutError:
            continue
