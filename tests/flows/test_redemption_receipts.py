"""The receipt of a redemption: what one scan used, for its shopper and its store, and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from hutong.flows import redeem
from hutong.kernel import clock
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.queries.receipts import receipt_in, receipt_of
from hutong.web.shell.redemption_receipts import with_money
from tests.factories import people
from tests.factories.loop import scene
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def test_it_says_what_the_scan_used_what_is_left_and_what_it_cost(at: datetime) -> None:
    made = scene(at=at)
    first, second, _third = made.bought(quantity=3)
    done = made.scan(first.code, uses=2)
    for ref in (one.redemption_ref for one in done.redeemed):
        found = receipt_of(ref, made.shopper)
        assert found is not None
        assert found.ref == done.redemption_ref
        assert [one.voucher_ref for one in found.uses] == [first.ref, second.ref]
        assert (found.store_ref, found.device_name, found.at) == (
            made.store.public_id,
            made.device.name,
            at,
        )
        assert with_money(found, money=False).paid is None
    assert found is not None
    amount = with_money(found, money=True).paid
    assert amount is not None
    assert amount.minor == 2 * 1990
    assert found == receipt_in(done.redemption_ref, made.store.public_id)


def test_an_undone_one_says_so(at: datetime) -> None:
    made = scene(at=at)
    (voucher,) = made.bought()
    done = made.scan(voucher.code)
    actor = redeem.actor_for(device_ref=made.device.public_id)
    later = at + timedelta(minutes=1)
    redeem.undo(redemption_ref=done.redemption_ref, actor=actor, at=later)
    found = receipt_of(done.redemption_ref, made.shopper)
    assert found is not None
    assert (found.undone_at, found.uses_left) == (later, 1)


def test_nobody_else_has_it(at: datetime) -> None:
    made, other = scene(at=at), scene(at=at)
    (voucher,) = made.bought()
    ref = made.scan(voucher.code).redemption_ref
    assert receipt_of(ref, other.shopper) is None
    assert receipt_in(ref, other.store.public_id) is None
    assert receipt_of("red_none", made.shopper) is None


def test_who_got_it_as_a_present_sees_the_use_and_not_the_price(at: datetime) -> None:
    here = shop()
    now = clock.now()
    (voucher,) = here.scene.bought()
    token = services.give(voucher_ref=voucher.ref, message="", by=here.scene.shopper, at=now).token
    friend = people.person()
    services.claim(token=token, by=friend, at=now)
    theirs = queries.voucher_view(voucher.ref, friend, at=now)
    assert theirs is not None
    ref = here.scene.scan(theirs.code, at=now).redemption_ref
    page = visitor(friend).get(f"/used/{ref}/")
    assert page.status_code == 200
    assert "19.90" not in page.content.decode()
    assert visitor(here.scene.shopper).get(f"/used/{ref}/").status_code == 404


def test_pages_and_files_of_both_sides() -> None:
    here = shop()
    (voucher,) = here.scene.bought()
    ref = here.scene.scan(voucher.code, at=clock.now()).redemption_ref
    browsers: list[tuple[Client, str, bool]] = [
        (visitor(here.scene.shopper), f"/used/{ref}/", True),
        (visitor(here.owner), f"/merchant/used/{ref}/", True),
        (visitor(here.cashier), f"/merchant/used/{ref}/", False),
    ]
    for browser, address, sees_money in browsers:
        page = browser.get(address)
        assert page.status_code == 200
        assert ("19.90" in page.content.decode()) == sees_money
        assert here.scene.shopper.public_id not in page.content.decode()
        file = browser.get(f"{address}pdf/")
        assert file["Content-Type"] == "application/pdf"
        assert file.content.startswith(b"%PDF")
    assert f"/used/{ref}/" in visitor(here.scene.shopper).get(f"/voucher/{voucher.ref}/").content.decode()
    assert f"/merchant/used/{ref}/" in visitor(here.owner).get("/merchant/").content.decode()
