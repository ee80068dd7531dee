"""The page about notifications names every kind as the code has it."""

from tests.town.notifications.kinds_table import as_table, written


def test_page_has_the_table_of_kinds() -> None:
    assert written() == as_table(), "run python -m tests.town.notifications.kinds_table"
