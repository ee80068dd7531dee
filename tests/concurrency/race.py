"""Starts many threads at one moment, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, overload

from django.db import connection, transaction

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

WAIT_S = 60


def all_at_once(runners: int, action: Callable[[int], T]) -> list[T]:
    """Run `action(0)` ... `action(runners - 1)` in threads that start together; what each returned."""
    start = threading.Barrier(runners, timeout=WAIT_S)

    def run(number: int) -> T:
        try:
            with connection.cursor() as cursor:
                # Beside another race on a busy machine the last of many waits longer than the site would let it.
                cursor.execute("SET lock_timeout = '30s'")
            start.wait()
            return action(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(runners) as pool:
        return list(pool.map(run, range(runners)))


@overload
def race(calls: Sequence[Callable[[], T]]) -> list[T]: ...
@overload
def race(calls: Sequence[Callable[[], T]], *, expected: tuple[type[E], ...]) -> list[T | E]: ...
def race(calls: Sequence[Callable[[], T]], *, expected: tuple[type[E], ...] = ()) -> list[T] | list[T | E]:
    """Run all calls at once; what each returned, or the expected error it raised. Other errors are raised."""

    def run(number: int) -> T | E:
        try:
            return calls[number]()
        except expected as error:
            return error

    return all_at_once(len(calls), run)


def second_waits_for(first: Callable[[], object], second: Callable[[], T]) -> T:
    """Run `second` while `first` is done and not committed, and commit once it waits; what `second` gave or raised."""
    process: Future[int] = Future()

    def run() -> T:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                process.set_result(cursor.fetchone()[0])
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            told = pool.submit(run)
            _until(process.result(WAIT_S), told)
            assert not told.done(), "it did not wait"
        return told.result(WAIT_S)


def _until(pid: int, told: Future[T]) -> None:
    """Return when a database process waits for a lock, or when what it does is over."""
    look_again = threading.Event()
    with connection.cursor() as cursor:
        for _look in range(WAIT_S * 50):
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
            if told.done() or cursor.fetchone()[0]:
                return
            look_again.wait(0.02)


@contextmanager
def constraint_dropped(table: str, name: str) -> Iterator[None]:
    """Take a constraint away for a control. At the end the table is emptied, since its rows may break the
    constraint, and the constraint put back; look at what happened before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        (definition,) = cursor.fetchone() or (None,)
        assert definition, f"there is no constraint {name}"
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        try:
            yield
        finally:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@contextmanager
def index_dropped(table: str, name: str) -> Iterator[None]:
    """As `constraint_dropped`, for a unique index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(to_regclass(%s))", [name])
        (definition,) = cursor.fetchone() or (None,)
        assert definition, f"there is no index {name}"
        cursor.execute(f"DROP INDEX {name}")
        try:
            yield
        finally:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(definition)
