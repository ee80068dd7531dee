"""Two at one group at one moment: the second waits, and then sees what the first did."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from hutong.pay.groups import queries, services
from hutong.pay.groups.models import Group
from hutong.pay.groups.rules import PATIENCE
from hutong.pay.groups.types import Ended, GroupState, PlaceState
from tests.concurrency.waiting import behind
from tests.factories.places import campaign, holds, opened

# Orders are names alone here; what they have to do with their places is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]

DAY = timedelta(days=1)


def test_who_pays_while_the_group_ends_is_counted(at: datetime) -> None:
    """With the second of three it is as full as its terms ask for; with the first alone it would have failed."""
    group_ref = opened(at, size=3, fill=1)
    first, second = holds(group_ref, at), holds(group_ref, at)
    services.pay(order_ref=first, at=at)
    over = at + DAY + PATIENCE
    ended: Ended | None = behind(
        partial(services.pay, order_ref=second, at=over),
        partial(services.end, group_ref=group_ref, at=over),
    )
    assert ended is not None
    group = ended.group
    assert (group.state, group.paid, group.filled) == (GroupState.FULL, 2, 1)
    assert sorted(ended.order_refs) == sorted([first, second])


def test_what_was_made_full_while_it_ends_is_not_ended_again(at: datetime) -> None:
    group_ref = opened(at)
    services.pay(order_ref=holds(group_ref, at), at=at)
    last = holds(group_ref, at)
    over = at + DAY + PATIENCE
    ended: Ended | None = behind(
        partial(services.pay, order_ref=last, at=at),
        partial(services.end, group_ref=group_ref, at=over),
    )
    assert ended is None
    group = queries.group_by_ref(group_ref)
    assert group is not None
    assert (group.state, group.paid, group.ended_at) == (GroupState.FULL, 2, at)


def test_a_group_that_two_end_at_once_ends_once(at: datetime) -> None:
    group_ref = opened(at)
    end = partial(services.end, group_ref=group_ref, at=at + DAY)
    assert behind(end, end) is None
    assert Group.objects.get().state == GroupState.FAILED.value


def test_two_first_buyers_of_a_campaign_find_the_same_group(at: datetime) -> None:
    refs: list[str] = []
    open_one = campaign(at)
    refs.append(behind(lambda: refs.append(open_one()), open_one))
    assert refs == [Group.objects.get().public_id] * 2


def test_what_was_bought_is_made_once(at: datetime) -> None:
    group_ref = opened(at)
    mine, theirs = holds(group_ref, at), holds(group_ref, at)
    for order_ref in (mine, theirs):
        services.pay(order_ref=order_ref, at=at)
    keep = partial(services.keep, order_ref=mine)
    assert behind(keep, keep) is False
    place = queries.place_of(mine)
    assert place is not None
    assert place.state is PlaceState.KEPT
