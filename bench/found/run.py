"""Found online: one invented city of 10,000, 100,000 and 1,000,000 stores, asked in every way people ask."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from rich.console import Console

from bench import ground
from bench.found import asked, city, exact, kinds, lag, postgis
from bench.found.kinds import KINDS, Kind
from bench.load import CLIENTS, SCRIPTS, SECONDS, Carried, answer, by_pgbench, over_http, request, touched
from bench.served import served
from bench.table import Row, at_least
from hutong.kernel import clock

# The first ones also read the catalogue of the database.
WARM = 5
# Near flat: a hundred times the stores may cost so many times the blocks.
MOST_GROWTH = 5.0
# Requests that are sent in turn, so that hardly any is the same as one shortly before.
DIFFERENT = 2_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a kind of question costs the database: blocks, looks into the visibility map beside them, and milliseconds;
    the median and the most."""

    blocks: float
    most_blocks: int
    looks: float
    ms: float
    most_ms: float


def run(console: Console) -> list[Row]:
    """Every figure of search. `HUTONG_BENCH_STORES` caps the largest city, for a look while one works on it."""
    cap = int(os.environ.get("HUTONG_BENCH_STORES", city.SIZES[-1]))
    sizes = [size for size in city.SIZES if size <= cap]
    names = {size: city.database(size, console) for size in sizes}
    costs = {size: _costs(names[size], console) for size in sizes}
    largest = sizes[-1]
    found = [*_rates(names[largest], largest, console), *_growth(sizes, costs)]
    found += postgis.run(names[largest], largest, console)
    with ground.on_database(names[largest]):
        found += exact.run(console)
    return [*found, *asked.run(console, largest), *lag.run(console, largest)]


def _costs(name: str, console: Console) -> dict[str, Cost]:
    """What each kind costs in a city, over questions that are the same each time."""
    console.print(f"Blocks and time of {SCRIPTS} questions of each kind, {name}")
    found = {}
    with ground.on_database(name):
        among = kinds.stores()
        for kind in KINDS:
            each = [
                [touched(statement) for statement in one.statements]
                for one in kinds.drawn(kind, among, SCRIPTS + WARM, clock.now())
            ][WARM:]
            blocks = [sum(part.blocks for part in one) for one in each]
            looks = [sum(part.looks for part in one) for one in each]
            taken = [sum(part.ms for part in one) for one in each]
            found[kind.name] = Cost(median(blocks), max(blocks), median(looks), median(taken), max(taken))
    return found


def _growth(sizes: list[int], costs: dict[int, dict[str, Cost]]) -> Iterator[Row]:
    shown = " / ".join(f"{size:,}" for size in sizes)
    for kind in KINDS:
        of_kind = [costs[size][kind.name] for size in sizes]
        yield Row(
            f"{kind.name}: blocks at {shown} stores",
            " / ".join(_blocks(cost) for cost in of_kind),
            f"at most {of_kind[-1].most_blocks:,}",
            ratio=of_kind[-1].blocks / max(1, of_kind[0].blocks),
            mark=f"<= {MOST_GROWTH:g} x",
            passed=of_kind[-1].blocks <= MOST_GROWTH * max(1, of_kind[0].blocks),
        )
        yield Row(
            "  milliseconds in the database",
            " / ".join(f"{cost.ms:.1f}" for cost in of_kind),
            f"at most {of_kind[-1].most_ms:.1f}",
            ratio=of_kind[-1].ms / of_kind[0].ms,
        )


def _blocks(cost: Cost) -> str:
    return f"{cost.blocks:,.0f}" + (f" (+{cost.looks:,.0f})" if cost.looks else "")


def _rates(name: str, stores: int, console: Console) -> Iterator[Row]:
    """Each kind between two runs of pgbench, so that a drift of the machine cancels out."""
    with ground.on_database(name):
        among = kinds.stores()
    for kind in KINDS:
        with ground.on_database(name):
            questions = kinds.drawn(kind, among, DIFFERENT, clock.now())
        console.print(f"{kind.name}: by pgbench and over HTTP, {SECONDS} s each, {CLIENTS} connections")
        yield from _rate(kind, name, questions, stores)


def _rate(kind: Kind, name: str, questions: list[kinds.Asked], stores: int) -> Iterator[Row]:
    transactions = [one.statements for one in questions[:SCRIPTS]]
    before = by_pgbench(ground.conninfo(name), transactions, prepared=kind.prepared)
    with served(name) as port:
        _answers_something(port, kind, questions)
        ours: Carried = over_http(port, [request(one.path) for one in questions])
    after = by_pgbench(ground.conninfo(name), transactions, prepared=kind.prepared)
    limit = (before + after) / 2
    yield at_least(
        f"{kind.name}, {stores:,} stores, over HTTP",
        ours=f"{ours.rate:,.0f}/s",
        limit=f"{limit:,.0f}/s pgbench",
        ratio=ours.rate / limit,
        mark=kind.mark,
    )
    yield Row("  p50 and p99 of a request", f"{ours.p50_ms:.1f} and {ours.p99_ms:.1f} ms")


def _answers_something(port: int, kind: Kind, questions: list[kinds.Asked]) -> None:
    """Most questions find something; otherwise the bench would measure how fast nothing is."""
    found = 0
    for one in questions[:20]:
        told = json.loads(answer(port, request(one.path)))
        found += bool(told if isinstance(told, list) else told["items"])
    if found < 16:
        raise RuntimeError(f"{kind.name}: only {found} of 20 questions found something")
