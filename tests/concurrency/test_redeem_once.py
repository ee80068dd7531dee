"""100 vouchers shown to 100 scanners at once: each is redeemed once, and a repeated scan gets its first answer."""

from __future__ import annotations

import random

import pytest

from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers.types import VoucherView
from tests.concurrency.clients import Connection, Tally, press
from tests.concurrency.forgetting import forgetting
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene
from tests.fakes.site import Site
from tests.faults.figures import Measured

VOUCHERS, DEVICES = 100, 100


def scan_all(
    site: Site, shop: Scene, vouchers: list[VoucherView], *, repeat: bool
) -> tuple[Tally, list[str]]:
    """Every device scans every voucher, each in an order of its own; statuses, and answers that differ when repeated."""
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
    tally = Tally()
    different: list[str] = []

    def device(number: int) -> None:
        web = Connection(site.url, tokens[number])
        for voucher in random.Random(number).sample(vouchers, len(vouchers)):
            scan = {"code": voucher.qr_text}
            status, said = web.post("/api/v1/redemptions", scan, key=f"scan-{number}-{voucher.ref}")
            tally.add(status)
            if status == 201 and repeat:
                again, said_again = web.post("/api/v1/redemptions", scan, key=f"scan-{number}-{voucher.ref}")
                if (again, said_again["ref"], said_again["replay"]) != (201, said["ref"], True):
                    different.append(voucher.ref)

    press(DEVICES, device)
    return tally, different


@pytest.mark.slow
def test_each_voucher_is_redeemed_exactly_once(site: Site, measured: Measured) -> None:
    shop = scene(at=clock.now())
    vouchers = shop.bought(quantity=VOUCHERS)
    tally, different = scan_all(site, shop, vouchers, repeat=True)
    assert tally.statuses == {201: VOUCHERS, 409: VOUCHERS * DEVICES - VOUCHERS}
    assert different == []
    assert scalar("SELECT count(*) FROM vouchers_redemption WHERE undone_at IS NULL") == VOUCHERS
    assert scalar("SELECT count(*) FROM settlement_settled WHERE undone_at IS NULL") == VOUCHERS
    measured(2, "vouchers redeemed once", f"{VOUCHERS} of {VOUCHERS} by {DEVICES} devices, repeated alike")


@pytest.mark.unbalanced
def test_control_without_the_guards_vouchers_are_redeemed_again(site: Site) -> None:
    shop = scene(at=clock.now())
    vouchers = shop.bought(quantity=VOUCHERS)
    spent_once = (
        "vouchers_redemption_one_live",
        "vouchers_redemption_spent_once",
        "settlement_unit_once",
    )
    with forgetting("vouchers_voucher", "vouchers_use", "orders_unit", without=spent_once):
        tally, _different = scan_all(site, shop, vouchers[:3], repeat=False)
    assert tally.statuses[201] > 3
