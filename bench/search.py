"""Nearby search over 1,000,000 stores: exact, few blocks, and the JSON route against pgbench."""

from __future__ import annotations

import json
import random
import re
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import numpy
from rich.console import Console
from rich.progress import Progress

from bench import generate_stores, ground
from bench.served import served
from bench.table import Row, at_least, exactly
from hutong.attract.search import queries
from hutong.attract.search.queries.stores import nearby_json_statement
from hutong.kernel.database import tool
from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import execute, rows, scalar

STORES = 1_000_000
QUERIES = 1_000
LIMIT = 20
RADIUS_M = 200_000.0  # the whole invented city
MARK = 0.15
MOST_BLOCKS = 100
CLIENTS = 4
SECONDS = 8
WARM_UP_S = 3
_WORDS = ("火锅", "锅", "kahvila", "lucky tea", "qx", "k", "nothing at all")


def run(console: Console) -> list[Row]:
    """Every figure of search; the invented city is made once for each version of its generator."""
    name = ground.template("search", generate_stores.VERSION, lambda: _fill(console))
    with ground.on_database(name):
        found = [_exact(console), *_blocks(), *_text()]
    return [*found, *_rates(name, console)]


def random_place(chance: random.Random) -> Place:
    """A place somewhere in the invented city."""
    west, east = generate_stores.WEST, generate_stores.EAST
    south, north = generate_stores.SOUTH, generate_stores.NORTH
    return Place(chance.uniform(west, east), chance.uniform(south, north))


def blocks_touched(place: Place, category: str | None) -> int:
    """How many blocks the statement of the JSON route reads for a page of 20, cached or not."""
    sql, params = _statement(place, category)
    plan = scalar(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _statement(place: Place, category: str | None) -> tuple[str, dict[str, Any]]:
    return nearby_json_statement(
        place=place, category=category, text=None, limit=LIMIT, after=None, radius_m=RADIUS_M
    )


def _fill(console: Console) -> None:
    execute("SET statement_timeout = 0")
    with Progress(console=console) as progress:
        task = progress.add_task("A city of 1,000,000 stores", total=STORES)
        generate_stores.generate(STORES, lambda count: progress.advance(task, count))
    execute("VACUUM (ANALYZE) search_searchstore")


def _exact(console: Console) -> Row:
    """Random queries against looking at every store; ties at one distance may come in either order."""
    stores = rows(
        "SELECT store_ref AS ref, place[0] AS x, place[1] AS y, category_id, root_category_id,"
        " card->>'category' AS slug FROM search_searchstore ORDER BY store_id"
    )
    refs = numpy.array([store["ref"] for store in stores])
    xs = numpy.array([store["x"] for store in stores])
    ys = numpy.array([store["y"] for store in stores])
    slugs = numpy.array([store["slug"] for store in stores])
    groups, categories = generate_stores.slugs()
    members: dict[str | None, Any] = {None: numpy.arange(len(stores))}
    members |= {slug: numpy.flatnonzero(slugs == slug) for slug in categories}
    members |= {group: numpy.flatnonzero(numpy.char.startswith(slugs, f"{group}-")) for group in groups}
    del stores
    chance = random.Random(2026)
    equal = 0
    with Progress(console=console) as progress:
        for _ in progress.track(range(QUERIES), description="Random queries against brute force"):
            place, category = random_place(chance), chance.choice([None, *groups, *categories])
            x, y = mercator(place)
            among = members[category]
            distances = numpy.hypot(xs[among] - x, ys[among] - y)
            nearest = (
                among[numpy.lexsort((refs[among], distances))[:LIMIT]]
                if len(among) < 200_000
                else (_nearest_of_many(among, distances))
            )
            found = queries.nearby_json(place=place, category=category, limit=LIMIT, radius_m=RADIUS_M)
            items = json.loads(found)["items"]
            equal += [item["ref"] for item in items] == list(refs[nearest])
    return exactly("random queries equal to brute force", ours=equal, of=QUERIES)


def _nearest_of_many(among: Any, distances: Any) -> Any:
    few = numpy.argpartition(distances, LIMIT * 2)[: LIMIT * 2]
    return among[few[numpy.argsort(distances[few], kind="stable")[:LIMIT]]]


def _blocks() -> Iterator[Row]:
    groups, categories = generate_stores.slugs()
    for kind, choices in (("all stores", [None]), ("a group", groups), ("a category", categories)):
        chance = random.Random(5)
        counts = [blocks_touched(random_place(chance), chance.choice(choices)) for _ in range(202)][2:]
        shown = f"{median(counts):.0f}, at most {max(counts)}"
        yield Row(
            f"blocks for 20 of 1,000,000, {kind}",
            shown,
            str(MOST_BLOCKS),
            mark=f"<= {MOST_BLOCKS}",
            passed=max(counts) <= MOST_BLOCKS,
        )


def _text() -> Iterator[Row]:
    chance = random.Random(9)
    for words in _WORDS:
        taken = []
        for _ in range(11):
            started = time.perf_counter()
            queries.nearby_json(place=random_place(chance), text=words, radius_m=RADIUS_M)
            taken.append((time.perf_counter() - started) * 1000)
        yield Row(f"text search, {words!r}", f"{median(taken):.1f} ms")


def _rates(name: str, console: Console) -> Iterator[Row]:
    """The route between two runs of pgbench, so that a drift of the machine cancels out."""
    console.print(f"The same SQL by pgbench and as the JSON route, {SECONDS} s each, {CLIENTS} connections")
    before = _pgbench(name)
    with served(name) as port:
        ours = _requests_a_second(port)
    after = _pgbench(name)
    limit = (before + after) / 2
    yield at_least(
        "nearby as JSON over HTTP, by category",
        ours=f"{ours:,.0f}/s",
        limit=f"{limit:,.0f}/s pgbench",
        ratio=ours / limit,
        mark=MARK,
    )


def _pgbench(name: str) -> float:
    """Transactions a second of the route's own statement, prepared, with random places and categories."""
    sql, params = _statement(Place(25.0, 60.2), "a category")
    low, high = (
        mercator(Place(25.0, generate_stores.SOUTH))[1],
        mercator(Place(25.0, generate_stores.NORTH))[1],
    )
    west, south = generate_stores.WEST, generate_stores.SOUTH
    script = [
        "\\set across random(0, 1000000) / 1000000.0",
        "\\set up random(0, 1000000) / 1000000.0",
        f"\\set lon {west} + {generate_stores.EAST - west} * :across",
        f"\\set lat {south} + {generate_stores.NORTH - south} * :up",
        "\\set x :lon * 111319.49079327358",
        f"\\set y {low} + {high - low} * :up",
        f"\\set group random(0, {generate_stores.GROUPS - 1})",
        f"\\set number random(0, {generate_stores.CATEGORIES_EACH - 1})",
        *(f"\\set {key} {params[key]}" for key in ("cap", "limit", "size")),
    ]
    slug = "('bench-' || :group::text || '-' || :number::text)"
    statement = re.sub(r"%\((\w+)\)s", r":\1", sql.replace("%(category)s", slug))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nearby.sql"
        path.write_text("\n".join([*script, " ".join(statement.split()) + ";"]))
        command = [tool("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS)]
        done = subprocess.run(
            [*command, "-f", str(path), "-d", ground.conninfo(name)],
            capture_output=True,
            text=True,
            check=False,
        )
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or rate is None:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(rate.group(1))


def _requests_a_second(port: int) -> float:
    """Requests a second over kept-alive connections, each sending its next one when it has its answer.

    Raw sockets and one thread: the client shares the machine with the servers and must cost little.
    """
    chance = random.Random(3)
    _groups, categories = generate_stores.slugs()
    requests = [_request(random_place(chance), chance.choice(categories)) for _ in range(5_000)]
    first = json.loads(_answer(port, requests[0]))
    if len(first["items"]) != LIMIT:
        raise RuntimeError(f"the route answered {str(first)[:300]}")
    with selectors.DefaultSelector() as selector:
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CLIENTS)]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(requests[0])
        _exchange(selector, requests, WARM_UP_S)
        count, elapsed = _exchange(selector, requests, SECONDS)
        for connection in connections:
            connection.close()
    return count / elapsed


def _exchange(selector: selectors.BaseSelector, requests: list[bytes], seconds: float) -> tuple[int, float]:
    """Answers within the time, and the time; raises at the first answer that is not 200."""
    count = 0
    waiting: dict[Any, bytes] = {}
    started = time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for key, _events in selector.select(timeout=10):
            connection: Any = key.fileobj
            received = waiting.get(connection, b"") + connection.recv(65_536)
            if not _whole(received):
                waiting[connection] = received
                continue
            waiting[connection] = b""
            count += 1
            connection.sendall(requests[count % len(requests)])
    return count, elapsed


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


def _request(place: Place, category: str) -> bytes:
    query = urlencode(
        {"lon": place.lon, "lat": place.lat, "category": category, "limit": LIMIT, "radius_m": RADIUS_M}
    )
    return f"GET /api/v1/stores/nearby?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def _answer(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        received = b""
        while not _whole(received):
            received += connection.recv(65_536)
    return received.partition(b"\r\n\r\n")[2]
