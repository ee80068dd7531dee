"""What a served site and a bare PostgreSQL each carry: requests over HTTP, and statements by pgbench."""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from django.db import transaction
from psycopg import sql as compose

from bench.served import WORKERS
from hutong.kernel.database import tool
from hutong.kernel.rows import scalar

CLIENTS = 4
SECONDS = 8
WARM_UP_S = 3
_EVEN_WITHIN_S = 30
# pgbench takes 128 scripts at most.
SCRIPTS = 100
_FETCHED = "SELECT pg_stat_get_xact_blocks_fetched('search_searchstore'::regclass)"
_LITERAL = re.compile(r"\b[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True)
class Carried:
    """Answers a second, and within how many milliseconds half and 99 of 100 of them came."""

    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its parameters, as the site sends it."""

    sql: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Touched:
    """Blocks that a statement reads, cached or not; beside them how often it looks into the visibility map, whose few
    pages tell for each row whether an index may be believed; and the milliseconds it takes to plan and to run."""

    blocks: int
    looks: int
    ms: float


def request(path: str) -> bytes:
    """A GET request over a connection that is kept."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def answer(port: int, wanted: bytes) -> bytes:
    """The body of one answer. Raises where it is not 200."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(wanted)
        received = b""
        while not _whole(received):
            received += connection.recv(65_536)
    return received.partition(b"\r\n\r\n")[2]


def over_http(port: int, requests: Sequence[bytes]) -> Carried:
    """Kept-alive connections, each of which sends its next request when it has its answer; as many to each worker.

    Raw sockets and one thread: the client shares the machine with the servers and must cost little.
    """
    connections = _connected_evenly(port, requests[0])
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(requests[0])
        _exchange(selector, requests, WARM_UP_S)
        taken, elapsed = _exchange(selector, requests, SECONDS)
    for connection in connections:
        connection.close()
    taken.sort()
    return Carried(len(taken) / elapsed, taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000)


def _connected_evenly(port: int, wanted: bytes) -> list[socket.socket]:
    """The operating system deals connections out as it likes: all four to one worker measure half a site. So some are
    tried and given back. Connections that were answered once are open at a worker."""
    kept: dict[int, list[socket.socket]] = {}
    until = time.monotonic() + _EVEN_WITHIN_S
    while time.monotonic() < until:
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.sendall(wanted)
        received = b""
        while not _whole(received):
            received += connection.recv(65_536)
        own = connection.getsockname()[1]
        (worker,) = (
            one.pid
            for one in psutil.net_connections("tcp")
            if one.laddr.port == port and one.raddr and one.raddr.port == own and one.pid
        )
        of_worker = kept.setdefault(worker, [])
        if len(of_worker) < CLIENTS // WORKERS:
            of_worker.append(connection)
        else:
            connection.close()
        if sum(map(len, kept.values())) == CLIENTS:
            return [one for of_one in kept.values() for one in of_one]
    raise RuntimeError(f"{CLIENTS} connections are not spread over {WORKERS} workers in {_EVEN_WITHIN_S} s")


def by_pgbench(conninfo: str, transactions: Sequence[Sequence[Statement]], *, prepared: bool) -> float:
    """Transactions a second of these, each a script of its statements, drawn at random; `prepared` as a server that
    has seen the statement before. Numbers are parameters, as in the site; the rest are literals."""
    with tempfile.TemporaryDirectory() as folder:
        command = [tool("pgbench"), "-n", "-M", "prepared" if prepared else "extended", "-c", str(CLIENTS)]
        command += ["-j", "2", "-T", str(SECONDS), "-d", conninfo]
        for number, statements in enumerate(transactions[:SCRIPTS]):
            path = Path(folder) / f"{number}.sql"
            path.write_text("\n".join(_script(statements)))
            command += ["-f", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or rate is None:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(rate.group(1))


def touched(statement: Statement) -> Touched:
    """What a statement costs the database, planned and run once."""
    with transaction.atomic():
        before = scalar(_FETCHED)
        found = scalar(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.sql}", statement.params
        )[0]
        # Whatever is read of the table where indexes alone are read is its visibility map, and the rows it sends to.
        read = _rows_read(found["Plan"])
        looks = 0 if read is None else max(0, scalar(_FETCHED) - before - read)
    blocks = int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])
    return Touched(blocks - looks, looks, float(found["Execution Time"] + found["Planning Time"]))


def _rows_read(plan: dict[str, Any]) -> int | None:
    """How many rows of the stores are read beside their indexes; None where a node reads them all."""
    reads = plan.get("Relation Name") == "search_searchstore" and plan["Actual Loops"] > 0
    if reads and plan["Node Type"] != "Index Only Scan":
        return None
    parts = [_rows_read(part) for part in plan.get("Plans", ())]
    if None in parts:
        return None
    return (plan["Heap Fetches"] if reads else 0) + sum(part for part in parts if part is not None)


def _script(statements: Sequence[Statement]) -> list[str]:
    """What pgbench runs: a line for each number, then each statement in a line of its own."""
    lines = []
    for order, one in enumerate(statements):
        values: dict[str, str] = {}
        for name, value in one.params.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                lines.append(f"\\set p{order}_{name} {value!r}")
                values[name] = f":p{order}_{name}"
            else:
                literal = compose.Literal(value.isoformat() if isinstance(value, datetime) else value)
                values[name] = _without_colons(literal.as_string())
        # What is quoted keeps its colons from pgbench, which takes them for its variables.
        text = _LITERAL.sub(lambda found: _without_colons(found.group()), one.sql)
        text = re.sub(r"%\((\w+)\)s", lambda found, known=values: known[found.group(1)], text)  # type: ignore[misc]
        lines.append(" ".join(text.replace("%%", "%").split()) + ";")
    return lines


def _without_colons(literal: str) -> str:
    if ":" not in literal:
        return literal
    if literal[0] in "eE":
        return literal.replace(":", "\\x3a")
    return "E" + literal.replace("\\", "\\\\").replace(":", "\\x3a")


def _exchange(
    selector: selectors.BaseSelector, requests: Sequence[bytes], seconds: float
) -> tuple[list[float], float]:
    """How long each answer took that came within the time, and the time; raises at the first that is not 200."""
    taken: list[float] = []
    waiting: dict[Any, bytes] = {}
    sent: dict[Any, float] = {}
    number = 0
    started = time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for key, _events in selector.select(timeout=10):
            connection: Any = key.fileobj
            received = waiting.get(connection, b"") + connection.recv(65_536)
            if not _whole(received):
                waiting[connection] = received
                continue
            waiting[connection] = b""
            now = time.perf_counter()
            if connection in sent:
                taken.append(now - sent[connection])
            number += 1
            sent[connection] = now
            connection.sendall(requests[number % len(requests)])
    return taken, elapsed


def _whole(received: bytes) -> bool:
    """Whether an answer has arrived to its end."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the route answered {received[:300]!r}")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if length is None:
        raise RuntimeError(f"an answer without a length: {head!r}")
    return len(body) >= int(length.group(1))
