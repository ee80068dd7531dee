"""Many shoppers at once, each with an order of their own, and what is true of all of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from django.db import connection

from hutong.flows import books, checkout, expire_orders, payment_received
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import PaymentView
from tests.factories import people
from tests.factories.loop import Scene
from tests.fakes.providers.each import Each

THREADS = 6
Work = TypeVar("Work")


def at_once(do: Callable[[Work], object], work: Iterable[Work]) -> None:
    """Do all of it, several at a time; what goes wrong in one is raised here."""

    def one(each: Work) -> None:
        try:
            do(each)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, work))


def ordered(shop: Scene, count: int) -> list[tuple[str, PaymentView]]:
    """So many orders of as many shoppers, each with its payment."""
    found = []
    for _number in range(count):
        order_ref = shop.order(by=people.person(), at=clock.now()).order_ref
        payment = payments.payment_for_order(order_ref)
        assert payment is not None
        found.append((order_ref, payment))
    return found


def start(order_ref: str) -> None:
    """The shopper goes to the provider's page. Raises what the provider raises."""
    from hutong.pay.orders.models import Order

    person = Order.objects.select_related("person").get(public_id=order_ref).person
    checkout.pay(
        order_ref=order_ref, person=person, return_url="http://127.0.0.1/", language="en", at=clock.now()
    )


def janitor(*, hours: int = 30) -> None:
    """Time passes: the janitor asks as often as it would, and orders that nobody paid end."""
    for minutes in (0.1, 0.3, 1.1, 6, 16, 17, 61, *(60 * hour for hour in range(2, hours, 4))):
        at = clock.now() + timedelta(minutes=minutes)
        while payment_received.ask_unknown(at=at):
            pass
        while expire_orders.run(at=at):
            pass


def require_resolved(each: Each, made: list[tuple[str, PaymentView]]) -> int:
    """Nothing is unknown, nobody paid twice by the provider's own books, ours add up; how many orders are paid."""
    refs = [order_ref for order_ref, _payment in made]
    states = {row["public_id"]: row["state"] for row in rows("SELECT public_id, state FROM orders_order")}
    assert {states[ref] for ref in refs} <= {"paid", "expired", "refunded"}
    open_ = scalar("SELECT count(*) FROM payments_payment WHERE state IN ('unknown', 'pending', 'created')")
    assert open_ == 0
    assert scalar("SELECT count(*) FROM payments_refund WHERE state <> 'done'") == 0
    kept: dict[str, int] = dict.fromkeys(refs, 0)
    for row in rows("SELECT public_id, order_ref FROM payments_payment"):
        came = _captured(each, row["public_id"])
        kept[row["order_ref"]] += came - (each.refunded(row["public_id"]) if came else 0)
    price = made[0][1].amount.minor
    assert {ref: kept[ref] for ref in refs} == {ref: price if states[ref] == "paid" else 0 for ref in refs}, (
        "the provider's books are the judge"
    )
    paid = sum(1 for ref in refs if states[ref] == "paid")
    assert scalar("SELECT count(*) FROM ledger_transaction WHERE kind = 'capture'") == paid
    assert scalar("SELECT count(*) FROM vouchers_voucher") == paid
    assert books.check(at=clock.now(), ask_providers=False).problems == ()
    return paid


def _captured(each: Each, payment_ref: str) -> int:
    try:
        return int(each.captured(payment_ref))
    except KeyError:
        return 0  # the provider has never heard of it
