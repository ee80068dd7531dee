"""The loop bench from its database to its rows of the table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from django.conf import settings
from rich.console import Console
from rich.progress import track

from bench import ground
from bench.loop import scene
from bench.loop.client import connect_evenly
from bench.loop.driver import STEPS, TIMED, Driver, Step
from bench.loop.record import COMMIT, EXECUTE, MANY, read
from bench.loop.replay import Replay, Replayed, replaying
from bench.loop.site import WORKERS, running
from bench.table import Row, at_least, exactly
from hutong.kernel.rows import rows, scalar

# The two take turns step by step, so that whatever else the machine does falls on both alike.
BATCHES, LOOPS, WARM_UP, CLIENTS = 20, 50, 60, 4
MARK = 0.25
_SERVER, _REPLAY = "hutong_bench_loop_server", "hutong_bench_loop_replay"

Fingerprint = dict[str, tuple[int, int]]


@dataclass
class Measured:
    """Seconds of each batch by step, over HTTP and bare; and counts of what was sent."""

    http: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in TIMED})
    bare: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in TIMED})
    statements: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIMED, 0))
    transactions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIMED, 0))
    connections: set[int] = field(default_factory=set)
    sent: int = 0
    answers: int = 0
    different: list[str] = field(default_factory=list)

    def add(self, step: Step, replayed: Replayed, *, timed: bool) -> None:
        """A step that was done and done again."""
        self.answers += step.requests
        self.different += replayed.different
        found = {ordinal: own for path in step.notes.values() for ordinal, own in read(path).items()}
        entries = [entry for own in found.values() for entry in own]
        statements = sum(entry[0] in (EXECUTE, MANY) for entry in entries)
        self.connections |= set(found)
        self.sent += statements
        if timed and step.name in TIMED:
            self.http[step.name].append(step.seconds)
            self.bare[step.name].append(replayed.seconds)
            self.statements[step.name] += statements
            self.transactions[step.name] += sum(entry[0] == COMMIT for entry in entries)


def run(console: Console) -> list[Row]:
    """Measure; the rows of the table."""
    template = ground.template("loop", scene.VERSION, scene.fill)
    for name in (_SERVER, _REPLAY):
        ground.copy(template, name)
    measured = Measured()
    try:
        _measure(measured, console)
        fingerprints = []
        for name in (_SERVER, _REPLAY):
            with ground.on_database(name):
                fingerprints.append(fingerprint())
    finally:
        for name in (_SERVER, _REPLAY):
            ground.drop(name)
    server, replayed = fingerprints
    for line in measured.different[:10]:
        console.print(f"replayed with another result: {line[:300]}")
    for table in server:
        if server[table] != replayed[table]:
            console.print(f"differs: {table}: {server[table]} and {replayed[table]}")
    equal = sum(server[table] == replayed[table] for table in server)
    return [
        *_rates(measured),
        *_checks(measured),
        exactly("  tables equal after both", ours=equal, of=len(server)),
    ]


def _measure(measured: Measured, console: Console) -> None:
    threshold: int = settings.DATABASES["default"]["OPTIONS"]["prepare_threshold"]
    with (
        tempfile.TemporaryDirectory() as folder,
        ground.on_database(_SERVER),
        running(_SERVER, Path(folder)) as site,
    ):
        clients = connect_evenly(site.port, clients=CLIENTS, workers=WORKERS)
        driver = Driver(site, scene.load(), clients)
        with replaying(clients, conninfo=ground.conninfo(_REPLAY), prepare_threshold=threshold) as replay:
            replay.again(driver.notes("start"))
            _batch(driver.loops("warm-up", WARM_UP), replay, measured, timed=False)
            for number in track(range(BATCHES), "loops over HTTP, then bare", console=console):
                _batch(driver.loops(f"batch-{number}", LOOPS), replay, measured, timed=True)


def _batch(steps: Iterable[Step], replay: Replay, measured: Measured, *, timed: bool) -> None:
    """Every step over HTTP, and at once again with bare psycopg."""
    for step in steps:
        measured.add(step, replay.again(step.notes), timed=timed)


def _rates(measured: Measured) -> list[Row]:
    """The medians of all batches: for the loop the sums of its steps, then each step."""
    http = {step: median(measured.http[step]) for step in TIMED}
    bare = {step: median(measured.bare[step]) for step in TIMED}
    found = [
        at_least(
            f"the loop over HTTP against bare psycopg, {BATCHES} x {LOOPS}",
            ours=f"{LOOPS / sum(http.values()):,.1f} loops/s",
            limit=f"{LOOPS / sum(bare.values()):,.1f} loops/s",
            ratio=sum(bare.values()) / sum(http.values()),
            mark=MARK,
        )
    ]
    for step in TIMED:
        statements = measured.statements[step] / (BATCHES * LOOPS)
        transactions = measured.transactions[step] / (BATCHES * LOOPS)
        found.append(
            Row(
                f"  {step}: {statements:.1f} statements a request in {transactions:.1f} transactions",
                f"{LOOPS / http[step]:,.0f}/s",
                f"{LOOPS / bare[step]:,.0f}/s",
                bare[step] / http[step],
            )
        )
    return found


def _checks(measured: Measured) -> list[Row]:
    asked = len(STEPS) * (WARM_UP + BATCHES * LOOPS)
    alike = measured.sent - len(measured.different)
    where = f"{len(measured.connections)} connections"
    return [
        exactly("  answers as they should be", ours=measured.answers, of=asked),
        exactly(f"  statements with as many rows again, {where}", ours=alike, of=measured.sent),
    ]


# Where one of two requests at once opens a new window, the order of the two decides what the other counts in;
# so of the limits only their keys are compared.
COMPARED = {"kernel_budget": "t.key"}


def fingerprint() -> Fingerprint:
    """Of every table how many rows there are, and a sum over hashes of the rows: the same whatever their order."""
    tables = rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = {}
    for table in sorted(entry["relname"] for entry in tables):
        what = COMPARED.get(table, "t")
        hashed = f'SELECT coalesce(sum(hashtextextended({what}::text, 0)), 0)::text FROM "{table}" t'
        found[table] = (int(scalar(f'SELECT count(*) FROM "{table}"')), int(scalar(hashed)))
    return found
