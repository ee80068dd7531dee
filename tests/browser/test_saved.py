"""Saved shops, lists and links, what was seen, and the home page that comes back to its spot."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Arrive

SHOPPER = "+358400000004"


def store_links(page: Page) -> list[str]:
    """The shops on a page, in their order."""
    found = page.locator("article a[href^='/store/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
def test_saved_with_a_note_shared_removed_and_had_back(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    me, friend = arrive(size=size, language=language, scheme=scheme), arrive(language=language)
    page = me.page
    page.goto("/nearby/")
    shops = store_links(page)[:2]
    ref = shops[0].strip("/").split("/")[-1]
    page.locator(f"#heart-{ref}").click()  # signed out: it asks to sign in, and then it is saved
    page.wait_for_url("**/sign-in/**")
    me.enter_phone_and_code(SHOPPER)
    expect(page.locator(f"#heart-{ref}")).to_have_attribute("aria-pressed", "true")
    page.goto(shops[1])
    heart = page.locator(".heart-big button")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(heart).to_be_focused()
    me.check_accessible()
    page.goto("/me/saved/")
    assert store_links(page) == [shops[1], shops[0]]
    page.locator("details summary").first.click()
    page.locator("textarea").first.fill("Window seat")
    me.check_accessible()
    me.check_fits()
    page.locator("button[value=note]").first.click()
    expect(page.locator("main")).to_contain_text("Window seat")
    page.locator("input[name=notes]").check()
    page.locator("button[value=on]").click()
    link = page.locator("#share a").get_attribute("href")
    assert link
    friend.page.goto(link)
    expect(friend.page.locator("main")).to_contain_text("Window seat")
    assert store_links(friend.page) == [shops[1], shops[0]]
    friend.check_accessible()
    friend.check_fits()
    page.locator("button[value=remove]").first.click()
    expect(page.locator("[role=status].notice")).to_be_visible()
    assert store_links(page) == [shops[0]]
    me.check_accessible()
    me.check_fits()
    page.locator("button[value=restore]").click()
    expect(page.locator("article a[href^='/store/']")).to_have_count(2)
    assert store_links(page) == [shops[1], shops[0]]
    page.locator("button[value=off]").click()
    expect(page.locator("button[value=on]")).to_be_visible()
    assert page.request.get(link).status == 404


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "zh-hans", "dark"), (DESKTOP, "en", "light")],
    ids=["phone", "desktop"],
)
def test_home_remembers_what_was_seen_and_its_spot(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    page.goto("/nearby/?category=cafe")
    seen = store_links(page)[:3]
    for one in seen:
        page.goto(one)
    page.goto("/")
    shelf = page.locator(".shelf a")
    assert shelf.evaluate_all("all => all.map(a => a.getAttribute('href'))") == seen[::-1]
    visitor.check_accessible()
    visitor.check_fits()
    # further down the list grows; whoever opens a shop there and goes back stands at the same one
    page.locator("#more-shops").scroll_into_view_if_needed()
    page.wait_for_url("**/?feed=*")
    cards = page.locator("article.min-h-27 h3 a")
    expect(cards).not_to_have_count(12)
    far = cards.nth(16)
    far.scroll_into_view_if_needed()
    name, order = far.inner_text(), cards.all_inner_texts()[:20]
    far.click()
    page.wait_for_url("**/store/**")
    page.go_back()
    expect(cards.nth(16)).to_have_text(name)
    expect(cards.nth(16)).to_be_in_viewport()
    assert cards.all_inner_texts()[:20] == order
    page.goto("/me/seen/")
    visitor.check_accessible()
    visitor.check_fits()
    page.locator("[role=switch]").click()
    expect(page.locator("[role=switch]")).to_have_attribute("aria-checked", "false")
    page.goto("/")
    expect(page.locator(".shelf")).to_have_count(0)
