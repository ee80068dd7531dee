"""The money bench from its databases to its rows of the table."""

from __future__ import annotations

from rich.console import Console

from bench.money import books, orders, whole
from bench.table import Row


def run(console: Console) -> list[Row]:
    """Measure; the rows of the table."""
    return [*orders.run(console), *books.run(console), *whole.run()]
