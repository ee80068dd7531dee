"""A card of ten uses from beginning to end, on a phone: made, approved, bought, used in part, refunded in part."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from hutong.pay.orders.models import Unit
from hutong.town.catalog.models import Offer
from hutong.visit.vouchers.models import Voucher
from hutong.visit.vouchers.queries import code_of
from tests.browser.conftest import PHONE, Arrive, Visitor
from tests.browser.test_voucher_kinds import OPERATOR, OWNER, checked, show
from tests.fakes.sandbox import wait_until

SHOPPER = "+358405550188"
TITLE = "Ten coffees"


def make(owner: Visitor) -> Offer:
    """Hand a card of ten uses in, step by step; it is cheap, and its usual price is not."""
    owner.sign_in(OWNER, to="/merchant/deals/new/")
    page = owner.page
    page.locator("button[name=template]").first.click()
    page.wait_for_url("**/what/")
    page.fill("#id_title_en", TITLE)
    page.fill("#id_title_zh", "十杯咖啡")
    checked(owner)
    page.locator("button.btn[name=go][value=next]").click()
    page.wait_for_url("**/price/")
    page.fill("#id_list_price", "300")
    page.fill("#id_price", "40")
    expect(page.locator("#deal-money")).to_contain_text("40.00")
    page.locator("button.btn[name=go][value=next]").click()
    page.wait_for_url("**/terms/")
    page.fill("#id_uses", "10")
    checked(owner)
    page.locator("button.btn[name=go][value=back]").click()
    page.wait_for_url("**/price/")
    # Now it is a card, and its market is asked by the use.
    expect(page.locator("#market-title")).to_be_visible()
    checked(owner)
    page.goto(page.url.replace("/price/", "/look/"))
    checked(owner)
    page.locator("button.btn[name=go][value=submit]").click()
    page.wait_for_url(re.compile(r"/merchant/deals/off_\w+/$"))
    checked(owner)
    return Offer.objects.get(public_id=page.url.rstrip("/").rpartition("/")[2])


def approve(office: Visitor, offer: Offer) -> None:
    """The operator reads it beside its market, and says yes."""
    office.sign_in(OPERATOR, to=f"/operator/queue/{offer.public_id}/")
    expect(office.page.locator("#market-title")).to_be_visible()
    checked(office)
    office.page.locator("button[data-approve]").click()
    # The next that waits opens.
    office.page.wait_for_url(lambda url: offer.public_id not in url)
    offer.refresh_from_db()
    assert offer.state == "live"


def buy(shopper: Visitor, offer: Offer) -> Voucher:
    """Pay at the sandbox; the voucher."""
    page = shopper.page
    page.goto(f"/deal/{offer.public_id}/")
    checked(shopper)
    page.locator("a[href$='/buy/']").click()
    shopper.enter_phone_and_code(SHOPPER)
    page.wait_for_url("**/buy/**")
    checked(shopper)
    page.locator("#checkout button.btn-primary[type=submit], #checkout .buy-bar button").first.click()
    page.wait_for_url("**/pay/*", wait_until="load")
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/pay/ord_*/return/")
    expect(page.locator("[data-settled] h1")).to_be_visible()
    return Voucher.objects.get(offer_ref=offer.public_id)


def states(voucher: Voucher) -> list[str]:
    """What became of the units, in the order they were sold."""
    found = Unit.objects.filter(order__public_id=voucher.order_ref).order_by("pk")
    return list(found.values_list("state", flat=True))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_card_of_ten_from_its_making_to_its_refund(arrive: Arrive, language: str) -> None:
    owner, office, shopper = (arrive(size=PHONE, language=language) for _each in range(3))
    offer = make(owner)
    approve(office, offer)
    voucher = buy(shopper, offer)
    assert (voucher.kind, voucher.uses_left) == ("card", 10)

    show(owner, code_of(voucher.public_id))
    for _more in range(2):
        owner.page.locator("quantity-stepper button[data-step='1']").click()
    owner.page.locator("#scan-area form button[type=submit]").click()
    expect(owner.page.locator("#answer-headline")).to_be_visible()
    checked(owner)
    owner.page.goto("/merchant/vouchers/")
    expect(owner.page.locator("#owed-title")).to_be_attached()
    checked(owner)

    page = shopper.page
    page.goto(f"/voucher/{voucher.public_id}/")
    expect(page.locator("a[href^='/used/']")).to_have_count(3)
    checked(shopper)
    page.goto(f"/orders/{voucher.order_ref}/")
    boxes = page.locator("input[name=unit]")
    expect(boxes).to_have_count(7)
    for number in range(4):
        boxes.nth(number).check()
    checked(shopper)
    page.locator("form[action$='/refund/'] button[type=submit]").click()
    page.wait_for_url("**/refund/?*")
    expect(page.locator("main")).to_contain_text("€16.00")
    checked(shopper)
    page.locator("form[action$='/refund/'] button[type=submit]").click()
    page.wait_for_url(f"**/orders/{voucher.order_ref}/")
    wait_until(lambda: states(voucher).count("refunded") == 4)
    assert sorted(states(voucher)) == ["refunded"] * 4 + ["sold"] * 3 + ["used"] * 3
    checked(shopper)
    voucher.refresh_from_db()
    assert (voucher.state, voucher.uses_left) == ("ready", 3)
    page.goto(f"/voucher/{voucher.public_id}/")
    expect(page.locator("[data-state=ready]")).to_be_visible()
    checked(shopper)
