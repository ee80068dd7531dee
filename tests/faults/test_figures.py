"""The table of promises: each that was tried has its row, above all the one that does not hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

pytestmark = pytest.mark.long

@pytest.fixture
def broken():
    raise OSError("no server")

@pytest.fixture
def judged():
    yield
    assert False, "the books do not add up"

def test_kept(measured):
    measured(7, "nothing is lost", "50 kills")

def test_not_kept(measured):
    assert 1 + 1 == 3, "two orders were lost"
    measured(8, "nothing is half done", "200 kills")

def test_never_begun(broken, measured):
    measured(9, "effects once", "1,000 payments")

def test_found_out_afterwards(judged, measured):
    measured(10, "none is believed", "500 mutations")

def test_says_nothing(measured):
    pass

def test_that_promises_no_figure():
    pass
"""


def test_a_promise_that_fails_has_its_row(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), "-m", "long"]
    command += ["-p", "tests.faults.figures", "-p", "no:django", "-p", "no:cacheprovider", str(tmp_path)]
    root = Path(__file__).parent.parent.parent
    ran = subprocess.run(
        command, cwd=root, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, timeout=120
    )
    table = ran.stdout.split("promises with figures", 1)[1].splitlines()[1:6]
    assert [" ".join(line.split()) for line in table] == [
        "- test_never_begun OSError: no server FAIL",
        "- test_not_kept AssertionError: two orders were lost FAIL",
        "- test_says_nothing nothing was measured FAIL",
        "7 nothing is lost 50 kills pass",
        "10 none is believed 500 mutations FAIL",
    ], ran.stdout
    assert "promises_no_figure" not in "".join(table)
