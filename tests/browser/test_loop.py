"""The whole loop on a phone, as people go through it: found, paid, scanned by a camera, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from hutong.kernel.rows import row, scalar
from hutong.town.merchants.models import Staff
from tests.browser.conftest import Arrive, Visitor
from tests.browser.fake_camera import camera_before

SHOPPER = "+358405550123"


def find_a_deal(shopper: Visitor) -> None:
    """From the home page, by part of a name, to a deal's page."""
    page = shopper.page
    page.goto("/")
    shopper.check_accessible()
    shopper.check_fits()
    page.locator("a[href^='/deal/']").first.click()
    page.wait_for_url("**/deal/off_*/")
    shopper.check_accessible()
    shopper.check_fits()


def buy(shopper: Visitor) -> None:
    """Sign in on the way, agree to be remembered, pay at the sandbox, and come back."""
    page = shopper.page
    page.locator("a[href$='/buy/']").click()
    shopper.check_accessible()
    shopper.enter_phone_and_code(SHOPPER)
    page.wait_for_url("**/buy/**")
    shopper.check_accessible()
    shopper.check_fits()
    page.locator("input[name=remember]").check()
    page.locator("#checkout button.btn-primary[type=submit], #checkout .buy-bar button").first.click()
    page.wait_for_url("**/pay/*", wait_until="load")
    shopper.check_accessible()
    shopper.check_fits()
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/pay/ord_*/return/")
    expect(page.locator("[data-settled] h1")).to_be_visible()
    shopper.check_accessible()


# Some phones have the browser's own reader of codes, which says only in use that it cannot read any.
NOTHING_BEHIND_IT = """globalThis.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { throw new DOMException("Barcode detection service unavailable.", "NotSupportedError"); }
};"""


def open_voucher(shopper: Visitor) -> str:
    """The voucher's page, with its QR in sight; the voucher's ref."""
    shopper.page.locator("a[href^='/voucher/vch_']").first.click()
    shopper.page.wait_for_url("**/voucher/vch_*/")
    expect(shopper.page.locator("[data-state=ready]")).to_be_visible()
    expect(shopper.page.locator("svg[role=img], [role=img] svg").first).to_be_visible()
    shopper.check_accessible()
    shopper.check_fits()
    return shopper.page.url.rstrip("/").rpartition("/")[2]


def owner_phone(voucher_ref: str) -> str:
    """The phone of an owner of the merchant whose voucher it is."""
    found = row("SELECT merchant_id FROM vouchers_voucher WHERE public_id = %s", [voucher_ref])
    assert found is not None
    staff = Staff.objects.select_related("person").get(merchant_id=found["merchant_id"], role="owner")
    assert staff.person.phone is not None
    return staff.person.phone


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_loop(arrive: Arrive, playwright_session: Playwright, tmp_path: Path, language: str) -> None:
    from hutong.kernel import clock
    from hutong.town.people.models import Person
    from hutong.visit.vouchers import queries as vouchers

    shopper = arrive(language=language)
    find_a_deal(shopper)
    buy(shopper)
    voucher_ref = open_voucher(shopper)

    voucher = vouchers.voucher_view(voucher_ref, Person.objects.get(phone=SHOPPER), at=clock.now())
    assert voucher is not None
    with camera_before(voucher.qr_text, playwright_session, tmp_path) as camera:
        shop = arrive(language=language, camera=camera)
        if language != "en":
            shop.page.add_init_script(NOTHING_BEHIND_IT)
        shop.sign_in(owner_phone(voucher_ref), to="/merchant/scan/")
        expect(shop.page.locator("#answer-headline")).to_be_visible()
        assert scalar("SELECT count(*) FROM vouchers_redemption") == 1
        shop.check_accessible()
        shop.check_fits()

        # The shopper's page turns by itself: nothing was clicked there.
        expect(shopper.page.locator("[data-state=used]")).to_be_visible()
        shopper.check_accessible()

        shop.page.goto("/merchant/")
        shop.check_accessible()
        shop.page.goto("/merchant/customers/")
        expect(shop.page.locator("a[href^='/merchant/customers/cus_']").first).to_be_visible()
        shop.check_accessible()
        shop.page.locator("a[href^='/merchant/customers/cus_']").first.click()
        expect(shop.page.locator("body")).to_contain_text("•••")
        shop.check_accessible()
        shop.page.context.close()
