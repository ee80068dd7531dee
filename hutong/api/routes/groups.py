"""Buying together: how a deal is sold to groups, and one group. A group is opened and joined by `POST /orders`."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from hutong.api.doors import PUBLIC
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.groups import DealGroupsOut, GroupWithMembers
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.pay.groups import queries
from hutong.town.catalog.queries import sellable

router = Router(tags=["Buying"])

OPEN_SHOWN = 50


@router.get("/deals/{ref}/groups", auth=PUBLIC, response=DealGroupsOut)
def list_groups(request: HttpRequest, ref: RefPath) -> DealGroupsOut:
    """How a deal is sold together, and its groups that look for somebody, those with the fewest missing first."""
    at = clock.now()
    if ref not in sellable([ref], at):
        raise NotFound
    stands = queries.standing([ref], at).get(ref)
    return DealGroupsOut.of(
        stands.terms if stands else None,
        stands.campaign if stands else None,
        queries.open_groups(ref, at, limit=OPEN_SHOWN),
        at,
    )


@router.get("/groups/{ref}", auth=PUBLIC, response=GroupWithMembers)
def get_group(request: HttpRequest, ref: RefPath) -> GroupWithMembers:
    """One group, as its link shows it."""
    group = queries.group_by_ref(ref)
    if group is None:
        raise NotFound
    return GroupWithMembers.whole(group, queries.members(ref), clock.now())
