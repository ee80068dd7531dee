"""The scan page: yes and no in words, the nonce, undo, paired phones, statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import refund
from hutong.kernel import clock
from hutong.town.regions.models import Region
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.models import Redemption
from hutong.visit.vouchers.types import VoucherState
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

URL = "/merchant/scan/"


def scan(browser: Client, code: str, nonce: str = "a-nonce-of-the-page", **headers: str) -> Any:
    """Send a code as the page does."""
    return browser.post(URL, {"code": code, "nonce": nonce}, headers=headers)


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def test_yes_without_javascript(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    response = scan(visitor(here.cashier), voucher.code.lower().replace("-", " "))
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" in page
    assert "Valid" in page
    assert "Coffee and cake" in page
    assert "Undo is possible until" in page
    assert here.scene.shopper.public_id not in page
    assert Redemption.objects.count() == 1


def test_htmx_gets_the_part_alone(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    response = scan(visitor(here.cashier), voucher.qr_text, **{"HX-Request": "true"})
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert 'id="answer-headline"' in response.content.decode()


def test_same_nonce_same_answer(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.cashier)
    first, again = scan(browser, voucher.code), scan(browser, voucher.code)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.context["answer"] == again.context["answer"]
    assert Redemption.objects.count() == 1


def test_second_scan_says_when_and_where(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.cashier)
    scan(browser, voucher.code)
    response = scan(browser, voucher.code, nonce="another-nonce")
    wall = clock.local(Redemption.objects.get().at, here.scene.store.region.zone)
    assert response.status_code == 409
    assert f"Used today {wall:%H:%M} at Kahvila." in response.content.decode()


def test_unknown_foreign_and_mistyped_codes(here: Shop) -> None:
    (foreign,) = shop().scene.bought()
    browser = visitor(here.cashier)
    unknown = scan(browser, vouchers.code_of("vch_made_up"))
    other = scan(browser, foreign.code, nonce="another-nonce")
    assert (unknown.status_code, other.status_code) == (404, 404)
    assert unknown.context["answer"] == other.context["answer"]
    mistyped = scan(browser, "2222-2222-2222-2223")
    assert mistyped.status_code == 422
    assert 'value="2222-2222-2222-2223"' in mistyped.content.decode()


def test_refunded_voucher(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    refund._request(voucher.order_ref, None, "", here.scene.shopper, False, here.at)
    response = scan(visitor(here.cashier), voucher.code)
    assert response.status_code == 410
    assert response.context["answer"].headline == "Refunded"


def test_an_empty_code_is_said_at_the_field(here: Shop) -> None:
    response = scan(visitor(here.cashier), " ")
    assert "Type the 16 letters and digits" in response.content.decode()


def test_undo(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.cashier)
    answer = scan(browser, voucher.code).context["answer"]
    response = browser.post(f"/merchant/scan/undo/{answer.undo_ref}/")
    assert "can be used again" in response.content.decode()
    seen = vouchers.voucher_view(voucher.ref, here.scene.shopper, at=clock.now())
    assert seen is not None
    assert seen.state is VoucherState.READY
    assert scan(browser, voucher.code, nonce="another-nonce").context["answer"].tone == "yes"


def test_undo_from_the_day_goes_back_there(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    result = here.scene.scan(voucher.code)
    response = visitor(here.owner).post(
        f"/merchant/scan/undo/{result.redemption_ref}/", {"next": "/merchant/"}, follow=True
    )
    assert response.redirect_chain == [("/merchant/", 302)]
    assert "Undone" in response.content.decode()


def test_undo_is_offered_for_its_window_only(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    result = here.scene.scan(voucher.code)
    # It is noon at the shop, so that a quarter of an hour ago was today.
    Region.objects.update(zone=f"Etc/GMT{here.at.hour - 12:+d}")
    Redemption.objects.update(at=here.at - timedelta(minutes=16))
    page = visitor(here.owner).get("/merchant/").content.decode()
    assert "Coffee and cake" in page
    assert f"/undo/{result.redemption_ref}/" not in page


def test_a_paired_phone_scans_for_everybody(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.owner)
    paired = browser.post("/merchant/desk/pair/", {"name": "Till 2", "sign_out": "on"})
    assert paired.status_code == 302
    assert scan(browser, voucher.code).context["answer"].tone == "yes"
    assert Redemption.objects.get().device is not None
    assert Redemption.objects.get().person is None
    for path in ("/merchant/", "/merchant/customers/", "/merchant/deals/", "/merchant/desk/"):
        assert browser.get(path)["Location"].startswith("/sign-in/")


def test_a_removed_phone_scans_no_more(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    phone = visitor(here.owner)
    phone.post("/merchant/desk/pair/", {"name": "Till 2", "sign_out": "on"})
    ref = phone.session["desk_device"]
    visitor(here.owner).post(f"/merchant/desk/unpair/{ref}/")
    told = phone.get("/merchant/scan/")
    assert told.status_code == 403
    assert "This phone is no scanner any more" in told.content.decode()
    assert scan(phone, voucher.code)["Location"].startswith("/sign-in/")
    assert Redemption.objects.count() == 0


def test_the_chosen_store_is_remembered(here: Shop) -> None:
    second = merchants.store(merchant=here.scene.merchant, name="Second")
    (voucher,) = here.scene.bought()
    browser = visitor(here.owner)
    browser.post("/merchant/desk/choose/", {"store": second.public_id})
    response = scan(browser, voucher.code)
    assert response.status_code == 409
    assert "It is valid at: Kahvila." in response.content.decode()


def test_somebody_elses_store_cannot_be_chosen(here: Shop) -> None:
    other = shop()
    browser = visitor(here.owner)
    response = browser.post("/merchant/desk/choose/", {"store": other.scene.store.public_id})
    assert response.status_code == 404


def test_statements_of_a_scan(here: Shop) -> None:
    """Session, person, budget, desk (3), actor (2) and the deal's contents come on top of the flow's 14."""
    first, second = here.scene.bought(quantity=2)
    browser = visitor(here.cashier)
    scan(browser, first.code)
    with CaptureQueriesContext(connection) as seen:
        assert scan(browser, second.code, nonce="another-nonce").status_code == 200
    assert len(seen) <= 23, "\n".join(query["sql"][:100] for query in seen)


def test_chinese(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.cashier)
    browser.cookies["django_language"] = "zh-hans"
    scan(browser, voucher.code)
    page = scan(browser, voucher.code, nonce="another-nonce").content.decode()
    assert "已使用" in page
    assert "Already" not in page


def test_people_of_several_shops_see_all_their_stores(here: Shop) -> None:
    other = shop()
    merchants.staff(merchant=other.scene.merchant, person=here.cashier)
    page = visitor(here.cashier).get("/merchant/desk/").content.decode()
    assert page.count('name="store"') == 2
    assert visitor(people.person()).get("/merchant/desk/").status_code == 403
