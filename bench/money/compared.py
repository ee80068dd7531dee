"""Steps of work by our own code in several processes, each at once done again by bare psycopg on a copy."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from rich.console import Console

from bench import ground
from bench.loop.record import COMMIT, EXECUTE, MANY, read
from bench.loop.replay import Replay, replaying
from bench.loop.run import fingerprint
from bench.money.worker import Crew, crew
from bench.table import Row, exactly


@dataclass
class Compared:
    """Seconds of every batch by step, ours and bare; and what was sent."""

    workers: Crew
    replay: Replay
    folder: Path
    ours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    bare: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    transactions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sent: int = 0
    different: list[str] = field(default_factory=list)

    def step(self, name: str, part: str, work: list[Any], *, timed: bool = True) -> list[Any]:
        """Share the work out, do it, and send the very same statements again; the answers."""
        number = len(self.workers.pids)
        seconds, answers = self.workers.do(name, [work[one::number] for one in range(number)])
        notes = self.workers.notes(self.folder, f"{part}-{name}")
        replayed = self.replay.again(notes)
        entries = [entry for path in notes.values() for own in read(path).values() for entry in own]
        statements = sum(entry[0] in (EXECUTE, MANY) for entry in entries)
        self.sent += statements
        self.different += replayed.different
        if timed:
            self.ours[name].append(seconds)
            self.bare[name].append(replayed.seconds)
            self.statements[name] += statements
            self.transactions[name] += sum(entry[0] == COMMIT for entry in entries)
            self.done[name] += len(work)
        return [answer for own in answers for answer in own]

    def seconds(self, name: str) -> tuple[float, float]:
        """The median batch of a step: ours, and bare."""
        return median(self.ours[name]), median(self.bare[name])

    def row(self, name: str, *, each: int) -> Row:
        """The rates of a step of `each` in a batch."""
        ours, bare = self.seconds(name)
        statements, transactions = (
            counted[name] / self.done[name] for counted in (self.statements, self.transactions)
        )
        return Row(
            f"  {name}: {statements:.1f} statements in {transactions:.1f} transactions",
            f"{each / ours:,.0f}/s",
            f"{each / bare:,.0f}/s",
            bare / ours,
        )


@contextmanager
def compared(
    template: str, *, processes: int, steps: str, console: Console, rows: list[Row]
) -> Iterator[Compared]:
    """Two copies of a template with our processes on one of them; at the end `rows` say whether the copies are equal.

    Django's connection leads to ours as long as the context lasts.
    """
    names = (f"{template}_ours", f"{template}_bare")
    for name in names:
        ground.copy(template, name)
    threshold: int = settings.DATABASES["default"]["OPTIONS"]["prepare_threshold"]
    environment = {
        "DATABASE_URL": ground.url(names[0]),
        "DJANGO_SETTINGS_MODULE": "bench.loop.settings",
        "PYTHONPATH": str(ground.ROOT),
    }
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            ground.on_database(names[0]),
            crew(processes, steps=steps, environment=environment) as workers,
            replaying(
                workers.pids, conninfo=ground.conninfo(names[1]), prepare_threshold=threshold
            ) as replay,
        ):
            replay.again(workers.notes(Path(folder), "start"))
            made = Compared(workers, replay, Path(folder))
            yield made
        fingerprints = []
        for name in names:
            with ground.on_database(name):
                fingerprints.append(fingerprint())
    finally:
        for name in names:
            ground.drop(name)
    for line in made.different[:10]:
        console.print(f"replayed with another result: {line[:300]}")
    ours, bare = fingerprints
    for table in ours:
        if ours[table] != bare[table]:
            console.print(f"differs: {table}: {ours[table]} and {bare[table]}")
    equal = sum(ours[table] == bare[table] for table in ours)
    rows += [
        exactly("  statements with as many rows again", ours=made.sent - len(made.different), of=made.sent),
        exactly("  tables equal after both", ours=equal, of=len(ours)),
    ]
