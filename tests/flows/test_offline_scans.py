"""Scans told later: once each, at their moment, the first in the server's order; the rest are conflicts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import books, expire_orders, jobs, offline_scans, redeem, refund
from hutong.kernel import audit, budget
from hutong.kernel.errors import NotFound
from hutong.know.customers import queries as customers
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.town.merchants.models import Device
from hutong.visit.vouchers import services as vouchers
from hutong.visit.vouchers.models import OfflineScan, Redemption, Voucher
from hutong.visit.vouchers.queries import read_qr, voucher_view
from hutong.visit.vouchers.queries.offline import conflict, conflicts_in, limits_of
from hutong.visit.vouchers.rules.face import revoked_mark
from hutong.visit.vouchers.services import offline
from hutong.visit.vouchers.types import VoucherView
from hutong.visit.vouchers.types.offline import (
    DEFAULT_OFFLINE,
    Bearer,
    OfflineLimits,
    ScanFact,
    ScanOutcome,
    ScanTold,
)
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene
from tests.factories.vouchers import promise

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=2)


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at)


def fact(qr: str, at: datetime, nonce: str = "", uses: int = 1) -> ScanFact:
    return ScanFact(nonce=nonce or f"nonce-{qr[7:23]}", qr=qr, scanned_at=at, uses=uses)


def tell(
    shop: Scene,
    facts: Sequence[ScanFact],
    *,
    device: Device | None = None,
    slow: timedelta = timedelta(0),
    at: datetime | None = None,
) -> tuple[ScanTold, ...]:
    """The shop's device tells two hours after the shop's moment; its clock is `slow`."""
    moment = at or shop.at + LATER
    actor = redeem.actor_for(device_ref=(device or shop.device).public_id)
    return offline_scans.upload(
        facts=facts, device_now=moment - slow, actor=actor, address="127.0.0.1", at=moment
    ).scans


def said(told: Sequence[ScanTold]) -> list[str]:
    return [one.reason or one.outcome.value for one in told]


def payable(shop: Scene) -> int:
    return balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor


def test_a_scan_is_redeemed_at_its_moment_and_paid_now(shop: Scene) -> None:
    (voucher,) = shop.bought()
    scanned = shop.at + timedelta(minutes=30)
    (told,) = tell(shop, [fact(voucher.qr_text, scanned)])
    assert (told.outcome, told.at, told.title, told.replay) == (
        ScanOutcome.REDEEMED, scanned, "Coffee and cake", False,
    )  # fmt: skip
    made = Redemption.objects.get()
    assert (made.at, made.device) == (scanned, shop.device)
    assert payable(shop) == 1791
    assert OfflineScan.objects.get().redemption_ref == made.public_id
    jobs.drain()
    (customer,) = customers.customer_list(shop.merchant.public_id, at=shop.at + LATER).rows
    assert customer.visits == 1


def test_the_same_upload_again_changes_nothing(shop: Scene) -> None:
    first, second = shop.bought(quantity=2)
    shop.scan(second.code)
    facts = [fact(one.qr_text, shop.at) for one in (first, second)]
    told = tell(shop, facts)
    assert said(told) == ["redeemed", "voucher_already_used"]
    before = (Redemption.objects.count(), payable(shop), len(audit.search().entries))
    random.Random(1).shuffle(facts)
    again = tell(shop, [*facts, *facts], at=shop.at + timedelta(days=3))
    assert all(one.replay for one in again)
    assert {(one.ref, one.outcome) for one in again} == {(one.ref, one.outcome) for one in told}
    assert (Redemption.objects.count(), payable(shop), len(audit.search().entries)) == before


def test_a_nonce_names_one_voucher_for_ever(shop: Scene) -> None:
    first, second = shop.bought(quantity=2)
    told = tell(shop, [fact(first.qr_text, shop.at, "the-nonce"), fact(second.qr_text, shop.at, "the-nonce")])
    assert said(told) == ["redeemed", "refused"]
    assert Redemption.objects.count() == 1


@pytest.mark.parametrize("order", [1, -1])
def test_two_devices_the_first_that_tells_wins(shop: Scene, order: int) -> None:
    """Whoever scanned first: nobody can know that before both have told."""
    (voucher,) = shop.bought()
    other = merchants.device(store=shop.store, name="Second")
    scans = [(shop.device, shop.at), (other, shop.at + timedelta(minutes=1))][::order]
    told = [
        tell(shop, [fact(voucher.qr_text, scanned, f"nonce-{device.name}")], device=device)[0]
        for device, scanned in scans
    ]
    assert said(told) == ["redeemed", "voucher_already_used"]
    assert payable(shop) == 1791
    (line,) = conflicts_in([shop.store.public_id])
    assert (line.device_name, line.first_by) == (scans[1][0].name, scans[0][0].name)
    assert (line.first_at, line.borne_by, line.settled_by) == (scans[0][1], Bearer.SHOP, "policy")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_is_corrected(shop: Scene, hours: int) -> None:
    """The deal's vouchers hold until noon on the shop's clock, in half an hour; the device's clock is an hour off."""
    (voucher,) = shop.bought()
    end = shop.at + timedelta(minutes=30)
    Voucher.objects.update(valid_from=shop.at, valid_until=end)
    off = timedelta(hours=hours)
    in_time, late = shop.at + timedelta(minutes=20), shop.at + timedelta(minutes=40)
    assert said(tell(shop, [fact(voucher.qr_text, late - off, "late-scan")], slow=off)) == ["voucher_expired"]
    (told,) = tell(shop, [fact(voucher.qr_text, in_time - off, "in-time-scan")], slow=off)
    assert (told.outcome, told.at) == (ScanOutcome.REDEEMED, in_time)
    assert set(OfflineScan.objects.values_list("off_s", flat=True)) == {hours * 3600}


def test_a_scan_is_never_later_than_its_telling(shop: Scene) -> None:
    """A clock that went back between the scan and the telling: the moment of the telling is the best there is."""
    (voucher,) = shop.bought()
    (told,) = tell(shop, [fact(voucher.qr_text, shop.at + timedelta(days=1))])
    assert (told.outcome, told.at) == (ScanOutcome.REDEEMED, shop.at + LATER)


def test_what_cannot_be_redeemed_any_more_is_a_conflict(shop: Scene, sandbox: Any) -> None:
    refunded, blocked, expired, old = (shop.bought()[0] for _one in range(4))
    refund._request(refunded.order_ref, None, "", shop.shopper, False, shop.at)
    vouchers.block(order_ref=blocked.order_ref, at=shop.at)
    Voucher.objects.filter(public_id=expired.ref).update(valid_until=shop.at + timedelta(minutes=5))
    told = tell(
        shop, [fact(one.qr_text, shop.at + timedelta(minutes=10)) for one in (refunded, blocked, expired)]
    )
    assert said(told) == ["voucher_refunded", "voucher_blocked", "voucher_expired"]
    late = tell(shop, [fact(old.qr_text, shop.at)], at=shop.at + timedelta(days=7, seconds=1))
    assert said(late) == ["offline_too_old"]
    assert Redemption.objects.count() == 0
    assert payable(shop) == 0


def test_terms_are_judged_at_the_moment_of_the_scan(shop: Scene) -> None:
    """The first of June 2026 is a Monday; told on Tuesday, a scan of Monday is one of Monday."""
    promise(shop.offer.public_id, weekdays=frozenset({shop.at.isoweekday()}), at=shop.at)
    first, second = shop.bought(quantity=2)
    tomorrow = shop.at + timedelta(days=1)
    told = tell(shop, [fact(first.qr_text, shop.at), fact(second.qr_text, tomorrow)], at=tomorrow + LATER)
    assert said(told) == ["redeemed", "voucher_terms"]


def test_several_uses_and_more_than_are_left(shop: Scene) -> None:
    promise(shop.offer.public_id, uses=3, at=shop.at)
    (card,) = shop.bought()
    told = tell(shop, [fact(card.qr_text, shop.at, f"scan-{number}", uses=2) for number in range(2)])
    assert said(told) == ["redeemed", "voucher_not_enough"]
    assert Redemption.objects.count() == 2


def test_forged_and_foreign_ones_are_refused_alike_and_counted(shop: Scene, at: datetime) -> None:
    other = scene(at=at)
    (foreign,), (own,) = other.bought(), shop.bought()
    forged = own.qr_text[:-30] + "A" * 30
    told = tell(
        shop,
        [fact(text, at, f"nonce-{text[-4:]}") for text in (foreign.qr_text, forged, own.code, "HUTONG:x")],
    )
    assert {(one.outcome, one.ref, one.reason, one.title, one.at) for one in told} == {
        (ScanOutcome.REFUSED, "", "", "", None)
    }
    assert (OfflineScan.objects.count(), Redemption.objects.count()) == (0, 0)
    assert spent(shop) == [4, 4, 4]


def spent(shop: Scene) -> list[int]:
    keys = [f"voucher:{shop.device.public_id}", f"voucher:{shop.merchant.public_id}", "voucher:at:127.0.0.1"]
    return [number for number, _wait_s in budget.spent(keys, window_s=900, at=shop.at + LATER).values()]


def test_a_voucher_of_another_store_is_a_conflict(shop: Scene) -> None:
    (voucher,) = shop.bought()
    branch = merchants.store(merchant=shop.merchant, name="Branch")
    till = merchants.device(store=branch)
    assert said(tell(shop, [fact(voucher.qr_text, shop.at)], device=till)) == ["voucher_wrong_store"]


def test_one_request_takes_a_hundred(shop: Scene) -> None:
    facts = [fact("HUTONG:x", shop.at, f"nonce-{number}") for number in range(offline_scans.MOST_FACTS + 1)]
    with pytest.raises(offline_scans.TooManyFacts):
        tell(shop, facts)


def test_a_person_decides_with_a_reason(shop: Scene) -> None:
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    (told,) = tell(shop, [fact(voucher.qr_text, shop.at)])
    manager, stores = people.person(), [shop.store.public_id]

    def decide(reason: str, merchant_ref: str) -> None:
        offline.settle_conflict(
            scan_ref=told.ref, borne_by=Bearer.SHOPPER, reason=reason, merchant_ref=merchant_ref, by=manager,
            at=shop.at + LATER,
        )  # fmt: skip

    with pytest.raises(NotFound):
        decide("Hers", scene(at=shop.at).merchant.public_id)
    with pytest.raises(offline.ReasonMissing):
        decide("  ", shop.merchant.public_id)
    before = conflict(told.ref, stores)
    assert before is not None
    assert before.borne_by is Bearer.SHOP
    decide("She came twice", shop.merchant.public_id)
    after = conflict(told.ref, stores)
    assert after is not None
    assert (after.borne_by, after.settled_by, after.settled_reason) == (
        Bearer.SHOPPER, manager.public_id, "She came twice",
    )  # fmt: skip
    (entry,) = audit.search(action="offline_scan.settled").entries
    assert (entry.subject_ref, entry.actor_ref, entry.reason) == (
        told.ref,
        manager.public_id,
        "She came twice",
    )
    assert conflict(told.ref, [merchants.store(merchant=shop.merchant).public_id]) is None


def test_without_a_policy_a_conflict_waits_for_a_person(shop: Scene) -> None:
    owner, ref = people.person(), shop.merchant.public_id
    assert limits_of(ref) == DEFAULT_OFFLINE
    wanted = OfflineLimits(allowed=True, most_hours=2, most_scans=5, most_value_minor=1, borne_by=None)
    offline.set_limits(merchant_ref=ref, limits=wanted, by=owner, at=shop.at)
    assert limits_of(ref) == wanted
    (entry,) = audit.search(action="offline.limits_changed").entries
    assert entry.changes["most_hours"] == [8, 2]
    for wrong in (
        replace(wanted, most_hours=0),
        replace(wanted, most_hours=169),
        replace(wanted, most_scans=0),
        replace(wanted, most_value_minor=0),
    ):
        with pytest.raises(offline.LimitsWrong):
            offline.set_limits(merchant_ref=ref, limits=wrong, by=owner, at=shop.at)
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    (told,) = tell(shop, [fact(voucher.qr_text, shop.at)])
    assert (told.outcome, told.borne_by) == (ScanOutcome.CONFLICT, None)


def test_a_bundle_says_what_is_over_before_its_time(shop: Scene) -> None:
    used, unused, blocked, ended = (shop.bought()[0] for _one in range(4))
    other = scene(at=shop.at)
    other.scan(other.bought()[0].code)
    for one in (used, ended):
        shop.scan(one.code)
    vouchers.block(order_ref=blocked.order_ref, at=shop.at)
    Voucher.objects.filter(public_id=ended.ref).update(valid_until=shop.at + timedelta(minutes=1))
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    with CaptureQueriesContext(connection) as statements:
        bundle = offline_scans.bundle(actor=actor, at=shop.at + LATER)
    assert len(statements) <= 2
    assert bundle.revoked == (revoked_mark(blocked.ref), revoked_mark(used.ref))
    assert revoked_mark(unused.ref) not in bundle.revoked
    assert bundle.revoked_complete
    assert bundle.limits == DEFAULT_OFFLINE
    assert (bundle.merchant_ref, bundle.store_ref) == (shop.merchant.public_id, shop.store.public_id)


def test_a_bundle_names_the_code_that_a_giver_still_has(shop: Scene) -> None:
    given, kept = shop.bought(quantity=2)
    friend, actor = people.person(), redeem.actor_for(device_ref=shop.device.public_id)
    token = vouchers.give(voucher_ref=given.ref, message="", by=shop.shopper, at=shop.at).token
    assert offline_scans.bundle(actor=actor, at=shop.at).revoked == ()
    vouchers.claim(token=token, by=friend, at=shop.at)
    old, theirs = read_qr(given.qr_text), voucher_view(given.ref, friend, at=shop.at)
    assert old is not None
    assert theirs is not None
    with CaptureQueriesContext(connection) as statements:
        bundle = offline_scans.bundle(actor=actor, at=shop.at)
    assert len(statements) <= 2
    assert bundle.revoked == (revoked_mark(old.code),)
    # What the friend shows is good, by its code and by its voucher; so is what was never given.
    for face in (read_qr(theirs.qr_text), read_qr(kept.qr_text)):
        assert face is not None
        assert not {revoked_mark(face.code), revoked_mark(face.voucher_ref)} & set(bundle.revoked)
    shop.scan(theirs.code)
    assert offline_scans.bundle(actor=actor, at=shop.at).revoked == (revoked_mark(given.ref),)


@pytest.mark.parametrize("number", [1, 3])
def test_statements_of_an_upload(shop: Scene, number: int) -> None:
    first, *others = shop.bought(quantity=number + 1)
    tell(shop, [fact(first.qr_text, shop.at)])
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    facts = [fact(one.qr_text, shop.at) for one in others]
    with CaptureQueriesContext(connection) as statements:
        offline_scans.upload(
            facts=facts, device_now=shop.at, actor=actor, address="127.0.0.1", at=shop.at + LATER
        )
    assert len(statements) <= 22 * number, "\n".join(query["sql"][:120] for query in statements)


def closed(shop: Scene, voucher: VoucherView, at: datetime) -> None:
    """The voucher ended an hour after the shop's moment, and the site wrote that down at `at`."""
    Voucher.objects.filter(public_id=voucher.ref).update(valid_until=shop.at + timedelta(hours=1))
    assert expire_orders.expire_vouchers(at=at) == 1


def send_back(voucher: VoucherView, at: datetime) -> None:
    """What is unused goes back by itself, but for the call to the provider."""
    units = [use.unit_ref for use in voucher.uses]
    refund._request(voucher.order_ref, units, refund.EXPIRED, None, False, at)


def test_what_was_scanned_in_time_is_honoured_though_it_was_closed_meanwhile(shop: Scene) -> None:
    promise(shop.offer.public_id, uses=3, at=shop.at)
    (card,) = shop.bought()
    closed(shop, card, shop.at + timedelta(hours=1))
    assert said(tell(shop, [fact(card.qr_text, shop.at)])) == ["redeemed"]
    row = Voucher.objects.get(public_id=card.ref)
    assert (row.state, row.uses_left) == ("expired", 2)
    assert payable(shop) > 0
    # What is left goes back as it was promised, and no more than that.
    send_back(card, shop.at + LATER)
    row.refresh_from_db()
    assert (row.state, row.uses_left) == ("used", 0)
    again = tell(shop, [fact(card.qr_text, shop.at, nonce="one-too-many")])
    assert said(again) == ["offline_ended_meanwhile"]


def test_after_its_end_and_after_its_money_went_back_it_is_a_conflict_that_says_so(shop: Scene) -> None:
    over, gone = (shop.bought()[0] for _one in range(2))
    moment = shop.at + timedelta(hours=1)
    closed(shop, over, moment)
    closed(shop, gone, moment)
    send_back(gone, moment)
    told = tell(
        shop,
        [fact(over.qr_text, moment, nonce="after-its-end"), fact(gone.qr_text, shop.at, nonce="in-its-time")],
    )
    assert said(told) == ["voucher_expired", "offline_ended_meanwhile"]
    assert Voucher.objects.get(public_id=over.ref).state == "expired"
    assert payable(shop) == 0


def test_given_away_meanwhile_has_words_of_its_own(shop: Scene) -> None:
    (voucher,) = shop.bought()
    token = vouchers.give(voucher_ref=voucher.ref, message="", by=shop.shopper, at=shop.at).token
    vouchers.claim(token=token, by=people.person(), at=shop.at)
    assert said(tell(shop, [fact(voucher.qr_text, shop.at)])) == ["offline_given_meanwhile"]


def test_the_books_look_for_what_a_scan_became(shop: Scene) -> None:
    (voucher,) = shop.bought()
    assert said(tell(shop, [fact(voucher.qr_text, shop.at)])) == ["redeemed"]
    assert not [one for one in books.check(at=shop.at).problems if "without a network" in one]
    right = OfflineScan.objects.get().redemption_ref
    OfflineScan.objects.update(redemption_ref="red_none")
    (problem,) = [one for one in books.check(at=shop.at).problems if "without a network" in one]
    assert "red_none" in problem
    OfflineScan.objects.update(redemption_ref=right)
