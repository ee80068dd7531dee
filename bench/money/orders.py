"""Order postings through the flows, against bare psycopg sending the very statements they sent."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import track

from bench import ground
from bench.loop import scene
from bench.money.compared import Compared, compared
from bench.table import Row, at_least
from hutong.kernel.rows import rows
from hutong.visit.vouchers.queries import code_of

BATCHES, ORDERS, WARM_UP, PROCESSES = 12, 60, 60, 2
MARK = 0.4
STEPS = ("place", "capture", "redeem")


def run(console: Console) -> list[Row]:
    """Measure; the rows of the table."""
    template = ground.template("loop", scene.VERSION, scene.fill)
    checks: list[Row] = []
    with compared(
        template, processes=PROCESSES, steps="bench.money.order_steps", console=console, rows=checks
    ) as both:
        shops = _Shops(scene.load())
        _batch(both, shops, "warm-up", WARM_UP, timed=False)
        for number in track(range(BATCHES), "orders by the flows, then bare", console=console):
            _batch(both, shops, f"batch-{number}", ORDERS, timed=True)
    seconds = [both.seconds(step) for step in STEPS]
    ours, bare = (sum(each[side] for each in seconds) for side in (0, 1))
    return [
        at_least(
            f"order postings against bare psycopg, {BATCHES} x {ORDERS}",
            ours=f"{ORDERS / ours:,.1f} orders/s",
            limit=f"{ORDERS / bare:,.1f} orders/s",
            ratio=bare / ours,
            mark=MARK,
        ),
        *(both.row(step, each=ORDERS) for step in STEPS),
        *checks,
    ]


class _Shops:
    """Who buys what where, and which phone scans it."""

    def __init__(self, made: scene.Scene) -> None:
        self.hashes = {shop.deal: shop.quote for shop in made.shops}
        self.phones = {
            found["public_id"]: found["device"]
            for found in rows(
                "SELECT DISTINCT ON (o.public_id) o.public_id, d.public_id AS device FROM merchants_device d"
                " JOIN merchants_store s ON s.id = d.store_id"
                " JOIN catalog_offer o ON o.merchant_id = s.merchant_id"
                " WHERE d.revoked_at IS NULL ORDER BY o.public_id, d.id"
            )
        }
        self.buyers = rows(
            "SELECT DISTINCT p.public_id AS person, v.offer_ref AS offer, s.public_id AS store"
            " FROM orders_order o JOIN people_person p ON p.id = o.person_id"
            " JOIN vouchers_voucher v ON v.order_ref = o.public_id JOIN merchants_store s ON s.id = o.store_id"
            " ORDER BY 1"
        )

    def orders(self, part: str, count: int) -> list[Any]:
        """`count` orders, of each shop in turn."""
        turns = (self.buyers[number % len(self.buyers)] for number in range(count))
        return [
            (one["person"], one["offer"], one["store"], self.hashes[one["offer"]], f"{part}-{number}")
            for number, one in enumerate(turns)
        ]


def _batch(both: Compared, shops: _Shops, part: str, count: int, *, timed: bool) -> None:
    """`count` orders, step by step; each step by the flows, and at once again bare."""
    placed = both.step("place", part, shops.orders(part, count), timed=timed)
    told = rows(
        "SELECT public_id, amount, unit FROM payments_payment WHERE order_ref = ANY(%s) ORDER BY id", [placed]
    )
    paid = [(each["public_id"], each["amount"], each["unit"]) for each in told]
    both.step("capture", part, paid, timed=timed)
    ready = rows(
        "SELECT public_id, offer_ref FROM vouchers_voucher WHERE order_ref = ANY(%s) ORDER BY id", [placed]
    )
    scans = [
        (code_of(each["public_id"]), shops.phones[each["offer_ref"]], f"scan-{each['public_id']}")
        for each in ready
    ]
    both.step("redeem", part, scans, timed=timed)
