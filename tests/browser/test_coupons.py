"""A promotion from its form to the order it lowers: made by shop and platform, taken, typed, chosen at checkout."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from hutong.kernel import clock
from hutong.pay.pricing.models import Promotion
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Store
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor

WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
OPERATOR, OWNER, SHOPPER = "+358400000001", "+358400000002", "+358400000004"


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def make(page: Page, **fields: str) -> str:
    """Fill the form of a promotion in and send it; the ref of what was made."""
    for name in ("kind", "issue"):
        page.locator(f"input[name={name}][value={fields.pop(name)}]").check()
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator(".promotion-form button[type=submit]").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    return page.url.rstrip("/").rpartition("/")[2]


def a_deal_of_the_owner() -> Offer:
    store = Store.objects.filter(merchant__staff__person__phone=OWNER).order_by("pk")[0]
    found = Offer.objects.filter(
        merchant=store.merchant, state="live", starts_at__lte=clock.now(), ends_at__isnull=True
    )
    return found.order_by("pk")[0]


@WAYS
@pytest.mark.slow
def test_from_the_form_to_the_order(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    deal = a_deal_of_the_owner()
    look = {"size": size, "language": language, "scheme": scheme}
    owner = arrive(**look)
    owner.sign_in(OWNER, to="/merchant/promotions/")
    checked(owner)
    owner.page.goto("/merchant/promotions/new/")
    checked(owner)
    expect(owner.page.locator("[name=percent]")).to_be_hidden()
    owner.page.locator(".promotion-form button[type=submit]").click()
    expect(owner.page.locator(".promotion-form .text-error").first).to_be_visible()
    owner.errors.clear()  # the form that was refused
    checked(owner)
    ref = make(
        owner.page,
        kind="amount_off",
        issue="claim",
        title_en="Come again",
        title_zh="欢迎再来",
        amount="1.00",
    )
    checked(owner)

    operator = arrive(**look)
    operator.sign_in(OPERATOR, to="/operator/promotions/new/")
    code = f"WALK{ref[-6:]}".upper()
    platform = make(
        operator.page,
        kind="percent_off",
        issue="code",
        title_en="Spring",
        title_zh="春日",
        percent="10",
        code=code,
    )
    checked(operator)
    operator.page.goto("/operator/promotions/")
    checked(operator)

    shopper = arrive(**look)
    page = shopper.page
    shopper.sign_in(SHOPPER, to=f"/deal/{deal.public_id}/")
    checked(shopper)
    page.locator(f"form[action*='{ref}'] button").click()
    expect(page.locator(f"form[action*='{ref}']")).to_have_count(0)
    page.goto(f"/deal/{deal.public_id}/buy/")
    page.locator("a[href*='/me/coupons/']").click()
    page.locator("input[name=code]").fill("nonsense-99")
    page.locator("form[action$='/code/'] button").click()
    expect(page.locator("#id_code_error")).to_be_visible()
    shopper.errors.clear()  # the code that nobody knows
    checked(shopper)
    page.locator("input[name=code]").fill(code.lower())
    page.locator("form[action$='/code/'] button").click()
    page.wait_for_url(lambda url: "/buy/" in url)
    saved = page.locator("#checkout-form dl dt", has_text="春日" if language == "zh-hans" else "Spring")
    expect(saved).to_be_visible()
    checked(shopper)
    page.locator("#coupon-none").check()
    expect(saved).to_have_count(0)
    page.locator("#coupon-best").check()
    expect(saved).to_be_visible()
    page.locator("#checkout-form .buy-bar button").click()
    page.wait_for_url(lambda url: "/buy/" not in url)
    page.goto("/me/coupons/")
    checked(shopper)
    # Others buy here, too, at the price of the deal.
    Promotion.objects.filter(public_id__in=[ref, platform]).update(state="ended")
