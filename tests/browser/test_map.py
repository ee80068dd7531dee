"""The map as people use it: from clusters to pins, to a card, to the list and back; by touch and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Arrive

KINDS = {"cluster": ".pin-many, .pin-more", "pin": ".pin[aria-pressed]"}


def settled(page: Page) -> None:
    """The pins of what is seen are drawn, and the map stands still."""
    expect(page.locator("hutong-map[idle]:not([aria-busy])")).to_be_visible(timeout=40_000)
    expect(page.locator("hutong-map .pin").first).to_be_visible()


def come_closer(page: Page) -> None:
    """Open clusters until there is a shop with a price of its own."""
    for _step in range(8):
        settled(page)
        if page.locator(KINDS["pin"]).count() > 2:
            return
        before = page.locator("hutong-map").get_attribute("pins")
        page.locator(KINDS["cluster"]).first.press("Enter")
        expect(page.locator("hutong-map")).not_to_have_attribute("pins", before or "")
    raise AssertionError("no shop came out of the clusters")


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "zh-hans", "light"), (DESKTOP, "en", "dark")],
    ids=["phone", "desktop"],
)
def test_from_clusters_to_a_shop_to_the_list_and_back(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto("/map/?category=food&zoom=12")
    settled(page)
    assert page.locator(KINDS["cluster"]).count() > 1
    visitor.check_accessible()
    visitor.check_fits()
    come_closer(page)

    # Arrows go from pin to pin; one of them is enough for the tabulator.
    assert page.locator("hutong-map .pin[tabindex='0']").count() == 1
    first = page.locator("hutong-map .pin[tabindex='0']")
    first.focus()
    name = first.get_attribute("aria-label")
    walked = False
    for key in ("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
        walked = walked or page.locator(".pin:focus").get_attribute("aria-label") != name
    assert walked

    # The card by keyboard, and back to the pin it is of.
    pin = page.locator(KINDS["pin"]).first
    shop = str(pin.get_attribute("aria-label"))
    page.get_by_label(shop, exact=True).first.press("Enter")  # others may come before it meanwhile
    card = page.locator("#sheet article")
    expect(card.locator("h2 a")).to_be_focused()
    assert shop.startswith(str(card.locator("h2").inner_text()))
    assert card.locator("a[href$='/directions/']").count() == 1
    visitor.check_accessible()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(page.locator(".pin:focus")).to_have_attribute("aria-label", shop)

    # The list has the place and the filters, and back leads to the same part of the map.
    if size == DESKTOP:
        expect(page.locator("#map-list a[href*='/store/']").first).to_be_visible()
        page.mouse.move(900, 500)
        page.mouse.down()
        page.mouse.move(860, 520, steps=4)
        page.mouse.up()
        settled(page)
        with page.expect_response(lambda answer: "box=" in answer.url):
            page.locator("[data-search-area]").click()
        expect(page.locator("#map-list a[href*='/store/']").first).to_be_visible()
        expect(page.locator("[data-search-area]")).to_be_hidden()
    else:
        settled(page)
        page.locator("a[data-list]").click()
        page.wait_for_url(lambda url: "/nearby/" in url)
        assert "category=food" in page.url
        expect(page.locator("a[href*='/store/']").first).to_be_visible()
        page.go_back()
        settled(page)
        assert "/map/" in page.url
        assert "category=food" in page.url
    assert all(host.startswith("127.0.0.1") or not host for host in hosts), hosts
