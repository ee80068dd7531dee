"""Many shoppers at once, each with an order of their own, and what is true of all of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection

from hutong.flows import books, checkout, expire_orders, jobs, payment_received
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import PaymentView
from hutong.town.people.models import Person
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


def buyer(order_ref: str) -> Person:
    """Whose order it is."""
    from hutong.pay.orders.models import Order

    return Order.objects.select_related("person").get(public_id=order_ref).person


def start(order_ref: str) -> None:
    """The shopper goes to the provider's page. Raises what the provider raises."""
    checkout.pay(
        order_ref=order_ref,
        person=buyer(order_ref),
        return_url="http://127.0.0.1/",
        language="en",
        at=clock.now(),
    )


_OPEN = """
SELECT count(*) FROM (
    SELECT state, ask_at FROM payments_payment WHERE state IN ('unknown', 'pending', 'created')
    UNION ALL SELECT state, ask_at FROM payments_refund WHERE state IN ('unknown', 'pending')
) open WHERE %(due)s::timestamptz IS NULL OR ask_at <= %(due)s
"""


def janitor(*, hours: int = 30, since: datetime | None = None, hands: int = 1) -> None:
    """Time passes: the janitor asks as often as it would, and orders that nobody paid end; at most for so long.

    `hands`: how many janitors work beside each other.
    """

    def work(at: datetime) -> None:
        # Whatever is asked has its next turn later than this.
        while scalar(_OPEN, {"due": at}):
            payment_received.ask_unknown(at=at)
        while expire_orders.run(at=at):
            pass

    begin = since or clock.now()
    # Daily in the end: there is no need to look more often than twice a day.
    later = [*range(2, min(hours, 30), 4), *range(30, hours, 12)]
    for minutes in (0.1, 0.3, 1.1, 6, 16, 17, 61, *(60 * hour for hour in later)):
        if not scalar(_OPEN, {"due": None}):
            break
        at = begin + timedelta(minutes=minutes)
        if hands == 1:
            work(at)
        else:
            at_once(work, [at] * hands)


def require_resolved(each: Each, made: list[tuple[str, PaymentView]]) -> int:
    """Nothing is unknown, nobody paid twice by the provider's own books, ours add up; how many orders were paid."""
    refs = [order_ref for order_ref, _payment in made]
    states = {row["public_id"]: row["state"] for row in rows("SELECT public_id, state FROM orders_order")}
    assert {states[ref] for ref in refs} <= {"paid", "expired", "refunded"}
    assert rows("SELECT state FROM payments_payment WHERE state IN ('unknown', 'pending', 'created')") == []
    assert scalar("SELECT count(*) FROM payments_refund WHERE state <> 'done'") == 0
    asked: dict[str, list[str]] = {ref: [] for ref in refs}
    for row in rows("SELECT public_id, order_ref FROM payments_payment"):
        asked[row["order_ref"]].append(row["public_id"])
    price = made[0][1].amount.minor
    assert kept(each, asked) == {ref: price if states[ref] == "paid" else 0 for ref in refs}, (
        "the provider's books are the judge"
    )
    paid = sum(1 for ref in refs if states[ref] in ("paid", "refunded"))
    assert scalar("SELECT count(*) FROM ledger_transaction WHERE kind = 'capture'") == paid
    assert scalar("SELECT count(*) FROM vouchers_voucher") == paid
    jobs.drain()  # no worker is here; many orders take longer than a row may wait for it
    assert books.check(at=clock.now(), ask_providers=False).problems == ()
    return paid


def kept(each: Each, asked: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """By the provider's own books: what it took for each order and did not send back, in minor units.

    `asked`: each order's references at the provider.
    """
    books, nothing = each.books(), (0, 0)
    found = {}
    for order_ref, payment_refs in asked.items():
        # What the provider has never heard of brought nothing.
        of_order = [books.get(ref, nothing) for ref in payment_refs]
        found[order_ref] = sum(came - went for came, went in of_order)
    return found
