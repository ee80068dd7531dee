"""Buying together across two browsers: opened in one, joined in the other, and the first sees it turn by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hutong.kernel import clock
from hutong.kernel.rows import execute, scalar
from hutong.pay.groups.models import GroupTerms
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor

OWNER, OPENER, FRIEND = "+358400000002", "+358405550131", "+358405550132"


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def pay(visitor: Visitor) -> None:
    """From the checkout over the sandbox back to the site."""
    page = visitor.page
    page.locator("#checkout .buy-bar button").first.click()
    page.wait_for_url("**/pay/*", wait_until="load")
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/pay/ord_*/return/")
    expect(page.locator("[data-settled] h1")).to_be_visible()


def open_group(visitor: Visitor, size: int) -> str:
    """From the deal's page to a paid group; the group's address."""
    page = visitor.page
    offer_ref = GroupTerms.objects.get().offer_ref
    page.goto(f"/deal/{offer_ref}/")
    expect(page.locator("#together")).to_be_visible()
    checked(visitor)
    page.locator(f"#together a[href$='?group={size}']").click()
    visitor.enter_phone_and_code(OPENER)
    page.wait_for_url(f"**/buy/?group={size}")
    checked(visitor)
    pay(visitor)
    checked(visitor)
    page.locator("a[href^='/group/grp_']").first.click()
    page.wait_for_url("**/group/grp_*/")
    return page.url


@pytest.mark.parametrize(
    ("languages", "size", "scheme"),
    [(("en", "zh-hans"), PHONE, "light"), (("zh-hans", "en"), DESKTOP, "dark")],
    ids=["phone", "desktop"],
)
def test_two_browsers_buy_together(
    arrive: Arrive, languages: tuple[str, str], size: tuple[int, int], scheme: str
) -> None:
    first = arrive(language=languages[0], scheme=scheme)
    address = open_group(first, 2)
    checked(first)
    expect(first.page.locator("live-region[connected]")).to_be_visible()
    second = arrive(language=languages[1], size=size, scheme=scheme)
    second.page.goto(address)
    checked(second)
    second.page.locator("a[href*='?join=grp_']").click()
    second.enter_phone_and_code(FRIEND)
    second.page.wait_for_url("**/buy/?join=grp_*")
    checked(second)
    pay(second)
    expect(second.page.locator("a[href^='/voucher/vch_']").first).to_be_visible()
    # The first one clicked nothing: its page has turned, and then its voucher is there.
    expect(first.page.locator("#group [data-settled]")).to_be_visible()
    checked(first)
    first.page.locator("a[href^='/orders/ord_']").click()
    first.page.wait_for_url("**/orders/ord_*/")
    first.page.locator("live-region [data-settled] a[href='/wallet/']").click()
    expect(first.page.locator("a[href^='/voucher/vch_']").first).to_be_visible()
    checked(first)
    # The own link again, and the link of a group that is full, lead to no second place.
    second.page.goto(address)
    expect(second.page.locator("a[href*='?join=grp_']")).to_have_count(0)
    checked(second)


def test_who_waits_sees_it_and_may_leave(arrive: Arrive) -> None:
    visitor = arrive(size=PHONE)
    address = open_group(visitor, 5)
    page = visitor.page
    page.goto("/wallet/")
    expect(page.locator("#waiting-title")).to_be_visible()
    checked(visitor)
    page.locator("a[href^='/orders/ord_']").first.click()
    expect(page.locator("#waits-title")).to_be_visible()
    checked(visitor)
    page.locator("a[href*='/refund/?unit=']").click()
    checked(visitor)
    page.locator("form[action$='/refund/'] button").click()
    page.wait_for_url("**/orders/ord_*/")
    expect(page.locator("#waits-title")).to_have_count(0)
    checked(visitor)
    page.goto(address)
    expect(page.locator("a[href*='?join=grp_']")).to_be_visible()


def test_a_group_that_is_not_full_in_time_turns_by_itself(arrive: Arrive) -> None:
    visitor = arrive(size=PHONE, language="zh-hans")
    open_group(visitor, 5)
    expect(visitor.page.locator("live-region[connected]")).to_be_visible()
    # Its day is over: the worker ends it and sends the money back.
    execute("UPDATE groups_group SET opened_at = opened_at - interval '2 days', deadline = %s", [clock.now()])
    expect(visitor.page.locator("#group [data-settled]")).to_be_visible()
    checked(visitor)
    assert scalar("SELECT state FROM groups_group") == "failed"
    visitor.page.locator("a[href^='/orders/ord_']").click()
    checked(visitor)


def test_a_shop_sells_to_groups_and_in_a_campaign(arrive: Arrive) -> None:
    owner = arrive(size=PHONE)
    offer_ref = GroupTerms.objects.get().offer_ref
    page = owner.page
    owner.sign_in(OWNER, to=f"/merchant/deals/{offer_ref}/")
    expect(page.locator("#groups-title")).to_be_visible()
    checked(owner)
    page.locator("form[action$='/edit/'] button").click()
    page.wait_for_url("**/what/")
    page.goto(page.url.replace("/what/", "/terms/"))
    expect(page.locator("[name=together-sold]")).to_have_value("group")
    checked(owner)
    page.locator("[name=together-price_0]").fill("999")
    page.locator("button.btn-primary[name=go]").click()
    expect(page.locator("#id_together-price_0_error")).to_be_visible()
    checked(owner)
    owner.errors[:] = [error for error in owner.errors if "422" not in error]
    page.locator("[name=together-sold]").select_option("campaign")
    page.locator("[name=together-minimum]").fill("100")
    last_on = (clock.now() + timedelta(days=10)).date().isoformat()
    page.locator("[name=together-until]").fill(last_on)
    checked(owner)
    page.locator("button.btn-primary[name=go]").click()
    page.wait_for_url("**/look/")
    checked(owner)
    page.locator("button.btn-primary[name=go]").click()
    page.wait_for_url(f"**/merchant/deals/{offer_ref}/")
    assert GroupTerms.objects.count() in (1, 2)
    shopper = arrive(size=PHONE, language="zh-hans", scheme="dark")
    execute("UPDATE groups_groupterms SET said = %s::jsonb", [f'{{"minimum": 100, "last_on": "{last_on}"}}'])
    shopper.page.goto(f"/deal/{offer_ref}/")
    expect(shopper.page.locator("#together progress")).to_be_visible()
    checked(shopper)
