"""Where in a list something paid for may stand: never more than one in eight, nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hutong.attract.placements.rules import FIRST_AFTER, ONE_IN, room_for, spread


def mixed(items: list[int], placed: list[int]) -> list[tuple[int | None, int | None]]:
    return spread(items, placed, same=lambda item, one: item == one)


@pytest.mark.parametrize(("length", "room"), [(0, 0), (6, 0), (7, 1), (13, 1), (14, 2), (100, 14)])
def test_a_short_list_has_no_room(length: int, room: int) -> None:
    assert room_for(length) == room


def test_the_first_stands_third_and_the_next_eight_further() -> None:
    found = mixed(list(range(20)), [90, 91, 92, 93])
    assert [place for place, (_item, one) in enumerate(found) if one] == [FIRST_AFTER, FIRST_AFTER + ONE_IN]
    assert [item for item, _one in found if item is not None] == list(range(20))


def test_what_is_placed_is_not_there_twice() -> None:
    found = mixed(list(range(12)), [5])
    assert found[FIRST_AFTER] == (None, 5)
    assert [item for item, _one in found if item is not None] == [item for item in range(12) if item != 5]
    # Seven with it are six without it: no room, so it stays where it is by itself.
    assert mixed(list(range(7)), [5]) == [(item, None) for item in range(7)]


@given(
    some.lists(some.integers(0, 60), unique=True, max_size=40),
    some.lists(some.integers(0, 60), unique=True, max_size=9),
)
def test_no_run_of_eight_holds_two_and_nothing_is_lost(items: list[int], placed: list[int]) -> None:
    found = mixed(items, placed)
    paid = [one is not None for _item, one in found]
    assert all(sum(paid[start : start + ONE_IN]) <= 1 for start in range(len(paid)))
    assert sum(paid) * ONE_IN <= max(len(found), 0)
    shown = [item if one is None else one for item, one in found]
    assert len(shown) == len(set(shown))
    assert set(items) <= set(shown) <= set(items) | set(placed)
