"""Pure decisions of `placements`: states, limits, and where in a list a placement may stand."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from hutong.attract.placements.types import PlacementEvent, PlacementState

# Of so many on the home page, and in a list that somebody looks through, at most one is paid for; the first of them
# stands after two that are not.
ONE_IN = 8
ONE_IN_LISTS = 10
FIRST_AFTER = 2
MOST_VIEWS_A_DAY = 1_000_000
LONGEST = timedelta(days=366)

MOVES: dict[tuple[PlacementState, PlacementEvent], PlacementState] = {
    (PlacementState.RUNNING, PlacementEvent.PAUSE): PlacementState.PAUSED,
    (PlacementState.PAUSED, PlacementEvent.RESUME): PlacementState.RUNNING,
    (PlacementState.RUNNING, PlacementEvent.END): PlacementState.ENDED,
    (PlacementState.PAUSED, PlacementEvent.END): PlacementState.ENDED,
}

T = TypeVar("T")
P = TypeVar("P")


def room_for(length: int, one_in: int = ONE_IN) -> int:
    """How many placements a list of `length` others has room for, so that at most one in `one_in` is paid for."""
    return length // (one_in - 1)


def spread(
    items: Sequence[T], placed: Sequence[P], *, same: Callable[[T, P], bool], one_in: int = ONE_IN
) -> list[tuple[T | None, P | None]]:
    """The list with what is paid for in its positions; each pair has one of the two.

    What is placed leaves its own position in the list, so that nothing is there twice. Every run of `one_in` holds
    at most one, and a list too short for one gets none.
    """
    shown: list[P] = []
    rest = list(items)
    for one in placed:
        without = [item for item in rest if not same(item, one)]
        if len(shown) < room_for(len(without), one_in):
            shown.append(one)
            rest = without
    mixed: list[tuple[T | None, P | None]] = [(item, None) for item in rest]
    for number, one in enumerate(shown):
        mixed.insert(FIRST_AFTER + number * one_in, (None, one))
    return mixed
