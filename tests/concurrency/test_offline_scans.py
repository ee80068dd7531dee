"""Five scanners without a network come back at once: each voucher is redeemed once, and each second scan is a conflict."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from threading import Lock

import pytest

from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers.types import VoucherView
from tests.concurrency.clients import Connection, press
from tests.concurrency.forgetting import forgetting
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene
from tests.fakes.site import Site
from tests.faults.figures import Measured

DEVICES, SCANS, DUPLICATES = 5, 500, 50
BATCH = 20
PATH = "/api/v1/redemptions/offline"


def queues(vouchers: list[VoucherView], *, duplicates: int) -> list[list[VoucherView]]:
    """Whom each device served: every voucher once, and the first of them a second time, by another device."""
    made: list[list[VoucherView]] = [[] for _device in range(DEVICES)]
    for number, voucher in enumerate(vouchers):
        made[number % DEVICES].append(voucher)
        if number < duplicates:
            made[(number + 1) % DEVICES].append(voucher)
    for number, queue in enumerate(made):
        random.Random(number).shuffle(queue)
    return made


def sync(site: Site, shop: Scene, waiting: list[list[VoucherView]]) -> tuple[Counter[str], Counter[str]]:
    """Every device tells its queue in batches, and each batch twice; outcomes, first told and told again.

    Their clocks are up to two hours off.
    """
    owner = people.person()
    tokens = [
        people.token_of(
            owner,
            kind=TokenKind.DEVICE,
            subject_ref=merchants.device(store=shop.store, name=f"Scanner {number}").public_id,
            scopes=["redemptions:write"],
            at=clock.now(),
        )
        for number in range(DEVICES)
    ]
    told: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    lock = Lock()

    def device(number: int) -> None:
        web, slow = Connection(site.url, tokens[number]), timedelta(hours=number - 2)
        for start in range(0, len(waiting[number]), BATCH):
            now = clock.now() - slow
            batch = [
                {
                    "nonce": f"scan-{number}-{voucher.ref}",
                    "qr": voucher.qr_text,
                    "scanned_at": now.isoformat(),
                }
                for voucher in waiting[number][start : start + BATCH]
            ]
            for seen in told:
                status, answer = web.post(PATH, {"now": now.isoformat(), "scans": batch})
                assert status == 200, answer
                with lock:
                    seen.update(one["reason"] or one["outcome"] for one in answer["scans"])

    press(DEVICES, device)
    return told


@pytest.mark.slow
def test_each_second_scan_is_one_conflict(site: Site, measured: Measured) -> None:
    shop = scene(at=clock.now())
    vouchers = [voucher for _order in range(9) for voucher in shop.bought(quantity=(SCANS - DUPLICATES) // 9)]
    waiting = queues(vouchers, duplicates=DUPLICATES)
    assert sum(len(queue) for queue in waiting) == SCANS
    told, again = sync(site, shop, waiting)
    assert told == {"redeemed": SCANS - DUPLICATES, "voucher_already_used": DUPLICATES}
    assert again == told
    assert rows("SELECT outcome, count(*) AS n FROM vouchers_offlinescan GROUP BY 1 ORDER BY 1") == [
        {"outcome": "conflict", "n": DUPLICATES},
        {"outcome": "redeemed", "n": SCANS - DUPLICATES},
    ]
    assert scalar("SELECT count(*) FROM vouchers_redemption WHERE undone_at IS NULL") == SCANS - DUPLICATES
    assert scalar("SELECT count(*) FROM settlement_settled WHERE undone_at IS NULL") == SCANS - DUPLICATES
    conflicts = scalar(
        "SELECT count(DISTINCT voucher_id) FROM vouchers_offlinescan WHERE outcome = 'conflict'"
    )
    measured(12, "offline scanning", f"{DEVICES} devices, {SCANS} scans told twice: {conflicts} conflicts")


@pytest.mark.unbalanced
def test_control_without_the_guards_there_are_no_conflicts(site: Site) -> None:
    shop = scene(at=clock.now())
    # Others are paid for as well, or the books would have no money to give twice.
    waiting = queues(shop.bought(quantity=40)[:10], duplicates=10)
    spent_once = (
        "vouchers_redemption_one_live",
        "vouchers_redemption_spent_once",
        "settlement_unit_once",
    )
    with forgetting("vouchers_voucher", "vouchers_use", "orders_unit", without=spent_once):
        told, _again = sync(site, shop, waiting)
    assert told["redeemed"] > 10, told
