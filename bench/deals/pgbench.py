"""What the site's connections sent, as scripts of pgbench: a script for each connection, run by a client of its own.

Every statement is prepared once, with the types psycopg gave its parameters, and executed with the recorded values; so
pgbench sends what the site sends, in the same transactions, over as many connections, and parses as little of it. A
script begins with what came before the clock (the connection's block of ids, what was prepared, the warm-up), and waits
for the starting shot: an advisory lock, which all get at one moment.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from psycopg import adapt, sql
from psycopg.adapt import PyFormat

from bench.loop.record import AUTOCOMMIT, COMMIT, EXECUTE, MANY, ROLLBACK, Entry, prime
from hutong.kernel.database import tool

_PLACE = re.compile(r"%(?:\((\w+)\)s|s|%)")
_BARE = re.compile(r"^\s*(SAVEPOINT|RELEASE|ROLLBACK|SET|BEGIN|COMMIT)\b", re.IGNORECASE)
_SHOT = 20_261_123
_WAIT_S = 300.0


class PgbenchFailed(RuntimeError):
    """pgbench could not do what the site did."""


class Script:
    """One connection's statements as lines of a script; those that prepare come before all others."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._names: dict[tuple[str, tuple[str, ...]], str] = {}
        self.prepared: list[str] = []
        self.statements = 0

    def lines(self, entries: Sequence[Entry]) -> list[str]:
        """The lines that do again what the entries say. Raises `PgbenchFailed` where the site itself failed."""
        found: list[str] = []
        autocommit, within = True, False
        for what, query, params, _touched, sqlstate in entries:
            if sqlstate:
                raise PgbenchFailed(f"the site failed with {sqlstate}: {query}")
            if what == AUTOCOMMIT:
                autocommit = bool(query)
            elif what in (COMMIT, ROLLBACK):
                if within:
                    found.append("COMMIT;" if what == COMMIT else "ROLLBACK;")
                within = False
            else:
                assert what in (EXECUTE, MANY)
                if not autocommit and not within:
                    found.append("BEGIN;")
                    within = True
                for each in params if what == MANY else [params]:
                    found.append(self._line(str(query), each))
                    self.statements += 1
        return found

    def _line(self, query: str, params: Any) -> str:
        if _BARE.match(query):
            return f"{_one_line(query)};"
        values: list[Any] = []

        def place(found: re.Match[str]) -> str:
            if found.group() == "%%":
                return "%"
            values.append(params[found.group(1)] if found.group(1) else params[len(values)])
            return f"${len(values)}"

        text = _one_line(_PLACE.sub(place, query) if params else query)
        types = tuple(self._type(value) for value in values)
        name = self._names.get((text, types))
        if name is None:
            name = self._names[text, types] = f"s{len(self._names)}"
            said = f"({', '.join(types)})" if types else ""
            self.prepared.append(f"PREPARE {name}{said} AS {text};")
        literals = ", ".join(_one_line_literal(self._literal(value)) for value in values)
        return f"EXECUTE {name}({literals});" if values else f"EXECUTE {name};"

    def _type(self, value: Any) -> str:
        if value is None:
            return "unknown"
        dumper = adapt.Transformer(self._connection).get_dumper(value, PyFormat.AUTO)
        known = self._connection.adapters.types.get(dumper.oid)
        if known is None:
            return "unknown"
        return f"{known.name}[]" if dumper.oid == known.array_oid else known.name

    def _literal(self, value: Any) -> str:
        return sql.Literal(value).as_string(self._connection)


def again(
    entries: Mapping[int, tuple[Sequence[Entry], Sequence[Entry]]], *, conninfo: str, folder: Path
) -> tuple[float, int]:
    """Do again what connections did, by number: what was before the clock, and after. Seconds, and timed statements."""
    with ExitStack() as stack:
        judge = stack.enter_context(psycopg.connect(conninfo, autocommit=True))
        judge.execute("SELECT pg_advisory_lock(%s)", [_SHOT])
        processes, statements = [], 0
        for ordinal, (before, timed) in sorted(entries.items()):
            script = Script(judge)
            warm, clocked = script.lines(before), None
            counted = script.statements
            clocked = script.lines(timed)
            statements += script.statements - counted
            path = folder / f"connection-{ordinal}.sql"
            shot = f"SELECT pg_advisory_lock_shared({_SHOT});"
            path.write_text("\n".join([*prime_lines(), *script.prepared, *warm, shot, *clocked]) + "\n")
            processes.append(_started(path, conninfo))
            # One after the other, so that each has the ids that the site's connection had.
            _until(judge, "SELECT last_value = %s AND is_called FROM bench_connection", ordinal, processes)
        _until(
            judge,
            "SELECT count(*) = %s FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
            len(processes),
            processes,
        )
        began = time.perf_counter()
        judge.execute("SELECT pg_advisory_unlock(%s)", [_SHOT])
        for process in processes:
            _out, said = process.communicate(timeout=_WAIT_S)
            if process.returncode or "aborted" in said:
                raise PgbenchFailed(said[-2000:])
        return time.perf_counter() - began, statements


def prime_lines() -> list[str]:
    """What gives a connection its number and its block of ids, as `bench.loop.record.prime` does."""
    from bench.loop.record import _PRIME

    assert prime.__doc__
    return ["SELECT pg_advisory_lock(1);", f"{_one_line(_PRIME)};", "SELECT pg_advisory_unlock(1);"]


def _started(script: Path, conninfo: str) -> subprocess.Popen[str]:
    command = [tool("pgbench"), "-n", "-M", "simple", "-c", "1", "-j", "1", "-t", "1", "-f", str(script)]
    return subprocess.Popen(
        [*command, "-d", conninfo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _until(
    judge: psycopg.Connection[Any], question: str, value: int, processes: Sequence[subprocess.Popen[str]]
) -> None:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        row = judge.execute(question, [value]).fetchone()
        if row and row[0]:
            return
        for process in processes:
            if process.poll() is not None:
                raise PgbenchFailed((process.communicate()[1] or "it ended too soon")[-2000:])
        time.sleep(0.01)  # between two looks; the condition is the answer
    raise PgbenchFailed(f"not within {_WAIT_S} s: {question}")


def _one_line(text: str) -> str:
    """A statement as pgbench takes it: comments gone, blanks in one, its colons its own."""
    without = re.sub(r"--[^\n]*", " ", text)
    return " ".join(without.split())


def _one_line_literal(literal: str) -> str:
    if "\n" not in literal and ":" not in literal:
        return literal
    kept = re.fullmatch(r"\s*(E?)'(.*)'(::[\w\[\]]+)?", literal, re.DOTALL)
    if kept is None:
        return literal
    text = kept[2] if kept[1] else kept[2].replace("\\", "\\\\")
    escaped = text.replace("\n", "\\n").replace(":", "\\x3a")
    return f"E'{escaped}'{kept[3] or ''}"
