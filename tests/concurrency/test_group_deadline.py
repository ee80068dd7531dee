"""A rush of joins around the size of groups and their deadline: each group is full and charged, or all of it refunded."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest

from hutong.flows.groups import settle
from hutong.flows.groups.asking import Ask
from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.groups.services import AlreadyInGroup, GroupEnded, GroupFull, places
from tests.concurrency.race import all_at_once
from tests.factories import people
from tests.factories.groups import group_scene, opened
from tests.factories.loop import Scene
from tests.fakes.sandbox import Sandbox
from tests.faults.figures import Measured

pytestmark = pytest.mark.django_db(transaction=True)

JOINS, RUNNERS, GROUPS, SIZE = 1_000, 20, 60, 10
DAY = timedelta(days=1)
LAST = DAY - timedelta(seconds=1)


def rush(shop: Scene, group_refs: list[str], joins: int) -> Counter[str]:
    """Shoppers join at the last second, of every ten one too late, and pay while groups are being ended.

    Half of the groups are asked for twice as often, and most of these are full before the first one is ended.
    """
    shoppers = [people.person() for _ in range(joins)]
    last, over = shop.at + LAST, shop.at + DAY

    def act(number: int) -> Counter[str]:
        done: Counter[str] = Counter()
        for join in range(number, joins, RUNNERS):
            group_ref = group_refs[join % len(group_refs)]
            try:
                placed = shop.order(
                    ask=Ask(group_ref=group_ref),
                    by=shoppers[join],
                    at=over if join % 10 == 9 else last,
                )
            except (GroupFull, GroupEnded, AlreadyInGroup) as error:
                done[error.code] += 1
                continue
            done[shop.money_arrives(placed, at=over)] += 1
            if join > 2 * joins // 5 and join % 7 == 0:
                settle.end(group_ref=group_ref, at=over)
        return done

    total: Counter[str] = Counter()
    for each in all_at_once(RUNNERS, act):
        total += each
    return total


def test_1_000_joins_around_size_and_deadline(at: datetime, sandbox: Sandbox, measured: Measured) -> None:
    shop = group_scene(at=at, steps=((SIZE, 1290),))
    refs = [opened(shop, size=SIZE, by=people.person())[0] for _ in range(GROUPS)]
    execute("DELETE FROM kernel_outboxrow")
    outcome = rush(shop, refs + refs[: GROUPS // 2], JOINS)
    assert sum(outcome.values()) == JOINS
    assert set(outcome) <= {"paid", "returned", "group_full", "group_ended"}, outcome
    over = at + DAY + timedelta(minutes=6)
    settle.run(at=over, limit=GROUPS)
    waiting = [
        entry["order_ref"] for entry in rows("SELECT order_ref FROM groups_place WHERE state = 'paid'")
    ]
    all_at_once(4, partial(_settle, waiting, over))
    full = scalar("SELECT count(*) FROM groups_group WHERE state = 'full'")
    failed = scalar("SELECT count(*) FROM groups_group WHERE state = 'failed'")
    assert full + failed == GROUPS
    assert full > 0
    assert failed > 0
    # Full: exactly its size, all charged, a voucher each. Failed: nothing is kept of anybody's money.
    assert scalar("SELECT count(*) FROM groups_group WHERE state = 'full' AND paid <> size") == 0
    by_state = {
        (entry["g"], entry["p"], entry["o"]): entry["n"]
        for entry in rows(
            "SELECT g.state AS g, p.state AS p, o.state AS o, count(*) AS n FROM groups_place p"
            " JOIN groups_group g ON g.id = p.group_id JOIN orders_order o ON o.public_id = p.order_ref"
            " GROUP BY 1, 2, 3"
        )
    }
    kept, back = (
        by_state.get(("full", "kept", "paid"), 0),
        by_state.get(("failed", "refunded", "refunded"), 0),
    )
    assert kept == full * SIZE == scalar("SELECT count(*) FROM vouchers_voucher")
    assert {key for key in by_state if key[1] not in ("kept", "refunded")} <= {
        ("full", "freed", "cancelled"),
        ("failed", "freed", "cancelled"),
    }
    assert kept + back == sum(number for (_g, place, _o), number in by_state.items() if place != "freed")
    assert scalar("SELECT count(*) FROM payments_refund WHERE reason = 'group_failed'") == back
    measured(
        6,
        "group deadline",
        f"{JOINS:,} joins of {GROUPS} groups by {RUNNERS} threads: {full} full and charged ({kept} orders), "
        f"{failed} failed and refunded ({back} orders)",
    )


def _settle(order_refs: list[str], over: datetime, number: int) -> None:
    """Every order is settled by two of four runners: the second changes nothing."""
    for order_ref in order_refs[number // 2 :: 2]:
        settle.settle(order_ref=order_ref, at=over)


def test_100_at_the_last_place_and_one_has_it(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    assert rush_for_last(shop, group_ref) == {"took": 1, "group_full": 99}


@pytest.mark.unbalanced("more have the last place than there are")
def test_control_without_the_guard_the_last_place_has_many(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    execute("ALTER TABLE groups_group DROP CONSTRAINT groups_group_taken_within_size")
    guard = "(kind = 'campaign' OR taken < size)"
    statement = places._TAKE
    assert guard in statement
    places._TAKE = statement.replace(guard, "(TRUE)")
    try:
        assert rush_for_last(shop, group_ref)["took"] > 1
    finally:
        places._TAKE = statement
        execute("UPDATE groups_group SET taken = 2")
        execute(
            "ALTER TABLE groups_group ADD CONSTRAINT groups_group_taken_within_size"
            " CHECK (kind = 'campaign' OR taken <= size)"
        )


@pytest.mark.unbalanced("a failed group keeps somebody's money here")
def test_control_without_the_guard_a_failed_group_keeps_the_money_of_who_pays_late(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    held = shop.order(ask=Ask(group_ref=group_ref), by=people.person())
    over = at + DAY + timedelta(minutes=6)
    assert settle.end(group_ref=group_ref, at=over)
    guard = "AND (state = 'open' OR (kind = 'campaign' AND state = 'full'))"
    statement = places._PAY
    assert guard in statement
    places._PAY = statement.replace(guard, "")
    try:
        assert shop.money_arrives(held, at=over) == "paid"
    finally:
        places._PAY = statement


def rush_for_last(shop: Scene, group_ref: str) -> Counter[str]:
    shoppers = [people.person() for _ in range(100)]

    def act(number: int) -> Counter[str]:
        done: Counter[str] = Counter()
        for join in range(number, 100, RUNNERS):
            try:
                shop.order(ask=Ask(group_ref=group_ref), by=shoppers[join])
                done["took"] += 1
            except GroupFull as error:
                done[error.code] += 1
        return done

    return sum(all_at_once(RUNNERS, act), Counter())
