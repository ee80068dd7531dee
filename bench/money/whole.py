"""`hutong books check` over all rooms, without asking a provider: everything, and from a checkpoint on."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from bench import ground
from bench.money import sold
from bench.table import Row
from hutong.flows import books

SIZES = (100_000, 1_000_000)
CHECKS = 3


def run(sizes: tuple[int, int] = SIZES) -> list[Row]:
    """Measure; the rows of the table."""
    found = [_timed(size) for size in sizes]
    (small, small_since), (large, large_since) = found
    ratio = f"{sold.TRANSFERS_A_SHOPPER / sold.ORDERS_A_SHOPPER:g} transfers an order"
    return [
        *(
            Row(f"books check, every room, {size:,} transfers, {ratio}", f"{whole * 1000:,.0f} ms")
            for size, (whole, _since) in zip(sizes, found, strict=True)
        ),
        Row("  10 x the transfers: time against before", f"{large / small:.1f} x"),
        *(
            Row(
                f"books check, every room, from a checkpoint, {size:,} transfers, none since",
                f"{since * 1000:,.0f} ms",
            )
            for size, since in zip(sizes, (small_since, large_since), strict=True)
        ),
    ]


def _timed(size: int) -> tuple[float, float]:
    """Seconds of a whole check, and of one from a checkpoint."""
    template = ground.template(f"sold_{size}", sold.VERSION, partial(sold.fill, size))
    with ground.on_database(template):
        whole = _median(partial(_check, size, since_checkpoint=False))
        # Where it is right the checkpoint moves up to the end; a second bench finds it there.
        _check(size, since_checkpoint=False, move_checkpoint=True)
        since = _median(partial(_check, 0, since_checkpoint=True))
    return whole, since


def _median(check: Callable[[], None]) -> float:
    found = []
    for _number in range(CHECKS):
        began = time.perf_counter()
        check()
        found.append(time.perf_counter() - began)
    return median(found)


def _check(at_least: int, *, since_checkpoint: bool, move_checkpoint: bool = False) -> None:
    """One check, which has to find everything right, and to have read so many transfers (0: none)."""
    found = books.check(
        at=sold.AT, ask_providers=False, since_checkpoint=since_checkpoint, move_checkpoint=move_checkpoint
    )
    read = found.transfers >= at_least if at_least else found.transfers == 0
    if found.problems or not read:
        raise RuntimeError(f"{found.transfers} transfers read, and not right: {found.problems[:3]}")
