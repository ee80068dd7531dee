"""100 vouchers shown to 100 scanners at once: each is redeemed once, and a repeated scan gets its first answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers.types import VoucherView
from tests.concurrency.clients import Connection, Tally, press
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene
from tests.fakes.site import Site

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
def test_each_voucher_is_redeemed_exactly_once(site: Site) -> None:
    shop = scene(at=clock.now())
    vouchers = shop.bought(quantity=VOUCHERS)
    tally, different = scan_all(site, shop, vouchers, repeat=True)
    assert tally.statuses == {201: VOUCHERS, 409: VOUCHERS * DEVICES - VOUCHERS}
    assert different == []
    assert scalar("SELECT count(*) FROM vouchers_redemption WHERE undone_at IS NULL") == VOUCHERS
    assert scalar("SELECT count(*) FROM settlement_settled WHERE undone_at IS NULL") == VOUCHERS


# Each trigger takes one guard away by undoing what the guard writes.
_FORGETFUL = """
CREATE FUNCTION test_forget_use() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
CREATE TRIGGER test_forget BEFORE UPDATE ON vouchers_voucher FOR EACH ROW EXECUTE FUNCTION test_forget_use();
CREATE TRIGGER test_forget BEFORE UPDATE ON vouchers_use FOR EACH ROW EXECUTE FUNCTION test_forget_use();
CREATE TRIGGER test_forget BEFORE UPDATE ON orders_unit FOR EACH ROW EXECUTE FUNCTION test_forget_use();
"""


@contextmanager
def without_guards() -> Iterator[None]:
    """Nobody writes down that a use is spent, and nothing says that it may be redeemed and settled but once."""
    indexes = ["vouchers_redemption_one_live", "settlement_unit_once"]
    definitions = [scalar("SELECT pg_get_indexdef(%s::regclass)", [name]) for name in indexes]
    with connection.cursor() as cursor:
        cursor.execute(_FORGETFUL)
        for name in indexes:
            cursor.execute(f"DROP INDEX {name}")
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION test_forget_use CASCADE")
            cursor.execute("TRUNCATE vouchers_redemption, settlement_settled CASCADE")
            for definition in definitions:
                cursor.execute(definition)


@pytest.mark.unbalanced
def test_control_without_the_guards_vouchers_are_redeemed_again(site: Site) -> None:
    shop = scene(at=clock.now())
    vouchers = shop.bought(quantity=VOUCHERS)
    with without_guards():
        tally, _different = scan_all(site, shop, vouchers[:3], repeat=False)
    assert tally.statuses[201] > 3
