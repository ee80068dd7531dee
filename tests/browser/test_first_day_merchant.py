"""A merchant's first day on a phone: from “Sell with us” to the first deal sold and enjoyed, as people go through it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hutong.flows import approve
from hutong.flows.import_osm.categories import category_specs
from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.town.merchants.models import Merchant, Staff, Store
from hutong.town.merchants.services import store_categories
from hutong.town.merchants.types import MerchantState, Role
from hutong.town.people.queries import messages
from tests.browser.conftest import Arrive, Visitor
from tests.factories import people, pictures, regions
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

OWNER, CASHIER, SHOPPER = "+358407770001", "+358407770003", "+358407770004"


@pytest.fixture
def city(site: Site, request: pytest.FixtureRequest) -> Site:
    """A town without a shop: the whole demo city is not needed here, and takes its time."""
    regions.region(slug="helsinki")
    store_categories(category_specs())
    request.getfixturevalue("worker")
    return site


def read(visitor: Visitor) -> None:
    """The page as it is: nothing sticks out, no fault for those who do not see it."""
    visitor.check_fits()
    visitor.check_accessible()


def sign_up(owner: Visitor) -> None:
    """From “Me”, where somebody without an account looks, to a shop of one's own."""
    page = owner.page
    page.goto("/me/")
    page.get_by_role("link", name="Sell with us").locator("visible=true").click()
    page.locator("main input[name=q]").fill("Noodle House")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("We know no shop “Noodle House” here")).to_be_visible()
    read(owner)
    page.get_by_role("link", name="Add it").click()
    owner.enter_phone_and_code(OWNER)
    page.wait_for_url("**/join/new/**")
    expect(page.get_by_label("Name in English")).to_have_value("Noodle House")
    page.get_by_label("Category").select_option("asian")
    page.get_by_label("Phone of the shop").fill("040 777 0002")
    page.get_by_label("Street and number").fill("Vilhonkatu 44")
    drag_the_map(owner)
    read(owner)
    page.get_by_role("button", name="Add the shop").click()
    page.wait_for_url("**/merchant/")


def drag_the_map(owner: Visitor) -> None:
    """The pin stands in the middle, so the map is pulled until the door is under it."""
    page = owner.page
    shown = page.locator("hutong-map[ready]")
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    assert box is not None
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(across, down)
    page.mouse.down()
    page.mouse.move(across - 60, down - 40, steps=5)
    page.mouse.up()
    expect(page.locator("#id_lat")).not_to_have_value("")
    assert 60.16 < float(page.locator("#id_lat").input_value()) < 60.18


def fill_in(owner: Visitor) -> None:
    """What the checklist asks for, by its own links, and back to it."""
    page = owner.page
    expect(page.get_by_text("2 of 6")).to_be_visible()
    read(owner)
    page.locator("a[href='/merchant/company/']").first.click()
    page.get_by_label("Name of the company").fill("Noodle House Oy")
    page.get_by_label("Business ID").fill("1234567-8")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/merchant/")
    page.locator("main a[href='/merchant/hours/']").click()
    page.locator("[name=d0_mode]").select_option("hours")
    page.locator("[name=d0_0_from]").fill("11:00")
    page.locator("[name=d0_0_to]").fill("21:30")
    page.get_by_role("button", name="Copy to every day").click()
    expect(page.locator("[name=d6_0_to]")).to_have_value("21:30")
    page.get_by_role("button", name="Add an exception").click()
    page.locator("[name=x0_first]").fill("2027-12-24")
    page.locator("[name=x0_last]").fill("2027-12-26")
    page.get_by_role("button", name="Save the hours").click()
    page.wait_for_url("**/hours/?saved=1")
    read(owner)
    assert Store.objects.get().opening_hours == "Mo-Su 11:00-21:30; 2027 Dec 24-Dec 26 off"
    page.get_by_role("link", name="Back to the checklist").click()
    expect(page.get_by_text("5 of 6")).to_be_visible()


def add_a_picture(owner: Visitor, folder: Path) -> None:
    """A photo from the phone, which the preview shows at once and shoppers only after approval."""
    page = owner.page
    photo = folder / "noodles.jpg"
    photo.write_bytes(pictures.upload())
    page.goto("/merchant/store/")
    page.get_by_role("link", name="Add pictures").click()
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.get_by_text("Cover", exact=True)).to_be_visible()
    read(owner)
    page.goto("/merchant/store/preview/")
    expect(page.locator("main img[src*='/media/']").first).to_be_visible()
    expect(page.get_by_text("Nobody has claimed")).to_have_count(0)


def make_a_deal(owner: Visitor) -> str:
    """The first deal from a template, handed in; its ref."""
    page = owner.page
    page.goto("/merchant/")
    page.get_by_role("link", name="Make it").click()
    page.get_by_role("button", name="Noodle set for two").click()
    page.wait_for_url("**/what/")
    for place, amount in enumerate(("12.50", "6", "3,20")):
        page.locator(f"[name='p{place}-value'], #row-{place} input[inputmode=decimal]").first.fill(amount)
    page.get_by_role("button", name="Next").last.click()
    page.wait_for_url("**/price/")
    expect(page.get_by_label("Usual price")).to_have_value("37.40")
    page.get_by_label("Price of the deal").fill("24.90")
    page.get_by_label("How many in all").fill("100")
    expect(page.locator("#deal-money")).to_contain_text("You get")
    read(owner)
    page.get_by_role("button", name="Next").last.click()
    page.wait_for_url("**/terms/")
    page.get_by_role("button", name="Next").last.click()
    page.wait_for_url("**/look/")
    read(owner)
    page.get_by_role("button", name="Hand in").click()
    page.wait_for_url("**/deals/off_*/")
    offer_ref = page.url.rstrip("/").rpartition("/")[2]
    page.goto("/merchant/")
    expect(page.get_by_text("Everything that is needed is there")).to_be_visible()
    read(owner)
    return offer_ref


def join_the_team(owner: Visitor, cashier: Visitor) -> None:
    """An invitation by text message, taken on another phone by somebody who is new here."""
    owner.page.goto("/merchant/team/")
    owner.page.get_by_label("Phone or e-mail").fill(CASHIER)
    owner.page.get_by_role("button", name="Invite").click()
    owner.page.wait_for_url("**/invitations/**")
    read(owner)
    (link,) = re.findall(r"http\S+/invited/\S+", messages(1, to=CASHIER)[0].body)
    page = cashier.page
    page.goto(link)
    page.get_by_role("link", name="Sign in and join").click()
    cashier.enter_phone_and_code(CASHIER)
    page.get_by_label("Your name").fill("Kaisa")
    read(cashier)
    page.get_by_role("button", name="Join the team").click()
    page.wait_for_url("**/merchant/")
    page.goto("/merchant/scan/")
    expect(page.get_by_text("The shop still waits for its approval.")).to_be_visible()
    read(cashier)
    assert Staff.objects.get(person__phone=CASHIER).role == Role.CASHIER.value


def approve_all(offer_ref: str) -> None:
    """The platform's word on the shop and on the deal."""
    merchant, operator = Merchant.objects.get(), people.operator()
    assert merchant.state == MerchantState.APPLIED.value
    for ref in (merchant.public_id, offer_ref):
        approve.decide(ref=ref, approve=True, by=operator, at=clock.now())


def buy(shopper: Visitor) -> str:
    """Found by a part of the shop's name, paid, and ready to show; the code that is typed."""
    page = shopper.page
    page.goto("/nearby/?q=noodle+ho")
    page.get_by_role("link", name="Noodle House").first.click()
    expect(page.locator("main img[src*='/media/']").first).to_be_visible()
    page.locator("a[href^='/deal/']").first.click()
    page.locator("a[href$='/buy/']").click()
    shopper.enter_phone_and_code(SHOPPER)
    page.locator("#checkout button.btn-primary[type=submit], #checkout .buy-bar button").first.click()
    page.wait_for_url("**/pay/*", wait_until="load")
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/pay/ord_*/return/")
    expect(page.locator("[data-settled] h1")).to_be_visible()
    page.locator("a[href^='/voucher/vch_']").first.click()
    expect(page.locator("[data-state=ready]")).to_be_visible()
    code = re.search(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", page.locator("main").inner_text())
    assert code is not None
    return code[0]


def test_from_signing_up_to_the_first_deal_sold(arrive: Arrive, city: Site, tmp_path: Path) -> None:
    owner, cashier, shopper = arrive(), arrive(), arrive()
    sign_up(owner)
    fill_in(owner)
    add_a_picture(owner, tmp_path)
    offer_ref = make_a_deal(owner)
    join_the_team(owner, cashier)
    store_ref = Store.objects.get().public_id
    shopper.page.goto(f"/store/{store_ref}/")
    expect(shopper.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert [error for error in shopper.errors if "404" not in error] == []
    shopper.errors.clear()

    approve_all(offer_ref)
    owner.page.goto("/merchant/")
    expect(owner.page.get_by_role("link", name="Scan a voucher").first).to_be_visible()
    # The search follows as soon as the worker has been there.
    expect_found(shopper)
    code = buy(shopper)

    cashier.page.goto("/merchant/scan/")
    cashier.page.locator("input[name=code]").fill(code)
    cashier.page.get_by_role("button", name="Redeem").click()
    expect(cashier.page.locator("#answer-headline")).to_be_visible()
    read(cashier)
    assert scalar("SELECT count(*) FROM vouchers_redemption") == 1
    # Both pages follow by themselves: nothing was touched there.
    expect(shopper.page.locator("[data-state=used]")).to_be_visible()
    expect(owner.page.locator("#today")).to_contain_text("Kaisa")
    expect(owner.page.locator("#today")).to_contain_text("€22.41")
    read(owner)


def expect_found(shopper: Visitor) -> None:
    """The shop with its deal stands in the search."""
    wait_until(lambda: scalar("SELECT count(*) FROM search_searchdeal"), timeout_s=30)
    shopper.page.goto("/nearby/?q=noodle+ho")
    expect(shopper.page.get_by_role("link", name="Noodle House").first).to_be_visible()
    read(shopper)
