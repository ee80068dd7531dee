"""Public ids name their kind, are unique and sort by time."""

from datetime import UTC, datetime, timedelta

import pytest

from hutong.kernel.ids import made_at, new_id


def test_ids_say_what_they_are_and_sort_by_time() -> None:
    first = new_id("ord")
    while datetime.now(UTC) - (made_at(first) or datetime.now(UTC)) < timedelta(milliseconds=2):
        continue
    second = new_id("ord")
    assert first.startswith("ord_")
    assert len(first) == 30
    assert first < second


def test_ids_do_not_repeat() -> None:
    assert len({new_id("x") for _ in range(10_000)}) == 10_000


def test_an_id_tells_when_it_was_made() -> None:
    before = datetime.now(UTC)
    made = made_at(new_id("pay"))
    assert made is not None
    assert timedelta(milliseconds=-1) <= made - before < timedelta(seconds=10)


@pytest.mark.parametrize("words", ["", "pay_", "rfd_none", "pay_" + "l" * 26, "pay_" + "z" * 26])
def test_what_is_no_id_of_ours_tells_nothing(words: str) -> None:
    assert made_at(words) is None
