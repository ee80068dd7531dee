"""Web and worker die at moments that have a name: whatever is begun there ends well, and is paid once."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import books, jobs
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import wait_until
from tests.faults.failpoints import FAILPOINTS, WORKER, owner_of
from tests.faults.figures import Measured
from tests.faults.mortal import Mortal, run_mortal
from tests.faults.trips import CutOff, Trip

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("kills")]

END_S = 120.0  # the promise: every order ends within two minutes after
KILLS, PARTS = 200, 4
SHORT = (  # the control is killed at one more
    "webhook kept, effects not made",
    "refund sent, not recorded",
    "janitor has asked, not recorded",
)


# Reactions that were asked for and are not made.
_WAITING = """
SELECT 'outbox ' || job AS what FROM kernel_outboxrow
UNION ALL SELECT 'job ' || task_name FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
"""
# Paid for at the provider and not recorded here.
# Kept, and whoever took it died over it.
_LEFT_BEHIND = "SELECT event_id FROM payments_webhookinbox WHERE processed_at IS NULL"
_UNKNOWN_HERE = "SELECT order_ref FROM payments_payment WHERE public_id = ANY(%s) AND state <> 'captured'"


def kill_at(
    site: Mortal, shop: Scene, name: str, *, visit: int = 1, coming_back: Callable[[], bool] = lambda: True
) -> list[Trip]:
    """Let shoppers go there until the process dies, start it again as it always is; who comes back goes on."""
    point = FAILPOINTS[name]

    def dead() -> bool:
        return not site.lives(point.process)

    site.stop(point.process)
    site.start(point.process, failpoint=name, visit=visit)
    trips: list[Trip] = []
    while not dead():
        assert len(trips) <= visit, f"nobody gets to {name!r}"
        trip = Trip(point.trip, site.url, site.sandbox, shop, dead, comes_back=coming_back())
        trips.append(trip)
        with contextlib.suppress(CutOff):  # it is what this is about; that it died there is required below
            trip.go()
        # The worker gets there after the shopper has gone.
        late = point.process == WORKER
        wait_until(lambda: dead() or not (trip.is_open() or (late and rows(_WAITING))), timeout_s=90)  # noqa: B023
    site.require_died_there(point.process, name)
    cut_at = time.monotonic()
    for trip in trips:
        trip.was_cut(cut_at)
    site.start(point.process)
    for trip in trips:
        if trip.comes_back:
            trip.go()
    return trips


def half_done(site: Mortal) -> list[str]:
    """What is not finished yet, by name: reactions that wait, and orders whose money we do not know of."""
    captured = [ref for ref, there in site.sandbox.books().items() if there["captured_currency"]]
    unknown = [str(found["order_ref"]) for found in rows(_UNKNOWN_HERE, [captured])]
    return [*unknown, *(str(found["what"]) for found in rows(_WAITING))]


def run_kills(folder: Path, settings: Any, names: Sequence[str], *, seed: int, most: int = 1) -> str:
    """Kill once at each of these moments, at most the `most`-th time it comes; what was measured."""
    dice = random.Random(seed)
    trips: list[Trip] = []
    with run_mortal(folder) as site:
        shop = scene(at=clock.now(), capacity=100_000)
        for name in names:
            made = kill_at(
                site, shop, name, visit=dice.randint(1, most), coming_back=lambda: dice.random() < 0.75
            )
            trips += made
            print(f"{name}: {len(made)} orders, {sum(not trip.ended() for trip in trips)} open")
        wait_until(lambda: sum(not trip.ended() for trip in trips) == 0, timeout_s=END_S)
        wait_until(lambda: not half_done(site), timeout_s=END_S)
        if most > 1:  # in the short form nobody waits until a taker is taken for dead
            wait_until(lambda: not rows(_LEFT_BEHIND), timeout_s=END_S)
        there = site.sandbox.books()
        for trip in trips:
            trip.require_whole(there)
        assert scalar("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'") == 0
        settings.HUTONG_SANDBOX_URL, settings.HUTONG_SANDBOX_SECRET = site.sandbox.url, site.sandbox.secret
        assert books.check(at=clock.now()).problems == ()
        assert site.deaths == len(names)
    slowest = max(trip.took_s or 0.0 for trip in trips)
    assert slowest <= END_S
    return f"{len(names)} kills, {len(trips)} orders ended, the last {slowest:.0f} s after, captured once"


def test_every_moment_has_its_place() -> None:
    assert len({(point.function, point.moment, point.trip) for point in FAILPOINTS.values()}) >= 20
    for name, point in FAILPOINTS.items():
        owner, function = owner_of(point.function)
        assert callable(getattr(owner, function, None)), name
    assert set(SHORT) < set(FAILPOINTS)


def test_killed_at_some_moments(tmp_path: Path, settings: Any, measured: Measured) -> None:
    found = run_kills(tmp_path, settings, SHORT, seed=8)
    measured(8, "web and worker killed at named moments", found)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_two_hundred_times_at_every_moment(
    part: int, tmp_path: Path, settings: Any, measured: Measured
) -> None:
    """In parts, which may run side by side (`pytest -n 4`): most of the time of each is waiting."""
    dice = random.Random(88)
    rounds = -(-KILLS // len(FAILPOINTS))
    names = [name for _round in range(rounds) for name in dice.sample(sorted(FAILPOINTS), len(FAILPOINTS))]
    found = run_kills(tmp_path, settings, names[:KILLS][part::PARTS], seed=8 + part, most=3)
    measured(8, f"web and worker killed at {len(FAILPOINTS)} named moments, {part + 1} of {PARTS}", found)


def test_control_without_a_worker_an_order_never_ends(tmp_path: Path) -> None:
    with run_mortal(tmp_path) as site:
        shop = scene(at=clock.now(), capacity=10)
        wait_until(lambda: not half_done(site), timeout_s=60)  # the worker still reacts to the new shop
        site.stop(WORKER)
        (trip,) = kill_at(site, shop, "started at the provider, not recorded", coming_back=lambda: False)
        payment_ref = trip.payment()
        site.sandbox.fault("lose_webhook", reference=payment_ref)
        site.sandbox.pay(payment_ref)
        # Its turn to be asked about came, twice the janitor's pace ago, and so did the end of its time to pay.
        asked_at = scalar("SELECT ask_at FROM payments_payment WHERE public_id = %s", [payment_ref])
        wait_until(lambda: clock.now() > asked_at + timedelta(seconds=2 * jobs.TICK_S), timeout_s=60)
        assert trip.is_open()
        assert half_done(site) == [trip.ref]
        site.start(WORKER)
        wait_until(lambda: trip.ended() and not half_done(site), timeout_s=END_S)
        trip.require_whole(site.sandbox.books())
