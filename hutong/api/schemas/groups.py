"""Shapes of buying together."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema

from hutong.pay.groups.types import GroupKind, GroupState, GroupView, Member, Terms

from .base import MoneyOut


class MemberOut(Schema):
    """Somebody in a group, as others see them: the first letter of the name, and whether it is paid."""

    initial: str
    paid: bool


class GroupOut(Schema):
    """A group, or the one group of a campaign. `left` more have to pay by `deadline`; else everybody is refunded.

    `price` is what each piece costs in it; the deal's own where there is none. `filled` places had no buyer.
    """

    ref: str
    kind: GroupKind
    state: GroupState
    deal: str
    size: int
    price: MoneyOut | None
    paid: int
    left: int
    filled: int
    may_be_missing: int
    joinable: bool
    opened_at: datetime
    deadline: datetime

    @staticmethod
    def of(group: GroupView, at: datetime) -> GroupOut:
        """The shape of `group` at `at`."""
        return GroupOut(
            ref=group.ref,
            kind=group.kind,
            state=group.state,
            deal=group.offer_ref,
            size=group.size,
            price=MoneyOut.of(group.price) if group.price else None,
            paid=group.paid,
            left=group.left,
            filled=group.filled,
            may_be_missing=group.fill,
            joinable=group.may_be_joined(at),
            opened_at=group.opened_at,
            deadline=group.deadline,
        )


class GroupWithMembers(GroupOut):
    """A group with who is in it, at most 50, in the order they came."""

    members: list[MemberOut]

    @staticmethod
    def whole(group: GroupView, members: list[Member], at: datetime) -> GroupWithMembers:
        """The shape of `group` and its members."""
        told = [MemberOut(initial=member.initial, paid=member.paid) for member in members]
        return GroupWithMembers(**GroupOut.of(group, at).model_dump(), members=told)


class StepOut(Schema):
    """A size a group may be opened in, and what each pays in it."""

    size: int
    price: MoneyOut


class DealGroupsOut(Schema):
    """How a deal is sold together: groups to open (`steps`, each has `hours` to fill) and to join (`open`), or the
    campaign (`minimum` buyers) that every order of the deal joins by itself."""

    steps: list[StepOut]
    hours: int | None
    may_be_missing: int
    minimum: int | None
    campaign: GroupOut | None
    open: list[GroupOut]

    @staticmethod
    def of(
        terms: Terms | None, campaign: GroupView | None, groups: list[GroupView], at: datetime
    ) -> DealGroupsOut:
        """The shape of what a deal promises and of its groups."""
        said = terms or Terms()
        return DealGroupsOut(
            steps=[StepOut(size=step.size, price=MoneyOut.of(step.price)) for step in said.steps],
            hours=said.hours if said.steps else None,
            may_be_missing=said.fill,
            minimum=campaign.size if campaign else said.minimum or None,
            campaign=GroupOut.of(campaign, at) if campaign else None,
            open=[GroupOut.of(group, at) for group in groups],
        )
