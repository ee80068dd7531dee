"""The books at 100,000 and at 1,000,000 transfers, one commission account in all of them: posting, and adding up."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from statistics import median

from django.db import connection
from rich.console import Console
from rich.progress import track

from bench import ground
from bench.loop.scene import let_connections_number_apart
from bench.money import ledger_steps
from bench.money.compared import compared
from bench.table import Row
from hutong.kernel.rows import execute
from hutong.pay.ledger import queries, services

# Part of the name of the cached databases: count it up when what is made here changes.
VERSION = 1
SIZES = (100_000, 1_000_000)
MERCHANTS, PROCESSES = 40, 4
BATCHES, SALES, WARM_UP = 6, 400, 200
CHECKS = 3
# Sales between two checks.
SINCE = 300

# Sale n is of merchant n % MERCHANTS and has 3 transfers: what came, what the merchant gets, what stays here.
_TRANSACTIONS = """
INSERT INTO ledger_transaction (public_id, reference, kind, at)
SELECT 'txn_' || lpad((2 * n + half)::text, 26, '0'), what || ':past-' || n, what, %(at)s
FROM generate_series(1, %(sales)s) AS n, (VALUES (0, 'capture'), (1, 'redeem')) AS x (half, what)
ORDER BY n, half
"""
_TRANSFERS = """
INSERT INTO ledger_transfer (transaction_id, from_account_id, to_account_id, amount, unit)
SELECT t.id, f.id, g.id, x.amount, 'EUR'
FROM ledger_transaction t
CROSS JOIN LATERAL (
    SELECT 'mer_' || split_part(t.reference, '-', 2)::int %% %(merchants)s AS merchant
    WHERE t.reference LIKE '%%:past-%%'
) AS m
JOIN (VALUES
    ('capture', 'clearing', 'unredeemed', 1990), ('redeem', 'unredeemed', 'payable', 1791),
    ('redeem', 'unredeemed', 'commission', 199)
) AS x (kind, from_kind, to_kind, amount) ON x.kind = t.kind
JOIN ledger_account f ON f.kind = x.from_kind
    AND f.owner_ref = CASE x.from_kind WHEN 'clearing' THEN 'sandbox' ELSE m.merchant END
JOIN ledger_account g ON g.kind = x.to_kind
    AND g.owner_ref = CASE x.to_kind WHEN 'commission' THEN 'platform' ELSE m.merchant END
ORDER BY t.id, x.amount DESC
"""


def fill(transfers: int) -> None:
    """Make books of so many transfers in the database Django is connected to: everything sold was redeemed."""
    for number in range(MERCHANTS):
        ledger_steps.sell((f"first-{number}", f"mer_{number}"))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ANALYZE ledger_account")
        cursor.execute(_TRANSACTIONS, {"sales": transfers // 3, "at": ledger_steps.AT})
        cursor.execute("ANALYZE ledger_transaction")
        cursor.execute(_TRANSFERS, {"merchants": MERCHANTS})
    let_connections_number_apart()
    execute("ANALYZE")


def run(console: Console) -> list[Row]:
    """Measure; the rows of the table."""
    templates = {size: ground.template(f"books_{size}", VERSION, partial(fill, size)) for size in SIZES}
    return [*_posting(templates, console), *_adding_up(templates), *_since_a_checkpoint(templates)]


def _posting(templates: dict[int, str], console: Console) -> list[Row]:
    """Postings a second to small and to large books, which take turns, so that what else runs falls on both."""
    checks: list[Row] = []
    with ExitStack() as stack:
        books = {
            size: stack.enter_context(
                compared(
                    template,
                    processes=PROCESSES,
                    steps="bench.money.ledger_steps",
                    console=console,
                    rows=checks,
                )
            )
            for size, template in templates.items()
        }
        for number in track(range(-1, BATCHES), "postings to the books, then bare", console=console):
            count = WARM_UP if number < 0 else SALES
            sales = [(f"{number}-{sale}", f"mer_{sale % MERCHANTS}") for sale in range(count)]
            for both in books.values():
                both.step("sales", f"batch{number}", sales, timed=number >= 0)
    rates = {size: [2 * SALES / seconds for seconds in both.seconds("sales")] for size, both in books.items()}
    small, large = (rates[size][0] for size in SIZES)
    return [
        *(
            Row(
                f"postings, one commission account, {size:,} transfers",
                f"{ours:,.0f}/s",
                f"{bare:,.0f}/s",
                ours / bare,
            )
            for size, (ours, bare) in rates.items()
        ),
        Row("  10 x the transfers: rate against before", f"{large:,.0f}/s", f"{small:,.0f}/s", large / small),
        *checks,
    ]


def _adding_up(templates: dict[int, str]) -> list[Row]:
    """The time to add the ledger up, which has to be right."""
    seconds = {size: _seconds_to_add_up(template) for size, template in templates.items()}
    small, large = (seconds[size] for size in SIZES)
    return [
        *(
            Row(f"books check, the ledger's part, {size:,} transfers", f"{taken * 1000:,.0f} ms")
            for size, taken in seconds.items()
        ),
        Row("  10 x the transfers: time against before", f"{large / small:.1f} x"),
    ]


def _since_a_checkpoint(templates: dict[int, str]) -> list[Row]:
    """The time to add up what came after a checkpoint, which the worker does every quarter of an hour."""
    return [
        Row(
            f"books check from a checkpoint, {size:,} transfers and {3 * SINCE:,} since",
            f"{_seconds_since(template) * 1000:,.0f} ms",
        )
        for size, template in templates.items()
    ]


def _seconds_since(template: str) -> float:
    name = f"{template}_since"
    ground.copy(template, name)
    try:
        with ground.on_database(name):
            services.mark_checkpoint()
            if not services.advance_checkpoint(added=queries.add_up(), at=ledger_steps.AT):
                raise RuntimeError("the checkpoint does not move")
            for number in range(SINCE):
                ledger_steps.sell((f"since-{number}", f"mer_{number % MERCHANTS}"))
            found = []
            for _number in range(CHECKS):
                began = time.perf_counter()
                added = queries.add_up_since()
                found.append(time.perf_counter() - began)
                if added.problems or added.base.transfer == 0:
                    raise RuntimeError(f"not added up from the checkpoint: {added}")
            return median(found)
    finally:
        ground.drop(name)


def _seconds_to_add_up(template: str) -> float:
    with ground.on_database(template):
        found = []
        for _number in range(CHECKS):
            began = time.perf_counter()
            problems = queries.problems()
            found.append(time.perf_counter() - began)
            if problems:
                raise RuntimeError(f"the generated books do not add up: {problems[:3]}")
    return median(found)
