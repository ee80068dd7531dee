"""What a bench says: rows of one table."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `passed` is None for a figure that is shown and not judged; `ratio` is ours to the limit."""

    what: str
    ours: str
    limit: str = ""
    ratio: float | None = None
    mark: str = ""
    passed: bool | None = None


def at_least(what: str, *, ours: str, limit: str, ratio: float, mark: float) -> Row:
    """A row that passes when `ratio` is at least `mark`."""
    return Row(what, ours, limit, ratio, f">= {mark:g}", ratio >= mark)


def exactly(what: str, *, ours: int, of: int) -> Row:
    """A row that passes when all of something was as it has to be, and there was something."""
    return Row(what, f"{ours:,}", f"{of:,}", mark="all", passed=ours == of > 0)


def show(rows: list[Row], console: Console) -> bool:
    """Print the table; True when no pass mark was missed."""
    table = Table(title="Measured against the limit in the same run")
    for heading, side in (
        ("what", "left"),
        ("ours", "right"),
        ("limit", "right"),
        ("ratio", "right"),
        ("pass mark", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify="right" if side == "right" else "left")
    verdicts = {None: "", True: "[green]pass[/]", False: "[red]FAIL[/]"}
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
        table.add_row(row.what, row.ours, row.limit, ratio, row.mark, verdicts[row.passed])
    console.print(table)
    return all(row.passed is not False for row in rows)
