"""`python -m bench [all|search|loop|deals|money|pricing]`: run the parts, print one table; code 1 when a mark is missed."""

from __future__ import annotations

import argparse
import importlib
import sys

from rich.console import Console

from bench import ground
from bench.table import Row, show

# A part's module has `run(console) -> list[Row]`. It is imported once Django is set up.
PARTS = {
    "search": "bench.found.run",
    "loop": "bench.loop.run",
    "deals": "bench.deals.run",
    "money": "bench.money.run",
    "pricing": "bench.pricing.run",
}

WIDTH_IN_A_FILE = 130  # columns; a table squeezed into 80 is hard to read


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS])
    asked = parser.parse_args().part
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_IN_A_FILE
    ground.set_up()
    rows: list[Row] = []
    for name, module in PARTS.items():
        if asked in ("all", name):
            console.rule(name)
            rows += importlib.import_module(module).run(console)
    return 0 if show(rows, console) else 1


if __name__ == "__main__":
    sys.exit(main())
