"""The deals bench from its databases to its rows of the table."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track

from bench import ground
from bench.deals import scene
from bench.deals.pgbench import again
from bench.loop.client import Client, connect_evenly, get, post, press
from bench.loop.record import COMMIT, Entry, read
from bench.loop.run import Fingerprint, fingerprint
from bench.loop.site import WORKERS, Site, running
from bench.table import Row, at_least, exactly
from hutong.kernel.rows import scalar

# A round is one start of the site and one of pgbench, each on a copy of its own; they take turns.
ROUNDS, CLIENTS, WARM_UP = 5, 4, 200
REDEMPTIONS, ATTEMPTS, UNITS = 1_000, 2_000, 100
MARK = 0.2
_SERVER, _REPLAY = "hutong_bench_deals_server", "hutong_bench_deals_replay"


@dataclass
class Measured:
    """Seconds of each round, over HTTP and by pgbench; and counts of what was sent."""

    http: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    statements: int = 0
    transactions: int = 0
    tables: int = 0
    equal: int = 0
    sold: list[int] = field(default_factory=list)


def run(console: Console) -> list[Row]:
    """Measure; the rows of the table."""
    vouchers = scene.AN_ORDER * scene.SHOPS * (1 + (REDEMPTIONS + WARM_UP) // (scene.AN_ORDER * scene.SHOPS))
    template = ground.template("deals", scene.VERSION, partial(scene.fill, vouchers))
    redeemed, tried = Measured(), Measured()
    for _number in track(range(ROUNDS), "deals over HTTP, then by pgbench", console=console):
        _round(template, redeemed, "redemptions", console)
        _round(template, tried, "attempts", console)
    return [*_rows_of(redeemed, "redemptions", REDEMPTIONS), *_rows_of(tried, "attempts", ATTEMPTS)]


def _round(template: str, measured: Measured, what: str, console: Console) -> None:
    """The same over HTTP and by pgbench, each on a copy of the same database."""
    ground.copy(template, _SERVER)
    try:
        with ground.on_database(_SERVER):
            made = scene.load()
            scene.keep_fresh()
            if what == "attempts":
                scene.open_flash_sale(made, UNITS)
        ground.copy(_SERVER, _REPLAY)
        with tempfile.TemporaryDirectory() as folder:
            before, timed = _over_http(made, measured, what, Path(folder))
            entries = {
                ordinal: (before.get(ordinal, []), timed.get(ordinal, [])) for ordinal in before | timed
            }
            seconds, statements = again(entries, conninfo=ground.conninfo(_REPLAY), folder=Path(folder))
        measured.bare.append(seconds)
        measured.statements += statements
        measured.transactions += sum(entry[0] == COMMIT for own in timed.values() for entry in own)
        prints = []
        for name in (_SERVER, _REPLAY):
            with ground.on_database(name):
                prints.append(fingerprint())
                measured.sold.append(
                    int(
                        scalar(
                            "SELECT coalesce(sum(held + sold), 0) FROM stock_stock WHERE offer_ref = %s",
                            [made.rush],
                        )
                    )
                )
        _compare(prints, measured, console, told=what == "redemptions")
    finally:
        for name in (_SERVER, _REPLAY):
            ground.drop(name)


def _over_http(
    made: scene.Scene, measured: Measured, what: str, folder: Path
) -> tuple[dict[int, list[Entry]], dict[int, list[Entry]]]:
    """What each connection of the site sent, before the clock and under it."""
    with ground.on_database(_SERVER), running(_SERVER, folder) as site:
        clients = connect_evenly(site.port, clients=CLIENTS, workers=WORKERS)
        every = [client for own in clients.values() for client in own]
        warm, timed = _redemptions(made) if what == "redemptions" else _attempts(made)
        press(every, warm)
        before = _notes(clients, site, "before")
        seconds, answers = press(every, timed)
        measured.http.append(seconds)
        measured.answers.update(answer.status for answer in answers)
        return before, _notes(clients, site, "timed")


def _redemptions(made: scene.Scene) -> tuple[list[bytes], list[bytes]]:
    asked = [
        post(
            "/api/v1/redemptions",
            json.dumps({"code": code}).encode(),
            _headers(made.scanner_tokens[deal], f"redemption-{number}"),
        )
        for number, (code, deal) in enumerate(scene.ready_vouchers()[: WARM_UP + REDEMPTIONS])
    ]
    return asked[:WARM_UP], asked[WARM_UP:]


def _attempts(made: scene.Scene) -> tuple[list[bytes], list[bytes]]:
    """Orders of one unit, by 64 shoppers in turn. The warm-up asks for a price that was never shown, and sells nothing."""
    wanted = {"lines": [{"deal": made.rush, "quantity": 1}], "quote": made.quote, "store": made.store}
    body, other = json.dumps(wanted).encode(), json.dumps({**wanted, "quote": "another"}).encode()
    tokens = made.shopper_tokens
    warm = [
        post("/api/v1/orders", other, _headers(tokens[number % len(tokens)], f"warm-up-{number}"))
        for number in range(WARM_UP)
    ]
    timed = [
        post("/api/v1/orders", body, _headers(tokens[number % len(tokens)], f"attempt-{number}"))
        for number in range(ATTEMPTS)
    ]
    return warm, timed


def _notes(clients: dict[int, list[Client]], site: Site, name: str) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    for worker, own in clients.items():
        assert own[0].ask(get(f"/bench/write/{name}")).body == str(worker).encode()
        for ordinal, entries in read(site.notes / f"{name}-{worker}.notes").items():
            found[ordinal] += entries
    return dict(found)


def _headers(token: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": key}


def _compare(prints: Sequence[Fingerprint], measured: Measured, console: Console, *, told: bool) -> None:
    server, replayed = prints
    measured.tables += len(server)
    measured.equal += sum(server[table] == replayed[table] for table in server)
    if told:
        for table in server:
            if server[table] != replayed[table]:
                console.print(f"differs: {table}: {server[table]} and {replayed[table]}")


def _rows_of(measured: Measured, what: str, each: int) -> list[Row]:
    http, bare, done = median(measured.http), median(measured.bare), ROUNDS * each
    statements, transactions = measured.statements / done, measured.transactions / done
    redeeming = what == "redemptions"
    name = (
        "redemptions over HTTP against pgbench"
        if redeeming
        else "flash sale attempts over HTTP against pgbench"
    )
    found = [
        at_least(
            f"{name}, {ROUNDS} x {each:,}",
            ours=f"{each / http:,.0f}/s",
            limit=f"{each / bare:,.0f}/s",
            ratio=bare / http,
            mark=MARK,
        ),
        Row(f"  {statements:.1f} statements in {transactions:.1f} transactions a request", ""),
    ]
    if redeeming:
        return [
            *found,
            exactly("  redeemed", ours=measured.answers[201], of=done),
            exactly("  tables equal after both", ours=measured.equal, of=measured.tables),
        ]
    refused = measured.answers[409]
    return [
        *found,
        Row(f"  of {done:,} attempts {refused:,} came when all was gone ({100 * refused / done:.0f} %)", ""),
        exactly("  sold, of what there was", ours=measured.answers[201], of=ROUNDS * UNITS),
        exactly("  sold in both databases", ours=sum(measured.sold), of=2 * ROUNDS * UNITS),
    ]
