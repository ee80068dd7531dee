"""The table that `make faults` ends with: which promise, what was measured, whether it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Measured = Callable[[int, str, str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Note a figure: its number, the promise, and what came out. It passes when its test does."""

    def note(number: int, promise: str, found: str) -> None:
        record_property("figure", (number, promise, found))

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, where the long tests were asked for."""
    if "long" not in str(config.getoption("-m")) or "not long" in str(config.getoption("-m")):
        return
    found = [
        (number, promise, said, outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, (number, promise, said) in (
            pair for pair in getattr(report, "user_properties", []) if pair[0] == "figure"
        )
        if report.when == "call"
    ]
    if not found:
        return
    terminalreporter.section("promises with figures")
    widths = [max(len(str(row[column])) for row in found) for column in range(3)]
    for number, promise, said, outcome in sorted(found):
        line = f"{number!s:>{widths[0]}}  {promise:<{widths[1]}}  {said:<{widths[2]}}"
        terminalreporter.write_line(f"{line}  {'pass' if outcome == 'passed' else 'FAIL'}")
