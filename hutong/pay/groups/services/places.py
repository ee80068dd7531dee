"""A place in a group: taken, paid, kept, freed, left. Each joins the caller's transaction, which has locked the order.

The group's row is changed first and the place after it, always; both after the order and before stock and vouchers.
The guards are in the WHERE of the group's UPDATE, and the number of rows it changed is the answer.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from hutong.kernel import rows
from hutong.pay.groups import queries, rules
from hutong.pay.groups.models import Group, GroupTerms, Place
from hutong.pay.groups.services.errors import AlreadyInGroup, GroupEnded, GroupFull, GroupUnknown
from hutong.pay.groups.types import GroupKind, GroupState, GroupView, PlaceState, PlaceView, PriceStep

# A group has room while it is open and not all of its places are held; a campaign while its time lasts.
_TAKE = """
UPDATE groups_group SET taken = taken + 1
WHERE id = %(id)s::int8 AND deadline > %(at)s
  AND ((state = 'open' AND (kind = 'campaign' OR taken < size)) OR (kind = 'campaign' AND state = 'full'))
"""
# Money that came late was on its way before the deadline: it counts as long as the group has not ended.
_TAKE_AGAIN = """
UPDATE groups_group SET taken = taken + 1
WHERE id = %(id)s::int8
  AND ((state = 'open' AND (kind = 'campaign' OR taken < size)) OR (kind = 'campaign' AND state = 'full'))
"""
# The last place that is paid makes it full, in the same statement: nobody decides on a count that is already old.
_PAY = """
UPDATE groups_group SET paid = paid + 1,
  state = CASE WHEN paid + 1 >= size THEN 'full' ELSE state END,
  ended_at = CASE WHEN state = 'open' AND paid + 1 >= size THEN %(at)s::timestamptz ELSE ended_at END
WHERE id = %(id)s::int8 AND (state = 'open' OR (kind = 'campaign' AND state = 'full'))
"""
_FREE = """
UPDATE groups_group SET taken = taken - 1
WHERE id = %(id)s::int8 AND (state = 'open' OR (kind = 'campaign' AND state = 'full'))
"""
_LEAVE = """
UPDATE groups_group SET taken = taken - 1, paid = paid - 1 WHERE id = %(id)s::int8 AND state = 'open'
"""
_OPEN_CAMPAIGN = """
INSERT INTO groups_group (public_id, terms_id, offer_ref, merchant_id, kind, state, size, price, unit, fill, taken, paid,
    filled, opened_at, deadline)
VALUES (%(ref)s, %(terms_id)s::int8, %(offer_ref)s, %(merchant_id)s::int8, 'campaign', 'open', %(size)s::int4, NULL,
    %(unit)s, 0, 0, 0, 0, %(at)s, %(deadline)s)
ON CONFLICT DO NOTHING
"""


def open_group(
    *, terms_id: int, step: PriceStep, fill: int, merchant_id: int, deadline: datetime, at: datetime
) -> str:
    """A new group of `step.size` places that ends at `deadline`; its ref. Whoever opens it takes a place next."""
    terms = GroupTerms.objects.get(pk=terms_id)
    made = Group.objects.create(
        terms=terms,
        offer_ref=terms.offer_ref,
        merchant_id=merchant_id,
        kind=GroupKind.GROUP.value,
        size=step.size,
        price=step.price.minor,
        unit=step.price.unit,
        fill=fill,
        opened_at=at,
        deadline=deadline,
    )
    return made.public_id


def open_campaign(*, terms_id: int, minimum: int, merchant_id: int, deadline: datetime, at: datetime) -> str:
    """The one group of a campaign, made by its first buyer; its ref. Two at once find the same one."""
    terms = GroupTerms.objects.get(pk=terms_id)
    rows.execute(
        _OPEN_CAMPAIGN,
        {
            "ref": queries.new_ref(),
            "terms_id": terms_id,
            "offer_ref": terms.offer_ref,
            "merchant_id": merchant_id,
            "size": minimum,
            "unit": terms.unit,
            "deadline": deadline,
            "at": at,
        },
    )
    found: str = Group.objects.values_list("public_id", flat=True).get(
        terms_id=terms_id, kind=GroupKind.CAMPAIGN.value
    )
    return found


def take(*, group_ref: str, order_ref: str, person_id: int, at: datetime, opened: bool = False) -> None:
    """Hold a place for an order that awaits its payment. Three statements at most.

    Raises `GroupUnknown`, `AlreadyInGroup`, `GroupFull`, `GroupEnded`.
    """
    group = queries.group_by_ref(group_ref)
    if group is None:
        raise GroupUnknown
    try:
        with transaction.atomic():
            if rows.execute(_TAKE, {"id": group.group_id, "at": at}) == 0:
                raise _why_not(group_ref, person_id, at)
            Place.objects.create(
                group_id=group.group_id,
                person_id=person_id,
                order_ref=order_ref,
                opened=opened,
                taken_at=at,
            )
    except IntegrityError as error:
        raise AlreadyInGroup(group_ref=group_ref) from error


def retake(*, order_ref: str) -> None:
    """Money came after the place was given back: take it again where the group has not ended.

    Nothing happens to an order without a place. Raises `GroupEnded`, `GroupFull`, `AlreadyInGroup`, and changes
    nothing then; safe to call and catch inside an outer transaction.
    """
    place = queries.place_of(order_ref)
    if place is None or place.state is PlaceState.HELD:
        return
    try:
        with transaction.atomic():
            if rows.execute(_TAKE_AGAIN, {"id": place.group.group_id}) == 0:
                ended = place.group.state is not GroupState.OPEN
                raise GroupEnded(state=place.group.state.value) if ended else GroupFull
            _move(order_ref, PlaceState.FREED, PlaceState.HELD)
    except IntegrityError as error:
        raise AlreadyInGroup(group_ref=place.group.ref) from error


def pay(*, order_ref: str, at: datetime) -> PlaceView | None:
    """The order is paid, and so is its place; how it stands now, None for an order without a place.

    The last one makes the group full. Raises `GroupEnded` when the group has ended without it, and changes nothing.
    """
    place = queries.place_of(order_ref)
    if place is None:
        return None
    with transaction.atomic():
        if rows.execute(_PAY, {"id": place.group.group_id, "at": at}) == 0:
            raise GroupEnded(state=place.group.state.value)
        _move(order_ref, PlaceState.HELD, PlaceState.PAID)
    return queries.place_of(order_ref)


def keep(*, order_ref: str) -> bool:
    """The group is full and what was bought is being made: True the first time, False ever after."""
    place = queries.place_of(order_ref)
    if place is None or place.group.state is not GroupState.FULL or place.state is not PlaceState.PAID:
        return False
    return _move(order_ref, PlaceState.PAID, PlaceState.KEPT)


def free(*, order_ref: str) -> str:
    """The order ended unpaid: its place is free again. The group's ref, "" where it held none."""
    place = queries.place_of(order_ref)
    if place is None or place.state is not PlaceState.HELD:
        return ""
    with transaction.atomic():
        rows.execute(_FREE, {"id": place.group.group_id})
        _move(order_ref, PlaceState.HELD, PlaceState.FREED)
    return place.group.ref


def leave(*, order_ref: str) -> str:
    """What the order paid goes back before anything was made of it: its place is free again, unless the group has ended.

    The group's ref, "" where it was not waiting. What others pay stays as it is.
    """
    place = queries.place_of(order_ref)
    if place is None or place.state is not PlaceState.PAID:
        return ""
    with transaction.atomic():
        left = rows.execute(_LEAVE, {"id": place.group.group_id})
        failed = not left and _state(place.group.ref) is GroupState.FAILED
        _move(order_ref, PlaceState.PAID, PlaceState.REFUNDED if failed else PlaceState.LEFT)
    return place.group.ref


def _state(group_ref: str) -> GroupState:
    return GroupState(Group.objects.values_list("state", flat=True).get(public_id=group_ref))


def _move(order_ref: str, from_state: PlaceState, to_state: PlaceState) -> bool:
    """Take one step of the table; whether the place was still where it starts from."""
    if to_state not in rules.PLACE_MOVES[from_state]:
        raise ValueError(f"a place does not go from {from_state} to {to_state}")
    return bool(
        Place.objects.filter(order_ref=order_ref, state=from_state.value).update(state=to_state.value)
    )


def _why_not(group_ref: str, person_id: int, at: datetime) -> Exception:
    """Why the group has no place: read after it said no."""
    group: GroupView | None = queries.group_by_ref(group_ref)
    assert group is not None, "groups are not deleted"
    if queries.is_in(group_ref, person_id):
        return AlreadyInGroup(group_ref=group_ref)
    if group.state is GroupState.OPEN and group.deadline > at:
        return GroupFull()
    return GroupEnded(state=group.state.value)
