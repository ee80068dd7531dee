"""Around scanning without a network: what the page is given and tells, conflicts, limits, who may."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from hutong.kernel import audit, clock
from hutong.town.merchants.types import Role
from hutong.visit.vouchers.models import OfflineScan, Redemption, Voucher
from hutong.visit.vouchers.queries.offline import conflicts_in, limits_of
from hutong.visit.vouchers.types.offline import Bearer
from tests.factories import merchants, people, vouchers
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

BUNDLE, TELL, CONFLICTS = "/merchant/scan/bundle/", "/merchant/scan/tell/", "/merchant/scan/conflicts/"
LIMITS = "/merchant/scan/limits/"


@pytest.fixture
def here() -> Shop:
    return shop()


def tell(browser: Client, *qrs: str, at: datetime | None = None, **more: Any) -> Any:
    """Tell scans as the page does."""
    now = (at or clock.now()).isoformat()
    scans = [{"nonce": f"page-nonce-{number}", "qr": qr, "scanned_at": now} for number, qr in enumerate(qrs)]
    body = {"now": now, "store": "", "scans": scans, **more}
    return browser.post(TELL, json.dumps(body), content_type="application/json")


def test_the_page_is_given_what_it_needs(here: Shop) -> None:
    used, _unused = here.scene.bought(quantity=2)
    here.scene.scan(used.code)
    browser = visitor(here.cashier)
    answer = browser.get(BUNDLE)
    made = answer.json()
    assert (made["merchant"], made["store"]) == (here.scene.merchant.public_id, here.scene.store.public_id)
    assert made["limits"] == {"allowed": True, "most_hours": 8, "most_scans": 50, "most_value_minor": 50_000}
    assert len(made["revoked"]) == 1
    assert [key["number"] for key in made["keys"]] == [1]
    assert "no-store" in answer["Cache-Control"]
    assert here.scene.shopper.public_id not in answer.content.decode()
    page = browser.get("/merchant/scan/").content.decode()
    assert "<offline-scan" in page
    assert 'href="/merchant/scan/app.webmanifest"' in page
    assert browser.get("/merchant/scan/app.webmanifest").json()["start_url"] == "/merchant/scan/"


def test_as_many_uses_as_were_served_are_told_and_an_older_page_means_one(here: Shop) -> None:
    vouchers.promise(here.scene.offer.public_id, uses=5, at=here.at)
    (card,) = here.scene.bought()
    browser, now = visitor(here.cashier), clock.now().isoformat()
    three: dict[str, Any] = {"nonce": "three-at-once", "qr": card.qr_text, "scanned_at": now, "uses": 3}
    one = {"nonce": "an-older-page", "qr": card.qr_text, "scanned_at": now}
    told = tell(browser, scans=[three, one]).json()["scans"]
    assert [each["outcome"] for each in told] == ["redeemed", "redeemed"]
    assert Voucher.objects.get().uses_left == 1
    for wrong in (0, 101, -1, "3", 1.5, True, None):
        assert tell(browser, scans=[three | {"uses": wrong}]).status_code == 422
    (late,) = tell(browser, scans=[three | {"nonce": "three-again"}]).json()["scans"]
    assert (late["outcome"], late["reason"]) == ("conflict", "voucher_not_enough")


def test_what_waited_is_told_and_told_again(here: Shop) -> None:
    first, second = here.scene.bought(quantity=2)
    here.scene.scan(second.code)
    browser = visitor(here.cashier)
    for _time in range(2):
        told = tell(browser, first.qr_text, second.qr_text, "HUTONG:forged").json()["scans"]
        assert [one["outcome"] for one in told] == ["redeemed", "conflict", "refused"]
        assert told[1]["reason"] == "voucher_already_used"
    assert Redemption.objects.count() == 2
    assert OfflineScan.objects.filter(person=here.cashier).count() == 2


def test_a_scan_whose_answer_was_lost_is_no_conflict(here: Shop) -> None:
    """The site redeemed it, the answer did not arrive, and the page tells the same nonce as a scan of its own."""
    (voucher,) = here.scene.bought()
    browser = visitor(here.cashier)
    asked = {"code": voucher.qr_text, "nonce": "page-nonce-0"}
    assert browser.post("/merchant/scan/", asked).context["answer"].tone == "yes"
    assert tell(browser, voucher.qr_text).json()["scans"][0]["outcome"] == "redeemed"
    assert Redemption.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"now": 1}', '{"now": "2026-06-01T09:00:00", "scans": []}', '{"scans": [{}], "now": "x"}',
     json.dumps({"now": "2026-06-01T09:00:00Z", "scans": [{"nonce": 1, "qr": "x", "scanned_at": "2026-06-01T09:00Z"}]}),
     json.dumps({"now": "0001-01-01T00:00:00Z", "scans": []}), "[" * 5000],
)  # fmt: skip
def test_what_has_no_shape_is_refused(here: Shop, body: str) -> None:
    answer = visitor(here.cashier).post(TELL, body, content_type="application/json")
    assert answer.status_code == 422
    assert not OfflineScan.objects.exists()


def test_nobody_tells_for_another_store(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    stranger = shop()
    answer = tell(visitor(stranger.owner), voucher.qr_text, store=here.scene.store.public_id)
    assert answer.status_code == 403
    assert tell(visitor(stranger.owner), voucher.qr_text).json()["scans"][0]["outcome"] == "refused"
    assert tell(visitor(people.person()), voucher.qr_text).status_code == 403
    assert not OfflineScan.objects.exists()


def test_a_manager_decides_and_a_cashier_reads(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    here.scene.scan(voucher.code)
    tell(visitor(here.cashier), voucher.qr_text)
    ref = OfflineScan.objects.get().public_id
    for who, decides in ((here.owner, True), (here.cashier, False)):
        page = visitor(who).get(CONFLICTS).content.decode()
        assert "It was used somewhere else before this scan arrived." in page
        assert "The shop bears it" in page
        assert (f"{CONFLICTS}{ref}/" in page) is decides
    decision = {"borne_by": "shopper", "reason": "She came twice"}
    assert visitor(here.cashier).post(f"{CONFLICTS}{ref}/", decision).status_code == 403
    assert visitor(shop().owner).post(f"{CONFLICTS}{ref}/", decision).status_code == 404
    assert visitor(here.owner).post(f"{CONFLICTS}{ref}/", {**decision, "reason": " "}).status_code == 422
    assert conflicts_in([here.scene.store.public_id])[0].borne_by is Bearer.SHOP
    assert visitor(here.owner).post(f"{CONFLICTS}{ref}/", decision).status_code == 302
    (line,) = conflicts_in([here.scene.store.public_id])
    assert (line.borne_by, line.settled_reason) == (Bearer.SHOPPER, "She came twice")
    (entry,) = audit.search(action="offline_scan.settled").entries
    assert (entry.subject_ref, entry.actor_ref) == (ref, here.owner.public_id)


def test_limits_are_set_by_who_manages_the_whole_shop(here: Shop) -> None:
    wanted = {"allowed": "on", "most_hours": "2", "most_scans": "5", "most_value": "99.50", "borne_by": ""}
    second = merchants.store(merchant=here.scene.merchant, name="Second")
    of_one = people.person()
    merchants.staff(merchant=here.scene.merchant, person=of_one, role=Role.MANAGER, store=second)
    for other in (here.cashier, of_one):
        assert visitor(other).post(LIMITS, wanted).status_code == 403
    owner, ref = visitor(here.owner), here.scene.merchant.public_id
    assert owner.post(LIMITS, {**wanted, "most_hours": "0"}).status_code == 422
    assert not audit.search(action="offline.limits_changed").entries
    assert owner.post(LIMITS, wanted).status_code == 302
    limits = limits_of(ref)
    assert (limits.most_hours, limits.most_scans, limits.most_value_minor, limits.borne_by) == (
        2,
        5,
        9950,
        None,
    )
    assert owner.get(BUNDLE).json()["limits"]["most_hours"] == 2
    assert owner.post(LIMITS, {**wanted, "allowed": ""}).status_code == 302
    assert not limits_of(ref).allowed


def test_the_clock_of_a_phone_is_corrected(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    answer = tell(visitor(here.cashier), voucher.qr_text, at=clock.now() - timedelta(hours=1)).json()
    assert abs(answer["clock_off_s"] - 3600) < 60
    assert abs(OfflineScan.objects.get().scanned_at - clock.now()) < timedelta(minutes=1)
