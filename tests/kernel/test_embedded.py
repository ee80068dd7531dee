"""The embedded server starts wherever its owner may go, root's own closed folders included."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.kernel import database


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that is closed to everybody else, like a home folder. Not below pytest's, which it closes again."""
    with tempfile.TemporaryDirectory(prefix="hutong-closed-") as folder:
        assert Path(folder).stat().st_mode & 0o077 == 0
        yield Path(folder)


def test_it_starts_below_a_closed_folder(closed_folder: Path) -> None:
    home = closed_folder / "var"
    try:
        assert database.start_embedded(home)
        assert database.is_running(home)
        assert not database.start_embedded(home), "it runs already"
    finally:
        database.stop_embedded(home)
    assert not database.is_running(home)
