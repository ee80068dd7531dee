"""A flash sale over HTTP, against the real site with the real sandbox: sold to the last unit, and to each person as
many as the limit says, and not beyond."""

from __future__ import annotations

import httpx
import pytest

from hutong.flows import cart
from hutong.kernel import clock
from hutong.kernel.rows import execute, scalar
from hutong.pay.payments.services import reconcile
from tests.concurrency.clients import Connection, Tally, press
from tests.concurrency.forgetting import forgetting
from tests.factories import flashsales, people
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site
from tests.faults.figures import Measured

ATTEMPTS, CLIENTS, UNITS = 10_000, 64, 100
LIMIT, CLIENTS_OF_ONE = 3, 200
SCOPES = ("orders:write", "orders:read")


def rush(site: Site, shop: Scene, *, attempts: int, clients: int) -> Tally:
    """`clients` shoppers order one unit again and again, and whoever gets one pays at once."""
    wants = {shop.offer.public_id: 1}
    quote = cart.price(wants=wants, at=clock.now()).quote.hash
    order = {"lines": [{"deal": shop.offer.public_id, "quantity": 1}], "quote": quote}
    tokens = [people.token_of(people.person(), scopes=SCOPES, at=clock.now()) for _ in range(clients)]
    tally = Tally()

    def shopper(number: int) -> None:
        web = Connection(site.url, tokens[number])
        with httpx.Client(trust_env=False, timeout=60) as browser:
            for attempt in range(number, attempts, clients):
                status, placed = web.post("/api/v1/orders", order, key=f"attempt-{attempt}")
                tally.add(status)
                if status == 201:
                    started, payment = web.post(
                        f"/api/v1/orders/{placed['ref']}/payments", {}, key=f"payment-{attempt}"
                    )
                    assert started == 201, payment
                    browser.post(payment["redirect_url"], data={"action": "pay"})

    press(clients, shopper)
    return tally


def paid_orders() -> int:
    return int(scalar("SELECT count(*) FROM orders_order WHERE state = 'paid'"))


@pytest.mark.slow
def test_10_000_attempts_on_100_units_sell_exactly_100(site: Site, measured: Measured) -> None:
    shop = scene(at=clock.now(), capacity=UNITS)
    flashsales.flash_sale(shop, at=clock.now(), places=None)  # the line has its own: test_flash_sale_line.py
    # The sandbox remembers payments of tests before, whose rows are gone here.
    of_others = reconcile(provider="sandbox", at=clock.now(), grace_s=0)
    tally = rush(site, shop, attempts=ATTEMPTS, clients=CLIENTS)
    assert sum(tally.statuses.values()) == ATTEMPTS
    assert set(tally.statuses) == {201, 409}, tally.statuses
    assert tally.statuses[201] == UNITS
    wait_until(lambda: paid_orders() == UNITS, timeout_s=30)
    assert scalar("SELECT count(*) FROM vouchers_voucher") == UNITS
    assert scalar("SELECT sum(captured) FROM payments_payment") == UNITS * 1990
    assert scalar("SELECT count(*) FROM payments_payment WHERE state = 'captured'") == UNITS
    assert reconcile(provider="sandbox", at=clock.now(), grace_s=0) == of_others
    measured(
        1, "flash sale over HTTP", f"{ATTEMPTS:,} attempts by {CLIENTS} clients: {UNITS} of {UNITS} sold"
    )


def test_control_without_the_guard_more_are_sold(site: Site) -> None:
    """The same rush with the limit taken away from the row: nothing else holds it back."""
    shop = scene(at=clock.now(), capacity=UNITS)
    execute("UPDATE stock_stock SET capacity = NULL")
    tally = rush(site, shop, attempts=UNITS + CLIENTS, clients=CLIENTS)
    assert tally.statuses[201] > UNITS
    wait_until(lambda: paid_orders() == tally.statuses[201], timeout_s=60)  # nothing is on its way any more


def buy_alone(site: Site, shop: Scene, *, clients: int, attempt: str) -> Tally:
    """So many clients of one person order one unit each, at one moment."""
    quote = cart.price(wants={shop.offer.public_id: 1}, at=clock.now()).quote.hash
    order = {"lines": [{"deal": shop.offer.public_id, "quantity": 1}], "quote": quote}
    token = people.token_of(shop.shopper, scopes=SCOPES, at=clock.now())
    tally = Tally()

    def client(number: int) -> None:
        status, _placed = Connection(site.url, token).post("/api/v1/orders", order, key=f"{attempt}-{number}")
        tally.add(status)

    press(clients, client)
    return tally


@pytest.mark.figure
def test_200_clients_of_one_person_get_three(site: Site, measured: Measured) -> None:
    """And the control in the same site: a limit that forgets what was taken is none."""
    shop = scene(at=clock.now(), capacity=2 * CLIENTS_OF_ONE, per_person_limit=LIMIT)
    tally = buy_alone(site, shop, clients=CLIENTS_OF_ONE, attempt="guarded")
    assert tally.statuses == {201: LIMIT, 409: CLIENTS_OF_ONE - LIMIT}
    assert scalar("SELECT count(*) FROM orders_order") == LIMIT
    assert scalar("SELECT taken FROM stock_personlimit") == LIMIT
    measured(
        3, "limit for each person", f"{CLIENTS_OF_ONE} clients of one person, {LIMIT} of {LIMIT} granted"
    )
    shop.shopper = people.person()
    with forgetting("stock_personlimit"):
        tally = buy_alone(site, shop, clients=2 * LIMIT, attempt="forgetting")
    assert tally.statuses == {201: 2 * LIMIT}
    execute("UPDATE stock_personlimit SET taken = %s WHERE taken = 1", [2 * LIMIT])
