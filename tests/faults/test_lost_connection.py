"""The database drops every connection under load: what was acknowledged is there, nothing is half done, it goes on."""

from __future__ import annotations

import threading

from hutong.flows import cart
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from tests.concurrency.clients import Connection, Tally
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

_DROP_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_orders_go_on_after_every_connection_was_lost(site: Site) -> None:
    shop = scene(at=clock.now(), capacity=1000)
    wants = {shop.offer.public_id: 1}
    quote = cart.price(wants=wants, at=clock.now()).quote.hash
    order = {"lines": [{"deal": shop.offer.public_id, "quantity": 1}], "quote": quote}
    token = people.token_of(people.person(), scopes=["orders:write"], at=clock.now())
    tally, acknowledged, over = Tally(), [], threading.Event()

    def shopper() -> None:
        web = Connection(site.url, token)
        number = 0
        while not over.is_set():
            number += 1
            status, said = web.post("/api/v1/orders", order, key=f"attempt-{number}")
            tally.add(status)
            if status == 201:
                acknowledged.append(said["ref"])

    thread = threading.Thread(target=shopper)
    thread.start()
    try:
        for _drop in range(3):
            before = len(acknowledged)
            assert rows(_DROP_ALL)
            wait_until(lambda: len(acknowledged) > before + 3, timeout_s=30)  # noqa: B023
    finally:
        over.set()
        thread.join(60)
    assert set(tally.statuses) <= {201, 503}, tally.statuses
    known = {entry["public_id"] for entry in rows("SELECT public_id FROM orders_order")}
    assert set(acknowledged) <= known
    assert scalar("SELECT held FROM stock_stock") == len(known)
    assert scalar("SELECT count(*) FROM payments_payment") == len(known)
