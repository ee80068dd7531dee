"""The table of promises: each that was tried has its row, above all the one that does not hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.test_postgres_killed import Away, said

TESTS = """
import pytest

pytestmark = pytest.mark.long

@pytest.fixture
def broken():
    raise OSError("no server")

@pytest.fixture
def books(request):
    yield
    request.node.user_properties.append(("books", "checked"))
    assert request.node.name != "test_money_is_lost", "the books do not add up"

@pytest.fixture
def judged():
    yield
    assert False, "the books do not add up"

def test_kept(measured):
    measured(7, "nothing is lost", "50 kills")

def test_kept_late(measured):
    measured(7, "and back soon", "after 7.2 s", missed="LATE: 5 s promised")

def test_late_and_lost(measured):
    measured(7, "and whole", "after 7.2 s", missed="LATE: 5 s promised")
    assert 1 + 1 == 3

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

def test_money_moves(books):
    pass

def test_money_is_lost(books):
    pass

def test_quick(request):
    assert "figure" in "".join(request.config.getini("markers"))
"""


def test_a_promise_that_fails_has_its_row(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), "-m", "long"]
    command += ["-p", "tests.faults.figures", "-p", "no:django", "-p", "no:cacheprovider", str(tmp_path)]
    root = Path(__file__).parent.parent.parent
    ran = subprocess.run(
        command, cwd=root, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, timeout=120
    )
    table = ran.stdout.split("promises with figures", 1)[1].splitlines()[1:9]
    assert [" ".join(line.split()) for line in table] == [
        "- test_never_begun OSError: no server FAIL",
        "- test_not_kept AssertionError: two orders were lost FAIL",
        "- test_says_nothing nothing was measured FAIL",
        "7 and back soon after 7.2 s LATE: 5 s promised",
        "7 and whole after 7.2 s FAIL",
        "7 nothing is lost 50 kills pass",
        "10 none is believed 500 mutations FAIL",
        "19 books add up after each test that moved money 2 tests, 1 left them broken FAIL",
    ], ran.stdout
    assert "promises_no_figure" not in "".join(table)


def test_a_site_that_is_back_late_is_not_said_to_be_back_in_time() -> None:
    """The test of it lets a busy machine be; the row tells who took how long."""
    in_time, late = Away(server_s=1.2, site_s=4.9, usual_s=0.2), Away(server_s=4.0, site_s=6.5, usual_s=0.4)
    assert said([in_time, in_time]) == ("back after 4.9 s at most, the server itself after 1.2 s", "")
    assert said([in_time, late, in_time]) == (
        "back after 6.5 s at most, the server itself after 4.0 s",
        "LATE: 1 of 3 after more than 5 s",
    )
