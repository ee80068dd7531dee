"""The place of an order in its group, as checkout, payment, expiry and refund change it: each a line in those flows.

All join the caller's transaction, which has locked the order. An order that was bought alone has no `group`, and
nothing happens to it here.
"""

from datetime import datetime

from hutong.flows.groups.asking import Together
from hutong.kernel import live, outbox
from hutong.pay.groups import queries as groups_read
from hutong.pay.groups import services as groups
from hutong.pay.groups.types import GroupState, PlaceState, PriceStep
from hutong.pay.orders.types import OrderFacts
from hutong.town.catalog.types import OfferView
from hutong.town.people.models import Person

JOB = "settle_group_order"


def take(*, together: Together, offer: OfferView, order_ref: str, person: Person, at: datetime) -> str:
    """Hold a place for a new order, in a new group where that was asked for; the group's ref.

    Raises what `groups.services.take` raises.
    """
    group_ref = together.group_ref or _open(together, offer, at)
    groups.take(
        group_ref=group_ref,
        order_ref=order_ref,
        person_id=person.pk,
        opened=not together.group_ref and not together.campaign,
        at=at,
    )
    live.hint(group_ref)
    return group_ref


def _open(together: Together, offer: OfferView, at: datetime) -> str:
    if together.campaign:
        return groups.open_campaign(
            terms_id=together.terms_id,
            minimum=together.size,
            merchant_id=offer.merchant_id,
            deadline=together.deadline,
            at=at,
        )
    assert together.price is not None, "a group has a price of its own"
    return groups.open_group(
        terms_id=together.terms_id,
        step=PriceStep(together.size, together.price),
        fill=together.fill,
        merchant_id=offer.merchant_id,
        deadline=together.deadline,
        at=at,
    )


def paid(order: OrderFacts, at: datetime) -> bool:
    """The order is paid: whether what was bought is made now, or waits for the others.

    The one who makes the group full sees it at once; the others' orders follow by jobs. Raises `GroupEnded` when the
    group has ended without this order, and has changed nothing then.
    """
    if not order.group:
        return True
    place = groups.pay(order_ref=order.order_ref, at=at)
    if place is None:
        return True
    group = place.group
    live.hint(group.ref)
    if group.state is not GroupState.FULL:
        return False
    if group.ended_at == at:
        for other in groups_read.paid_orders(group.ref):
            if other != order.order_ref:
                outbox.send(JOB, at=at, order_ref=other)
    return groups.keep(order_ref=order.order_ref)


def freed(order: OrderFacts) -> None:
    """The order ended unpaid: its place is free again."""
    if order.group:
        _hint(groups.free(order_ref=order.order_ref))


def retaken(order: OrderFacts) -> None:
    """Money came late: take the place again. Raises what `groups.services.retake` raises."""
    if order.group:
        groups.retake(order_ref=order.order_ref)


def waits(order: OrderFacts) -> bool:
    """Whether the order is paid and nothing is made of it yet."""
    if not order.group:
        return False
    place = groups_read.place_of(order.order_ref)
    return place is not None and place.state is PlaceState.PAID


def left(order_ref: str) -> None:
    """The money of an order that waited goes back: its place is free again, unless the group has ended."""
    _hint(groups.leave(order_ref=order_ref))


def _hint(group_ref: str) -> None:
    if group_ref:
        live.hint(group_ref)
