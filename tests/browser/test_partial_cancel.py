"""Three bought at the price for three, one given back: the amount by the terms stands there before and after."""

from __future__ import annotations

from datetime import time

import pytest
from playwright.sync_api import expect

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.town.catalog import services
from hutong.town.catalog.types import OfferDraft, PriceWindow, SpecialPrice
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor

OPERATOR, OWNER, SHOPPER = "+358400000001", "+358400000002", "+358405550124"
WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (PHONE, "zh-hans", "dark")],
    ids=["english", "chinese"],
)
WORDS = {
    "en": ("3 or more: €8.00 each", "what you keep costs the price for its number", "keep costs €10.00 each"),
    "zh-hans": ("满 3 份：每份 €8.00", "保留的份数按其数量对应的价格计算", "保留的每份为 €10.00"),
}


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def deal() -> str:
    """A deal at 10.00, from three on at 8.00, and at 9.00 in the night before Sunday; its public id."""
    store = Store.objects.filter(merchant__staff__person__phone=OWNER).order_by("pk")[0]
    assert store.merchant is not None
    at = clock.now()
    night = PriceWindow(frozenset({6}), time(23, 58), time(23, 59))
    made = services.create_offer(
        merchant_ref=store.merchant.public_id,
        store_refs=[store.public_id],
        draft=OfferDraft(
            titles={"en": "Dumplings", "zh-Hans": "饺子"},
            descriptions={},
            list_price=Money(1_200, "EUR"),
            price=Money(1_000, "EUR"),
            starts_at=at,
            emoji="1f95f",
            special_prices=(
                SpecialPrice(Money(800, "EUR"), 3),
                SpecialPrice(Money(900, "EUR"), windows=(night,)),
            ),
            steps_bind=True,
        ),
        by=None,
        at=at,
    )
    services.submit_offer(offer_ref=made.public_id, by=None, at=at)
    operator = Person.objects.get(phone=OPERATOR)
    services.decide_offer(offer_ref=made.public_id, approve=True, reason="", by=operator, at=at)
    return str(made.public_id)


@WAYS
def test_one_of_three_is_given_back(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    offer_ref, (step, binds, kept) = deal(), WORDS[language]
    shopper = arrive(size=size, language=language, scheme=scheme)
    page = shopper.page
    page.goto(f"/deal/{offer_ref}/")
    expect(page.locator("main")).to_contain_text(step)
    expect(page.locator("main")).to_contain_text(binds)
    checked(shopper)

    shopper.sign_in(SHOPPER, to=f"/deal/{offer_ref}/buy/")
    amounts = page.locator("section[aria-labelledby=amounts]")
    expect(amounts).to_contain_text("1 × €10.00")
    page.locator("#id_quantity").fill("3")
    page.locator("#id_quantity").press("Tab")
    expect(amounts).to_contain_text("3 × €8.00")
    expect(amounts).to_contain_text("€24.00")
    checked(shopper)
    page.locator("#checkout .buy-bar button").click()
    page.wait_for_url("**/pay/*", wait_until="load")
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/pay/ord_*/return/")
    order_ref = next(part for part in page.url.split("/") if part.startswith("ord_"))
    expect(page.locator("[data-settled] h1")).to_be_visible()

    page.goto(f"/orders/{order_ref}/")
    page.locator("input[name=unit]").first.check()
    page.locator("form button.btn-error").click()
    main = page.locator("main")
    expect(main).to_contain_text(kept)
    expect(main).to_contain_text("−€4.00")
    confirm = page.locator("form[method=post] button.btn-error")
    expect(confirm).to_contain_text("€4.00")
    checked(shopper)
    confirm.click()
    page.wait_for_url(f"**/orders/{order_ref}/")
    expect(main).to_contain_text("€4.00")
    assert [each.strip() for each in page.locator("ul li .whitespace-nowrap").all_inner_texts()][:3] == [
        "€4.00",
        "€10.00",
        "€10.00",
    ]
    checked(shopper)


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "dark"), (DESKTOP, "zh-hans", "light")],
    ids=["phone", "desktop"],
)
def test_a_merchant_fills_them_in(arrive: Arrive, size: tuple[int, int], language: str, scheme: str) -> None:
    owner = arrive(size=size, language=language, scheme=scheme)
    page = owner.page
    owner.sign_in(OWNER, to="/merchant/deals/new/")
    page.locator("button[name=template]").first.click()
    page.wait_for_url("**/what/")
    page.goto(page.url.replace("/what/", "/price/"))
    page.fill("input[name=list_price]", "34")
    page.fill("input[name=price]", "20")
    page.fill("input[name=special-0-quantity]", "3")
    page.fill("input[name=special-0-price]", "21")
    page.locator("summary").nth(1).click()
    page.locator("input[name=special-1-days]").first.check()
    page.fill("input[name=special-1-price]", "18")
    page.check("input[name=steps_bind]")
    checked(owner)
    page.locator("button.btn[name=go][value=next]").click()
    expect(page.locator("#special-0-error")).to_be_visible()
    assert [error for error in owner.errors if "422" not in error] == []
    owner.errors.clear()
    checked(owner)
    page.fill("input[name=special-0-price]", "15,00")
    page.locator("button.btn[name=go][value=next]").click()
    page.wait_for_url("**/terms/")
    page.goto(page.url.replace("/terms/", "/look/"))
    expect(page.locator("main")).to_contain_text("€15.00")
    checked(owner)
