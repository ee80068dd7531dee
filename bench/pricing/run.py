"""The bench of prices: the median of many carts, how it grows in each direction, and the worst of carts made to be hard."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from time import perf_counter

from rich.console import Console
from rich.progress import track

from bench.pricing.carts import Cart, hard, usual
from bench.table import Row

SIZES = {"lines": 20, "promotions": 200, "coupons": 10}
CARTS, TURNS = 60, 5
AIM_S = 0.010
LINEAR = 4.0
"""Twice as many against half as many: what grows with the number takes at most four times as long."""

HARD = {
    "all": "all for everything, in any amount",
    "amounts": "each for any lines, in any amount",
    "halves": "each for another half of the lines, within a tenth of each other",
    "same": "one percentage for any 18 of 20 equal lines",
}
SEEDS = 10


def run(console: Console) -> list[Row]:
    """Price carts; nothing is read or written."""
    whole = [usual(seed, **{what: 2 * size for what, size in SIZES.items()}) for seed in range(CARTS)]
    usuals = [cart.part(**SIZES) for cart in whole]
    times = _times(usuals, console, "usual carts")
    median = statistics.median(times)
    rows = [
        Row(
            f"a cart of {', '.join(f'{size} {what}' for what, size in SIZES.items())}: median of {CARTS}",
            _ms(median),
            mark=f"<= {_ms(AIM_S)}",
            passed=median <= AIM_S,
        ),
        Row("the slowest of them", _ms(max(times))),
        Row("what of it is the same cart without promotions and coupons", _ms(_plain(usuals, console))),
    ]
    rows += [_growth(what, whole, console) for what in SIZES]
    for kind, words in HARD.items():
        slow = _times([hard(kind, seed) for seed in range(SEEDS)], console, kind, turns=1)
        rows.append(
            Row(f"hard: {words}; median and worst", f"{_ms(statistics.median(slow))}, {_ms(max(slow))}")
        )
    return rows


def _growth(what: str, carts: Sequence[Cart], console: Console) -> Row:
    """Half, whole and double of one direction; the others stay."""
    sizes = (SIZES[what] // 2, SIZES[what], 2 * SIZES[what])
    found = [
        statistics.median(
            _times([cart.part(**{**SIZES, what: size}) for cart in carts], console, f"{size} {what}")
        )
        for size in sizes
    ]
    ratio = found[2] / found[0]
    return Row(
        f"{sizes[0]}, {sizes[1]}, {sizes[2]} {what}: time of the last to the first",
        ", ".join(_ms(each) for each in found),
        ratio=ratio,
        mark=f"<= {LINEAR:g}",
        passed=ratio <= LINEAR,
    )


def _plain(carts: Sequence[Cart], console: Console) -> float:
    return statistics.median(_times([cart.part(promotions=0, coupons=0) for cart in carts], console, "plain"))


def _times(carts: Sequence[Cart], console: Console, what: str, *, turns: int = TURNS) -> list[float]:
    """Seconds for each cart, the shortest of its turns: what else runs on the machine only makes it longer."""
    found = []
    for cart in track(carts, what, console=console, transient=True):
        best = float("inf")
        for _turn in range(turns):
            began = perf_counter()
            cart.price()
            best = min(best, perf_counter() - began)
        found.append(best)
    return found


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"
