"""The operator's queue by keys and by touch, and acting for a merchant, in both languages at both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from hutong.kernel import audit, clock
from hutong.town.catalog.queries import offer_by_ref, offer_history, pending_offers
from hutong.town.merchants.models import Staff
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor

OPERATOR = "+358400000001"


def chosen(page: Page) -> str:
    """The ref of the item that is open, by its address."""
    return page.url.partition("?")[0].rstrip("/").rpartition("/")[2]


def state_of(ref: str) -> str:
    found = offer_by_ref(ref)
    assert found is not None
    return found.state.value


def open_first_deal(office: Visitor) -> str:
    """Into the tab of the deals, and its first one; the ref."""
    office.page.goto("/operator/queue/?tab=deal")
    link = office.page.locator("[data-queue-link]").first
    ref = str(link.get_attribute("href")).split("/")[3]
    link.click()
    office.page.wait_for_url(f"**/queue/{ref}/**")
    return ref


def in_sight(page: Page, selector: str) -> bool:
    """Whether something lies wholly inside the window, without scrolling."""
    box = page.locator(selector).bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_queue_by_keys(arrive: Arrive, language: str) -> None:
    waiting = [offer.ref for offer in pending_offers()]
    assert len(waiting) >= 3
    office = arrive(language=language, size=DESKTOP)
    office.sign_in(OPERATOR, to="/operator/queue/")
    page = office.page
    first = open_first_deal(office)
    assert first == waiting[0]
    assert in_sight(page, "[data-approve]")
    assert in_sight(page, "[data-refuse]")
    office.check_accessible()
    office.check_fits()

    page.keyboard.press("j")
    page.wait_for_url(f"**/queue/{waiting[1]}/**")
    page.keyboard.press("k")
    page.wait_for_url(f"**/queue/{first}/**")

    page.keyboard.press("?")
    expect(page.locator("#queue-help")).to_be_visible()
    office.check_accessible()
    page.keyboard.press("Escape")
    expect(page.locator("#queue-help")).to_be_hidden()

    page.keyboard.press("a")
    page.wait_for_url(f"**/queue/{waiting[1]}/**")
    expect(page.locator("#toasts > *").first).to_be_visible()
    assert state_of(first) == "live"
    office.check_accessible()
    page.keyboard.press("u")
    page.wait_for_url(f"**/queue/{first}/**")
    expect(page.locator("[data-undo]")).to_have_count(0)
    assert state_of(first) == "submitted"

    page.keyboard.press("2")
    expect(page.locator("#refuse")).to_be_visible()
    ready = page.locator("[data-reason]").input_value()
    assert ready
    office.check_accessible()
    # letters are words in the field, and no keys of the queue
    page.keyboard.press("e")
    page.keyboard.type(" aju")
    page.keyboard.press("Escape")
    expect(page.locator("#refuse")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator("[data-reason]")).to_have_value(f"{ready} aju")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/queue/{waiting[1]}/**")
    assert state_of(first) == "rejected"
    assert offer_history(first)[-1].reason == f"{ready} aju"


def test_keys_can_be_switched_off(arrive: Arrive) -> None:
    office = arrive(size=DESKTOP)
    office.sign_in(OPERATOR, to="/operator/queue/")
    page = office.page
    ref = open_first_deal(office)
    page.locator("[data-help]").click()
    page.locator("[data-keys-on]").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#queue-help")).to_be_hidden()
    page.reload()
    page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page.locator("#refuse")).to_be_hidden()
    assert (chosen(page), state_of(ref)) == (ref, "submitted")
    page.locator("[data-approve]").click()
    page.wait_for_url(lambda url: f"/{ref}/" not in url)
    assert state_of(ref) == "live"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_queue_on_a_phone(arrive: Arrive, language: str) -> None:
    office = arrive(language=language, size=PHONE)
    office.sign_in(OPERATOR, to="/operator/queue/")
    page = office.page
    office.check_accessible()
    office.check_fits()
    ref = open_first_deal(office)
    assert in_sight(page, "[data-approve]")
    assert in_sight(page, "[data-refuse]")
    office.check_accessible()
    office.check_fits()
    page.locator("[data-refuse]").click()
    page.locator("#refuse label:has(input)").nth(1).click()
    office.check_accessible()
    page.locator("#refuse button[value=reject]").click()
    page.wait_for_url(lambda url: f"/{ref}/" not in url)
    assert state_of(ref) == "rejected"
    page.locator("[data-undo]").click()
    page.wait_for_url(f"**/queue/{ref}/**")
    assert state_of(ref) == "submitted"


def test_of_two_operators_the_second_is_told(arrive: Arrive) -> None:
    first, second = arrive(size=DESKTOP), arrive(size=DESKTOP)
    for office in (first, second):
        office.sign_in(OPERATOR, to="/operator/queue/")
    ref = open_first_deal(first)
    assert open_first_deal(second) == ref
    first.page.keyboard.press("a")
    first.page.wait_for_url(lambda url: f"/{ref}/" not in url)
    with second.page.expect_response(lambda response: response.status == 409):
        second.page.keyboard.press("a")
    expect(second.page.locator("[role=alert]")).to_be_visible()
    second.check_accessible()
    # the browser itself says that an answer was no success; that is what was wanted here
    assert [error for error in second.errors if "409" not in error] == []
    second.errors.clear()


@pytest.mark.parametrize(("language", "size"), [("en", DESKTOP), ("zh-hans", PHONE)])
def test_acting_for_a_merchant(arrive: Arrive, language: str, size: tuple[int, int]) -> None:
    since = clock.now()
    merchant = Staff.objects.filter(role="owner", merchant__state="approved").order_by("pk")[0].merchant
    office = arrive(language=language, size=size)
    office.sign_in(OPERATOR, to="/operator/merchants/")
    page = office.page
    office.check_accessible()
    office.check_fits()
    page.goto(f"/operator/merchants/{merchant.public_id}/")
    office.check_accessible()
    office.check_fits()
    page.locator("a[href$='/act/']").click()
    page.locator("textarea[name=reason]").fill("They asked by phone")
    office.check_accessible()
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/merchant/")
    for path in ("/merchant/deals/", "/merchant/audit/"):
        page.goto(path)
        expect(page.locator(".acting-bar")).to_be_visible()
        office.check_accessible()
        office.check_fits()
    page.locator(".acting-bar button").click()
    page.wait_for_url(f"**/operator/merchants/{merchant.public_id}/")
    actions = [entry.action for entry in audit.search(merchant=merchant.public_id, since=since).entries]
    assert actions == ["acting.stopped", "acting.started"]
