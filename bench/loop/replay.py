"""Sends what the server sent once more, with bare psycopg: a process for each worker, a thread for each connection."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psycopg

from bench.loop.record import AUTOCOMMIT, COMMIT, EXECUTE, MANY, ROLLBACK, Entry, prime, read

_WAIT_S = 300.0


class ReplayFailed(RuntimeError):
    """A statement that the server sent could not be sent again."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Seconds from the first statement to the last, and the statements that touched another number of rows."""

    seconds: float
    different: list[str]


class Replay:
    """The replaying processes, one for each of the server's workers, with their connections kept open."""

    def __init__(self, pipes: Mapping[int, Pipe]) -> None:
        self._pipes = pipes

    def again(self, notes: Mapping[int, Path]) -> Replayed:
        """Send what the notes of each worker hold: a connection's statements in order, connections side by side.

        What is new among the connections is opened first, in the order of their numbers, so that each has
        the ids that the server's had.
        """
        unknown: dict[int, int] = {}
        for worker, path in notes.items():
            self._pipes[worker].send(path)
        for worker, pipe in self._pipes.items():
            unknown |= dict.fromkeys(_received(pipe), worker)
        for ordinal in sorted(unknown):
            opened = _asked(self._pipes[unknown[ordinal]], ordinal)
            if opened != ordinal:
                raise ReplayFailed(f"the server's connection {ordinal} is number {opened} here")
        began = time.perf_counter()
        for pipe in self._pipes.values():
            pipe.send("go")
        different = [line for pipe in self._pipes.values() for line in _received(pipe)]
        return Replayed(time.perf_counter() - began, different)


@contextmanager
def replaying(workers: Iterable[int], *, conninfo: str, prepare_threshold: int | None) -> Iterator[Replay]:
    """Processes that stand for the server's workers, for as long as the context lasts."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    try:
        for worker in workers:
            pipes[worker], theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, conninfo, prepare_threshold), daemon=True)
            process.start()
            processes.append(process)
        yield Replay(pipes)
    finally:
        for process in processes:
            process.kill()
            process.join()


def _received(pipe: Pipe) -> Any:
    if not pipe.poll(_WAIT_S):
        raise ReplayFailed("a replaying process fell silent")
    answer = pipe.recv()
    if isinstance(answer, BaseException):
        raise ReplayFailed(repr(answer)) from answer
    return answer


def _asked(pipe: Pipe, question: object) -> Any:
    pipe.send(question)
    return _received(pipe)


def _serve(pipe: Pipe, conninfo: str, prepare_threshold: int | None) -> None:
    """One process: a path is loaded, a number is a connection to open, anything else lets the loaded run."""
    connections: dict[int, psycopg.Connection[Any]] = {}
    entries: dict[int, list[Entry]] = {}
    while True:
        asked = pipe.recv()
        try:
            if isinstance(asked, Path):
                entries = read(asked)
                pipe.send([ordinal for ordinal in entries if ordinal not in connections])
            elif isinstance(asked, int):
                opened = psycopg.connect(conninfo, autocommit=True, prepare_threshold=prepare_threshold)
                connections[asked] = opened
                pipe.send(prime(opened))
            else:
                pipe.send(_side_by_side(connections, entries))
        except Exception as error:
            pipe.send(ReplayFailed(repr(error)))


def _side_by_side(
    connections: Mapping[int, psycopg.Connection[Any]], entries: Mapping[int, list[Entry]]
) -> list[str]:
    different: list[str] = []
    failed: list[BaseException] = []

    def run(ordinal: int) -> None:
        try:
            send(connections[ordinal], entries[ordinal], different)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(ordinal,)) for ordinal in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return different


def send(connection: psycopg.Connection[Any], entries: list[Entry], different: list[str]) -> None:
    """Send what one connection sent, and read every row of the answers; into `different` what came out otherwise."""
    for what, query, params, touched, sqlstate in entries:
        if what in (EXECUTE, MANY):
            cursor = connection.cursor()
            try:
                getattr(cursor, what)(query, params)
            except psycopg.Error as error:
                if error.sqlstate != sqlstate:
                    raise
                continue
            if cursor.description:
                cursor.fetchall()
            if cursor.rowcount != touched or sqlstate:
                different.append(f"{cursor.rowcount} rows, not {touched}: {query}")
        elif what == COMMIT:
            connection.commit()
        elif what == ROLLBACK:
            connection.rollback()
        else:
            assert what == AUTOCOMMIT
            connection.autocommit = query
