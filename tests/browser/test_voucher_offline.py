"""Once seen, the wallet and its vouchers are there without a network."""

from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.test_loop import buy, find_a_deal


def test_voucher_shows_without_a_network(arrive: Arrive) -> None:
    shopper = arrive()
    find_a_deal(shopper)
    buy(shopper)
    page = shopper.page
    page.goto("/wallet/")
    page.wait_for_selector("html[data-offline-ready]")
    shopper.lose_network()
    page.goto("/wallet/")
    page.locator("a[href^='/voucher/vch_']").first.click()
    expect(page.locator("svg[role=img], [role=img] svg").first).to_be_visible()
    page.goto("/nearby/")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    page.context.set_offline(False)


def test_camera_refused_leaves_the_typed_code(arrive: Arrive) -> None:
    """Location and camera may be refused; the page says what to do, and the code can be typed."""
    shop = arrive()
    shop.sign_in("+358400000002", to="/merchant/scan/")
    shop.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    shop.page.goto("/merchant/scan/")
    expect(shop.page.locator("qr-scan[error=NotAllowedError]")).to_be_visible()
    expect(shop.page.locator("[data-when~=refused]").first).to_be_visible()
    expect(shop.page.locator("#scan-code")).to_be_visible()
    shop.check_accessible()
