"""Locks and retries. One order for the whole code base, so that no two flows wait for each other:

idempotency key, advisory, order, payment, flash sale, its tickets, stock or voucher, ledger accounts by id, outbox.
"""

import functools
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from hutong.kernel.rows import execute, scalar

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 3
_RETRIED_STATES = ("40001", "40P01")  # serialization failure, deadlock


# The limit on waiting is put back as it was once the lock is had; OFFSET 0 has it read before it is changed.
_PATIENTLY = """
SELECT set_config('lock_timeout', %s::text, true), pg_advisory_xact_lock(%s::int8),
       set_config('lock_timeout', s.before, true)
  FROM (SELECT current_setting('lock_timeout') AS before OFFSET 0) s
"""


def advisory(name: str, key: str | int, *, wait_s: int | None = None) -> None:
    """Wait for the lock `name:key` and hold it until the transaction ends. Only inside a transaction.

    `wait_s` is for jobs that nobody waits for: so long at most, in place of the limit that the site has for all locks.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an advisory lock without a transaction holds nothing")
    if wait_s is None:
        execute("SELECT pg_advisory_xact_lock(%s::int8)", [_number(name, key)])
    else:
        execute(_PATIENTLY, [f"{wait_s}s", _number(name, key)])


def advisory_if_free(name: str, key: str | int) -> bool:
    """Hold the lock `name:key` until the transaction ends, if nobody has it; whether one has it. Nobody waits."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an advisory lock without a transaction holds nothing")
    return bool(scalar("SELECT pg_try_advisory_xact_lock(%s::int8)", [_number(name, key)]))


@contextmanager
def having(name: str, key: str | int) -> Iterator[bool]:
    """Have the lock `name:key` while the block runs, over many transactions and calls outside; whether one has it.

    Nobody waits: who comes second does not have it. It is held for as long as this process has its database connection,
    however long it stands still, and is gone with it.
    """
    number = _number(name, key)
    got = bool(scalar("SELECT pg_try_advisory_lock(%s::int8)", [number]))
    try:
        yield got
    finally:
        if got:
            execute("SELECT pg_advisory_unlock(%s::int8)", [number])


def _number(name: str, key: str | int) -> int:
    digest = hashlib.blake2b(f"{name}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def retrying(function: Callable[P, R]) -> Callable[P, R]:
    """Run a whole transaction again after a deadlock or serialization failure: three tries, with jitter.

    Nothing else is retried: any other error may have had its effect. Inside an outer transaction the
    error goes up, because only the outermost one can be run again.
    """

    @functools.wraps(function)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(_TRIES):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", None)
                if state not in _RETRIED_STATES or connection.in_atomic_block or attempt == _TRIES - 1:
                    raise
            # A pause before trying again, not a wait for a condition: the rival needs time to finish.
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311
        raise AssertionError("the last try either returned or raised")

    return again
