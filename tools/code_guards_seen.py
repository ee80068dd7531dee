"""A pytest plugin: which functions with a guard each test enters. Only `tools.code_guards` uses it, in a copied tree.

The copy calls `guards_seen(name)` at the beginning of each such function. A process that a test starts does not know
the plugin, and says nothing.
"""

from __future__ import annotations

import builtins
import json
import os
from pathlib import Path

import pytest

_entered: set[str] = set()
_seconds: dict[str, float] = {}

builtins.guards_seen = _entered.add  # type: ignore[attr-defined]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line of JSON for each test that entered any, with what it took."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0) + report.duration
    if report.when == "teardown":
        if _entered:
            line = {"test": report.nodeid, "s": round(_seconds[report.nodeid], 2), "in": sorted(_entered)}
            with Path(os.environ["HUTONG_GUARDS_SEEN"]).open("a") as file:
                file.write(json.dumps(line) + "\n")
        _entered.clear()
