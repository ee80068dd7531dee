"""What a group that has ended, or is full, says to who comes: no place more, no money more, and its counts stay."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.pay.groups import queries, services
from hutong.pay.groups.rules import PATIENCE
from hutong.pay.groups.types import GroupState, GroupView, PlaceState
from tests.factories.places import LASTS, campaign, holds, opened

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("orders are names alone here")]


def group(group_ref: str) -> GroupView:
    found = queries.group_by_ref(group_ref)
    assert found is not None
    return found


def failed(kind: str, at: datetime) -> tuple[str, str, str]:
    """One of which nobody paid in time: its ref, an order that holds a place and one that gave it back."""
    group_ref = opened(at, size=3) if kind == "group" else campaign(at)()
    held, freed = holds(group_ref, at), holds(group_ref, at)
    services.free(order_ref=freed)
    assert services.end(group_ref=group_ref, at=at + LASTS + PATIENCE)
    assert group(group_ref).state is GroupState.FAILED
    return group_ref, held, freed


def test_nobody_joins_after_the_deadline(at: datetime) -> None:
    group_ref = opened(at)
    with pytest.raises(services.GroupEnded):
        holds(group_ref, at + LASTS)
    assert group(group_ref).taken == 0


@pytest.mark.parametrize("kind", ["group", "campaign"])
def test_of_one_that_failed_nothing_is_taken_paid_or_counted_any_more(kind: str, at: datetime) -> None:
    group_ref, held, freed = failed(kind, at)
    with pytest.raises(services.GroupEnded):
        holds(group_ref, at)  # a click of before, that comes after the end
    with pytest.raises(services.GroupEnded):
        services.retake(order_ref=freed)
    with pytest.raises(services.GroupEnded):
        services.pay(order_ref=held, at=at)
    services.free(order_ref=held)
    assert (group(group_ref).taken, group(group_ref).paid) == (1, 0)
    places = [queries.place_of(order_ref) for order_ref in (held, freed)]
    assert [place and place.state for place in places] == [PlaceState.FREED] * 2


def test_a_place_that_others_have_by_now_is_not_taken_again(at: datetime) -> None:
    group_ref = opened(at)
    late = holds(group_ref, at)
    services.free(order_ref=late)
    for _other in range(2):
        holds(group_ref, at)
    with pytest.raises(services.GroupFull):
        services.retake(order_ref=late)
    assert group(group_ref).taken == 2
