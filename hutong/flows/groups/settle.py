"""How groups end: full, and everybody gets what was bought, or failed, and everybody gets the money back."""

from datetime import datetime, timedelta

from django.db import transaction

from hutong.flows import fulfil, refund, tell
from hutong.flows.alarms import isolated
from hutong.flows.groups.places import JOB
from hutong.kernel import live, outbox
from hutong.kernel.locking import retrying
from hutong.pay.groups import queries as groups_read
from hutong.pay.groups import services as groups
from hutong.pay.groups.types import GroupState, PlaceState
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.rules import LIVE_STATES
from hutong.pay.orders.types import UnitState
from hutong.pay.payments import queries as payments_read
from hutong.town.catalog.types import OfferKind

LEFT_OVER_AFTER = timedelta(minutes=5)


def run(*, at: datetime, limit: int = 100) -> int:
    """End every group whose deadline is over at `at`; how many ended. Safe to run several at once.

    Orders that still wait although their group ended a while ago are looked at again: a job that died, or a dispute
    that was open then.
    """
    done = 0
    for group_ref in groups_read.to_end(at, limit=limit):
        with isolated("groups.end", group_ref, at=at):
            done += end(group_ref=group_ref, at=at)
    for order_ref in groups_read.left_over(at - LEFT_OVER_AFTER, limit=limit):
        with isolated("groups.settle", order_ref, at=at):
            settle(order_ref=order_ref, at=at)
    return done


@retrying
def end(*, group_ref: str, at: datetime) -> bool:
    """End one group; False when it ended before, or waits for somebody who is paying.

    One job for each order that was paid is written with it, so that a restart loses none.
    """
    with transaction.atomic():
        ended = groups.end(group_ref=group_ref, at=at)
        if ended is None:
            return False
        for order_ref in ended.order_refs:
            outbox.send(JOB, at=at, order_ref=order_ref)
        live.hint(group_ref)
    return True


def settle(*, order_ref: str, at: datetime) -> None:
    """The job behind an order whose group ended: make what was bought, or send the money back. Again: nothing happens.

    Never inside a transaction of its caller where the group failed: the provider is called.
    """
    place = groups_read.place_of(order_ref)
    if place is None or place.state is not PlaceState.PAID or payments_read.held_by_dispute(order_ref):
        return  # who has the money is not decided yet, or all is done
    if place.group.state is GroupState.FULL:
        _make(order_ref, at)
    elif place.group.state is GroupState.FAILED:
        with transaction.atomic():
            tell.group_ended(order_ref=order_ref, full=False, at=at)
        refund.refund_failed_group(order_ref=order_ref, at=at)


@retrying
def _make(order_ref: str, at: datetime) -> bool:
    """Make what an order of a full group bought; False when that was done, was given back, or a bank has the money."""
    with transaction.atomic():
        order = orders.lock_order(order_ref=order_ref)
        if order.state not in LIVE_STATES or payments_read.held_by_dispute(order_ref):
            return False
        if not groups.keep(order_ref=order_ref):
            return False
        units = [unit for unit in orders_read.units_of(order_ref) if unit.state is UnitState.SOLD]
        fulfil.of(OfferKind.VOUCHER).confirm(order=order, units=units, at=at)
        outbox.send("give_for_order", at=at, order_ref=order_ref)
        tell.group_ended(order_ref=order_ref, full=True, at=at)
        live.hint(order_ref)
    return True
