"""Orders whose time to pay is over: what they held is free again, and the payment is called off."""

from datetime import datetime, timedelta

from django.db import transaction

from hutong.flows import payment_received
from hutong.flows.alarms import isolated
from hutong.kernel import budget, live, outbox
from hutong.kernel.errors import TooMany
from hutong.kernel.locking import retrying
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.payments import services as payments
from hutong.visit.vouchers import queries as vouchers_read
from hutong.visit.vouchers import services as vouchers
from hutong.visit.vouchers.types import RefundPromise

BY = "expire_orders"
LOOK_AGAIN_EVERY_S = 24 * 60 * 60
LEFT_OVER_AFTER = timedelta(hours=1)
# What a bank decided about has gone back with its word.
LEFT_OVER_UNTIL = timedelta(days=30)


def run(*, at: datetime, limit: int = 100) -> int:
    """End every order whose time is over at `at`; how many ended. Safe to run several at once.

    One that fails keeps no other from ending, also where as many as are looked at together do. What they held is free
    before any provider is told. Never inside a transaction.
    """
    ended: list[str] = []
    failed = 0
    while True:
        due = orders_read.orders_to_expire(at, limit=limit, after=failed)
        before = failed
        for order_ref in due:
            failed += 1
            with isolated("expire_orders", order_ref, at=at):
                ended += [order_ref] if _end(order_ref, at) else []
                failed -= 1
        if len(due) < limit or failed == before:
            break
    for order_ref in ended:
        with isolated("expire_orders", order_ref, at=at):
            payment_received.end_payment(order_ref=order_ref, at=at)
    return len(ended)


def expire(*, order_ref: str, at: datetime) -> bool:
    """End one order; False when it was paid or ended meanwhile.

    Never inside a transaction: the provider is told, so that nobody can pay late. Should somebody have been
    faster, the money is handled like any that comes late: honoured while the thing is free, else sent back.
    """
    if not _end(order_ref, at):
        return False
    payment_received.end_payment(order_ref=order_ref, at=at)
    return True


@retrying
def _end(order_ref: str, at: datetime) -> bool:
    try:
        with transaction.atomic():
            order = orders.lock_order(order_ref=order_ref)
            orders.expire_order(order_ref=order_ref, by=BY, at=at)
            payments.ask_soon(order_ref=order_ref, at=at)
            payment_received.let_go(order, at)
            live.hint(order_ref)
    except orders.OrderMoved:
        return False
    return True


def expire_vouchers(*, at: datetime) -> int:
    """Mark vouchers whose last day is over; how many. What they promised to give back by then is asked for."""
    with transaction.atomic():
        ended = vouchers.expire_due(at=at)
        for one in ended:
            if one.unit_refs and one.refund is RefundPromise.ANY_TIME:
                outbox.send("refund_expired", at=at, order_ref=one.order_ref, unit_refs=list(one.unit_refs))
    return len(ended)


def ask_again(*, at: datetime, limit: int = 10_000) -> int:
    """Ask once more for what vouchers that ended promised and did not give back: the job that should have done it died.
    How many; once in `LOOK_AGAIN_EVERY_S` however many workers there are.

    Where the terms of the price leave nothing to give back, nothing happens each time.
    """
    try:
        budget.spend("ended vouchers", limit=1, window_s=LOOK_AGAIN_EVERY_S, at=at)
    except TooMany:
        return 0  # another tick did it today
    with transaction.atomic():
        left = vouchers_read.owed_back(
            ended_after=at - LEFT_OVER_UNTIL, ended_before=at - LEFT_OVER_AFTER, limit=limit
        )
        for one in left:
            outbox.send("refund_expired", at=at, order_ref=one.order_ref, unit_refs=list(one.unit_refs))
    return len(left)
