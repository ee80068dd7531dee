"""The table that `make faults` ends with: which promise, what was measured, whether it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest


class Measured(Protocol):
    """Notes a figure: its number, the promise, and what came out. It passes when its test does.

    `missed` says what was not kept where its test does not fail for that; it stands in place of "pass".
    """

    def __call__(self, number: int, promise: str, found: str, *, missed: str = "") -> None: ...


Row = tuple[str, str, str, str]


BOOKS = ("books", "checked")
"""What a test carries after which the books were checked; where they did not add up it has failed in its teardown."""


def pytest_configure(config: pytest.Config) -> None:
    """Say what `figure` means."""
    config.addinivalue_line(
        "markers",
        "figure: quick, and the only form of a promise with a figure; `make faults` runs it as well",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whoever asks for `measured` promises a figure: its row is there, also where it fails before it has one."""
    if "measured" in getattr(item, "fixturenames", ()):
        item.user_properties.append(("promised", item.name))


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """See `Measured`."""

    def note(number: int, promise: str, found: str, *, missed: str = "") -> None:
        record_property("figure", (number, promise, found, missed))

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, where the long tests were asked for."""
    if "long" not in str(config.getoption("-m")) or "not long" in str(config.getoption("-m")):
        return
    rows_of: dict[str, list[Row]] = {}
    # The worst comes last and stands: a test that passed and whose books do not add up afterwards has failed.
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            made = _rows(report)
            if made:
                rows_of[report.nodeid] = made
    found = [row for made in rows_of.values() for row in made]
    found += _books(terminalreporter.stats)
    if not found:
        return
    terminalreporter.section("promises with figures")
    widths = [max(len(row[column]) for row in found) for column in range(3)]
    for number, promise, said, holds in sorted(found, key=lambda row: (row[0].zfill(3), *row[1:])):
        line = f"{number:>{widths[0]}}  {promise:<{widths[1]}}  {said:<{widths[2]}}"
        terminalreporter.write_line(f"{line}  {holds}")


def _books(stats: dict[str, list[Any]]) -> list[Row]:
    """The standing invariants: after how many tests they were checked, and after how many they did not hold."""
    checked = [
        report
        for outcome in ("", "error")
        for report in stats.get(outcome, [])
        if getattr(report, "when", "") == "teardown" and BOOKS in report.user_properties
    ]
    broken = sum(report.failed for report in checked)
    said = f"{len(checked):,} tests, {broken} left them broken"
    promise = "books add up after each test that moved money"
    return [("19", promise, said, "FAIL" if broken else "pass")] if checked else []


def _rows(report: Any) -> list[Row]:
    """The rows of one test: of each figure it noted, or one that says why there is none."""
    told = list(getattr(report, "user_properties", []))
    figures = [value for name, value in told if name == "figure"]
    if figures:
        return [
            (str(number), promise, said, (missed or "pass") if report.passed else "FAIL")
            for number, promise, said, missed in figures
        ]
    why = str(getattr(getattr(report.longrepr, "reprcrash", None), "message", "nothing was measured"))
    first = why.strip().split("\n", 1)[0][:100]
    # Without a figure it is named by its test; one that passes and measures nothing keeps no promise either.
    return [("-", name, first, "FAIL") for said, name in told if said == "promised"]
