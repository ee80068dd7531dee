"""How long after a change people find it: 100 changes a second for 10 s, by the worker as shipped, under search load."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
from rich.console import Console

from bench import ground
from bench.found import city, worker
from bench.served import served
from bench.table import Row
from hutong.flows import jobs
from hutong.kernel import clock
from hutong.kernel.rows import execute, rows

CHANGES_A_SECOND, SECONDS = 100, 10
MARK_S = 1.0
# At a rate, as the changes: who asks as fast as the site answers measures how it shares its cores.
CLIENTS, SEARCHES_A_SECOND = 2, 300
GIVE_UP_S = 120.0
LOOK_EVERY_S = 0.01
SEED = 5
_SHIPPED = [sys.executable, "-m", "hutong.cli.worker"]
# The control: the same worker, but every change is a job of its own.
_ALONE = [
    sys.executable,
    "-c",
    "from hutong.cli import setup, worker\nsetup.django(wait_for_database=True)\n"
    "from hutong.flows import jobs\njobs.TOGETHER.clear()\nworker.main()",
]
_CHANGE = "UPDATE merchants_store SET address = %s, updated_at = now() WHERE id = %s"
_SEND = (
    "INSERT INTO kernel_outboxrow (job, payload, created_at)"
    " VALUES ('index_store', jsonb_build_object('store_ref', %s::text), now())"
)
_SEEN = "SELECT store_id, card->>'address' FROM search_searchstore WHERE store_id = ANY(%s)"


@dataclass
class Watched:
    """Changes that were committed, and when each was found."""

    committed: dict[int, float] = field(default_factory=dict)
    lags: dict[int, float] = field(default_factory=dict)
    done: bool = False
    searches: int = 0


def run(console: Console, stores: int) -> list[Row]:
    """One row for the worker as shipped, one for the control."""
    name = city.database(stores, console)
    with ground.on_database(name):
        found = rows("SELECT id, public_id, address FROM merchants_store ORDER BY id")
        chosen = random.Random(SEED).sample(found, min(len(found), CHANGES_A_SECOND * SECONDS))
        execute("DELETE FROM kernel_outboxrow")
        # What the clock brings once a day is no part of it; the worker's first round would do it now.
        jobs.tick(at=clock.now())
    try:
        shipped = _measure(name, _SHIPPED, chosen, "first")
        alone = _measure(name, _ALONE, chosen, "second")
    finally:
        _restore(name, chosen)
    whole = len(chosen)
    return [
        Row(
            f"index lag, {CHANGES_A_SECOND} changes/s for {SECONDS} s, {stores:,} stores",
            _told(shipped, whole),
            f"{shipped.searches / SECONDS:,.0f} searches/s",
            mark=f"p99 <= {MARK_S:g} s",
            passed=len(shipped.lags) == whole and _share(shipped, 0.99) <= MARK_S,
        ),
        Row("  control: every change a job of its own", _told(alone, whole)),
    ]


def _told(watched: Watched, whole: int) -> str:
    if len(watched.lags) < whole:
        return f"{whole - len(watched.lags):,} of {whole:,} not found after {GIVE_UP_S:g} s"
    return f"p50 {_share(watched, 0.5):.2f} s, p99 {_share(watched, 0.99):.2f} s"


def _share(watched: Watched, share: float) -> float:
    lags = sorted(watched.lags.values())
    return lags[min(len(lags) - 1, int(len(lags) * share))]


def _measure(name: str, command: list[str], chosen: list[dict[str, object]], mark: str) -> Watched:
    """Change the chosen stores, one after the other at the rate, while others search."""
    watched = Watched()
    with served(name) as port, _working(name, command):
        _first_one(name, chosen[0])
        searching = [threading.Thread(target=_search, args=(port, watched, n)) for n in range(CLIENTS)]
        looking = threading.Thread(target=_look, args=(name, watched, mark))
        for thread in (*searching, looking):
            thread.start()
        started = time.monotonic()
        with psycopg.connect(ground.conninfo(name)) as connection:
            for number, store in enumerate(chosen):
                # The rate is what is asked of the site, whatever it does meanwhile.
                time.sleep(max(0.0, started + number / CHANGES_A_SECOND - time.monotonic()))
                connection.execute(_CHANGE, [f"{store['address']} {mark}", store["id"]])
                connection.execute(_SEND, [store["public_id"]])
                connection.commit()
                watched.committed[int(str(store["id"]))] = time.monotonic()
        watched.done = True
        for thread in (*searching, looking):
            thread.join()
    return watched


def _look(name: str, watched: Watched, mark: str) -> None:
    """See each change as soon as it is there."""
    until = time.monotonic() + SECONDS + GIVE_UP_S
    with psycopg.connect(ground.conninfo(name), autocommit=True) as connection:
        while time.monotonic() < until:
            waiting = [number for number in list(watched.committed) if number not in watched.lags]
            if not waiting and watched.done:
                return
            for number, address in connection.execute(_SEEN, [waiting]).fetchall():
                if address.endswith(mark):
                    watched.lags[number] = time.monotonic() - watched.committed[number]
            time.sleep(LOOK_EVERY_S)


def _search(port: int, watched: Watched, number: int) -> None:
    chance = random.Random(number)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        started, sent = time.monotonic(), 0
        while not watched.done:
            sent += 1
            time.sleep(max(0.0, started + sent * CLIENTS / SEARCHES_A_SECOND - time.monotonic()))
            asked: dict[str, str | float] = {
                "lon": chance.uniform(worker.WEST, worker.EAST),
                "lat": chance.uniform(worker.SOUTH, worker.NORTH),
                "category": chance.choice(city.slugs()),
            }
            client.get("/api/v1/stores/nearby", params=asked).raise_for_status()
            watched.searches += 1


@contextmanager
def _working(name: str, command: list[str]) -> Iterator[None]:
    """The worker process over the database, from when it takes jobs."""
    environment = {**os.environ, "DATABASE_URL": ground.url(name), "HUTONG_DEBUG": "0"}
    with subprocess.Popen(command, cwd=ground.ROOT, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _first_one(name: str, store: dict[str, object]) -> None:
    """The worker is at work once a row of the outbox has become a job and the job is done."""
    until = time.monotonic() + GIVE_UP_S
    with psycopg.connect(ground.conninfo(name), autocommit=True) as connection:
        connection.execute(_SEND, [store["public_id"]])
        left = "SELECT (SELECT count(*) FROM kernel_outboxrow) + (SELECT count(*) FROM procrastinate_jobs)"
        while connection.execute(left).fetchone() != (0,):
            if time.monotonic() > until:
                raise RuntimeError("the worker did not do its first job")
            time.sleep(0.1)


def _restore(name: str, chosen: list[dict[str, object]]) -> None:
    """The city is as it was, for whoever measures next."""
    from hutong.attract.search import services

    with ground.on_database(name):
        for store in chosen:
            execute(
                "UPDATE merchants_store SET address = %s, updated_at = %s WHERE id = %s",
                [store["address"], city.AT, store["id"]],
            )
        refs = [str(store["public_id"]) for store in chosen]
        for start in range(0, len(refs), 200):
            services.index_stores(store_refs=refs[start : start + 200], at=city.AT)
        # An index is believed for pages that are known to be seen by all, which is forgotten of each page that changes.
        for table in ("merchants_store", "search_searchstore"):
            execute(f"VACUUM (ANALYZE) {table}")
