"""Parts of the site are killed while the whole loop runs: each comes back, and no order is left half done."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import books, cart, expire_orders
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.sandbox import wait_until
from tests.faults.crowd import Caller, GaveUp, Told, go_round
from tests.faults.figures import Measured
from tests.faults.upped import KINDS, Upped, run_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("kills")]

CLIENTS = 4
JANITORS_S = 120.0  # the promise: two minutes after the last kill nothing is half done
GAP_S = 5.0

# Paid for at the provider and not fulfilled here, or taken back here and not sent back there.
_HALF_DONE = """
SELECT o.public_id FROM orders_order o JOIN payments_payment p ON p.order_ref = o.public_id
WHERE p.public_id = ANY(%s) AND o.paid_at IS NULL
UNION ALL SELECT r.public_id FROM payments_refund r WHERE r.state IN ('pending', 'unknown')
UNION ALL SELECT 'outbox ' || job FROM kernel_outboxrow
UNION ALL SELECT 'job ' || task_name FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
"""


@contextmanager
def pressed(site: Upped, told: Told) -> Iterator[None]:
    """Clients that go round and round, every third giving back, until the end; what breaks them is raised there."""
    shop = scene(at=clock.now(), capacity=100_000)
    wants = {shop.offer.public_id: 1}
    order = {
        "lines": [{"deal": shop.offer.public_id, "quantity": 1}],
        "quote": cart.price(wants=wants, at=clock.now()).quote.hash,
        "remember_me": True,
    }
    scopes = ["orders:read", "orders:write", "vouchers:read"]
    till = Caller(site.url, _device_token(shop))
    callers = [
        Caller(site.url, people.token_of(people.person(), scopes=scopes, at=clock.now()))
        for _ in range(CLIENTS)
    ]
    over = threading.Event()

    def run(number: int) -> None:
        for turn in count():
            if over.is_set():
                return
            try:
                go_round(
                    callers[number], till, order, told, f"client-{number}-{turn}", give_back=turn % 3 == 2
                )
                told.count("done")
            except GaveUp:
                told.count("gave up")
            except BaseException as error:
                told.faults.append(error)
                return

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    told.rounds_done()


def _device_token(shop: Any) -> str:
    from hutong.town.people.types import TokenKind

    return people.token_of(
        shop.device.paired_by,
        kind=TokenKind.DEVICE,
        subject_ref=shop.device.public_id,
        scopes=["redemptions:write"],
        at=clock.now(),
    )


def kill(site: Upped, kind: str, dice: random.Random) -> float:
    """SIGKILL one process of a kind; the seconds until another stands in its place and the site answers."""
    victim = dice.choice(wait_until(lambda: site.pids(kind), timeout_s=60))
    os.kill(victim, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_until(lambda: site.back(kind, victim), timeout_s=60)
    return time.monotonic() - killed_at


def captured(site: Upped) -> list[str]:
    """The payments for which the sandbox holds money, by our ref."""
    return [ref for ref, row in site.sandbox.books().items() if row["captured_currency"]]


def half_done(site: Upped) -> list[str]:
    return [str(row["public_id"]) for row in rows(_HALF_DONE, [captured(site)])]


def require_whole(site: Upped, told: Told, settings: Any) -> None:
    """Everything that was begun has ended well, and everything that was acknowledged is there."""
    wait_until(lambda: not half_done(site), timeout_s=JANITORS_S)
    # Whoever went away before paying: the time to pay is over a quarter of an hour later.
    later = clock.now() + timedelta(minutes=20)
    while expire_orders.run(at=later):
        pass
    states = {row["public_id"]: row["state"] for row in rows("SELECT public_id, state FROM orders_order")}
    assert set(states.values()) <= {"paid", "refunded", "expired"}, set(states.values())
    assert told.ordered <= set(states)
    assert all(states[ref] != "expired" for ref in told.paid)
    once = rows(
        "SELECT order_ref, count(*) AS n FROM payments_payment WHERE public_id = ANY(%s) GROUP BY 1",
        [captured(site)],
    )
    assert once
    assert {row["n"] for row in once} == {1}
    used = {row["ref"] for row in rows(
        "SELECT o.public_id AS ref FROM orders_unit u JOIN orders_order o ON o.id = u.order_id WHERE u.state = 'used'"
    )}  # fmt: skip
    assert told.redeemed == used & told.redeemed
    back = {row["order_ref"] for row in rows(
        "SELECT p.order_ref FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id WHERE r.state = 'done'"
    )}  # fmt: skip
    assert told.refunded <= back
    assert scalar("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'") == 0
    settings.HUTONG_SANDBOX_URL, settings.HUTONG_SANDBOX_SECRET = site.sandbox.url, site.sandbox.secret
    assert books.check(at=later).problems == ()


def run_kills(
    folder: Path, settings: Any, *, kills: int, seed: int, kinds_killed: Sequence[str] = KINDS
) -> str:
    """Kill so many processes of these kinds under load; what was measured."""
    dice, told = random.Random(seed), Told()
    with run_up(folder) as site:
        # Every kind in each round of four, in an order of its own.
        many = len(kinds_killed)
        kinds = [kind for _round in range(-(-kills // many)) for kind in dice.sample(kinds_killed, many)]
        with pressed(site, told), site.watched():
            wait_until(lambda: told.rounds_done() >= CLIENTS, timeout_s=60)
            for kind in kinds[:kills]:
                took_s = kill(site, kind, dice)
                done = told.rounds_done()
                print(f"{kind} back after {took_s:.1f} s; {done} rounds, {told.rounds['gave up']} given up")
                wait_until(lambda: told.rounds_done() >= done + 2, timeout_s=60)  # noqa: B023
        print(f"gaps of the web: {[round(gap, 1) for gap in site.gaps]}")
        # Where everything is slow because much runs beside it: no longer than the whole site took to start.
        assert max(site.gaps, default=0) <= max(GAP_S, site.started_s), (site.gaps, site.started_s)
        said = site.log.read_text()
        assert said.count("it is started again") >= sum(kind != "web worker" for kind in kinds[:kills]), said
        require_whole(site, told, settings)
        gap_s = max(site.gaps, default=0)
        return f"{kills} kills, {told.rounds['done']} rounds, nothing lost or half done, away {gap_s:.1f} s at most"


def test_six_kills_under_load(tmp_path: Path, settings: Any, measured: Measured) -> None:
    measured(8, "web and worker killed under load", run_kills(tmp_path, settings, kills=6, seed=6))


@pytest.mark.long
def test_fifty_kills_under_load(tmp_path: Path, settings: Any, measured: Measured) -> None:
    measured(8, "any process killed under load", run_kills(tmp_path, settings, kills=50, seed=50))


@pytest.mark.long
def test_two_hundred_kills_of_web_and_worker(tmp_path: Path, settings: Any, measured: Measured) -> None:
    """At whatever moment they are in: the loop, its outbox and its calls to the provider run all the time."""
    found = run_kills(tmp_path, settings, kills=200, seed=200, kinds_killed=("web worker", "worker"))
    measured(8, "web and worker killed under load", found)


def test_control_without_restarts_one_kill_ends_the_site(tmp_path: Path) -> None:
    with run_up(tmp_path, command=("-m", "tests.faults.up_once")) as site:
        (worker,) = site.pids("worker")
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: site.process.poll() is not None, timeout_s=60)
        assert "worker stopped (exit code -9)" in site.log.read_text()
        assert not site.back("worker", worker)
