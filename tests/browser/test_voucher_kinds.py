"""Vouchers of every kind in a browser: made in the editor, asked about at the counter, given to a friend."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.town.catalog import services
from hutong.town.catalog.types import OfferDraft
from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers.models import Voucher
from hutong.visit.vouchers.queries import code_of
from hutong.visit.vouchers.types import Choice, VoucherKind
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.factories import vouchers
from tests.factories.loop import Scene

WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
OPERATOR, OWNER, SHOPPER, FRIEND = "+358400000001", "+358400000002", "+358400000004", "+358400000077"
DISHES = (
    Choice({"en": "Soup", "zh-Hans": "汤"}),
    Choice({"en": "Salad", "zh-Hans": "沙拉"}),
    Choice({"en": "Cake", "zh-Hans": "蛋糕"}, most=2),
)


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def bought(**terms: Any) -> list[Voucher]:
    """Two vouchers of these terms that the demo's shopper bought, good in a store of the demo's owner."""
    store = Store.objects.filter(merchant__staff__person__phone=OWNER).order_by("pk")[0]
    at = clock.now()
    draft = OfferDraft(
        titles={"en": "Lunch", "zh-Hans": "午餐"},
        descriptions={},
        list_price=Money(2_000, "EUR"),
        price=Money(1_500, "EUR"),
        starts_at=at,
        emoji="1f957",
    )
    assert store.merchant is not None
    deal = services.create_offer(
        merchant_ref=store.merchant.public_id, store_refs=[store.public_id], draft=draft, by=None, at=at
    )
    services.submit_offer(offer_ref=deal.public_id, by=None, at=at)
    operator = Person.objects.get(phone=OPERATOR)
    services.decide_offer(offer_ref=deal.public_id, approve=True, reason="", by=operator, at=at)
    vouchers.promise(deal.public_id, at=at, **terms)
    scene = Scene(
        at=at,
        store=store,
        offer=deal,
        device=Device.objects.filter(store=store)[0],
        shopper=Person.objects.get(phone=SHOPPER),
    )
    return [Voucher.objects.get(public_id=view.ref) for view in scene.bought(quantity=2)]


def state(voucher: Voucher) -> tuple[str, int]:
    """How a voucher stands now: its state, and what it has left."""
    voucher.refresh_from_db()
    return voucher.state, voucher.uses_left


def show(at_the_till: Visitor, code: str) -> None:
    """Type a code on the scan page, which asks something about it."""
    at_the_till.page.goto("/merchant/scan/")
    at_the_till.page.fill("#scan-code", code)
    at_the_till.page.click("#scan-form button[type=submit]")
    expect(at_the_till.page.locator("#ask-title")).to_be_focused()
    checked(at_the_till)


@WAYS
def test_the_till_asks_how_many_what_and_on_which_bill(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    till = arrive(size=size, language=language, scheme=scheme)
    till.sign_in(OWNER, to="/merchant/scan/")
    answer = till.page.locator("#answer-headline")

    table = bought()
    show(till, code_of(table[0].public_id))
    till.page.locator("quantity-stepper button[data-step='1']").click()
    till.page.locator("#scan-area form button[type=submit]").click()
    expect(answer).to_be_visible()
    assert [state(one) for one in table] == [("used", 0), ("used", 0)]

    menu = bought(uses=2, kind=VoucherKind.CHOICE, choices=DISHES)[0]
    show(till, code_of(menu.public_id))
    till.page.locator("input[name=choice-0]").fill("1")
    till.page.locator("input[name=choice-2]").fill("1")
    till.page.locator("#scan-area form button[type=submit]").click()
    expect(answer).to_be_visible()
    expect(till.page.locator("#scan-area")).to_contain_text("Soup" if language == "en" else "汤")
    assert state(menu) == ("used", 0)

    cash = bought(kind=VoucherKind.CASH, face=Money(2_000, "EUR"), least_bill=Money(5_000, "EUR"))[0]
    show(till, code_of(cash.public_id))
    till.page.locator("input[name=bill]").fill("12,90")
    till.page.locator("#scan-area form button[type=submit]").click()
    expect(answer).to_be_visible()
    expect(till.page.locator("#scan-area")).to_contain_text("€50.00")
    assert state(cash) == ("ready", 1)
    show(till, code_of(cash.public_id))
    till.page.locator("input[name=bill]").fill("62,50")
    till.page.locator("#scan-area form button[type=submit]").click()
    expect(answer).to_be_visible()
    checked(till)
    assert state(cash) == ("used", 0)


@WAYS
def test_an_amount_off_the_bill_is_made_in_the_editor(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    owner = arrive(size=size, language=language, scheme=scheme)
    owner.sign_in(OWNER, to="/merchant/deals/new/")
    page = owner.page
    page.locator("button[name=template]").first.click()
    page.goto(page.url.replace("/what/", "/terms/"))
    expect(page.locator("#id_face")).to_be_hidden()
    page.select_option("#id_kind", "cash")
    page.fill("#id_face", "20")
    page.fill("#id_least_bill", "50")
    page.locator("label.chip", has_text="Mon" if language == "en" else "周一").click()
    page.fill("input[name=hours-0-first]", "11:00")
    page.fill("input[name=hours-0-last]", "15:00")
    checked(owner)
    page.locator("button.btn[name=go][value=back]").click()
    page.wait_for_url("**/price/")
    page.fill("#id_list_price", "20")
    page.fill("#id_price", "15")
    page.locator("button.btn[name=go][value=next]").click()
    page.wait_for_url("**/terms/")
    expect(page.locator("#id_face")).to_have_value("20.00")
    page.locator("button.btn[name=go][value=next]").click()
    page.wait_for_url("**/look/")
    preview = page.locator("section[aria-labelledby=preview-title]")
    expect(preview).to_contain_text(
        "€20.00 off a bill of €50.00" if language == "en" else "满 €50.00 减 €20.00"
    )
    expect(preview).to_contain_text("11:00–15:00")
    checked(owner)


@WAYS
def test_a_friend_opens_the_present_in_another_browser(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    one = bought()[0]
    giver, friend = (arrive(size=size, language=language, scheme=scheme) for _each in range(2))
    giver.sign_in(SHOPPER, to=f"/voucher/{one.public_id}/")
    checked(giver)
    giver.page.locator(f"a[href='/voucher/{one.public_id}/give/']").click()
    giver.page.fill("#gift-message", "Enjoy your lunch!")
    checked(giver)
    giver.page.locator("main form button[type=submit]").click()
    link = giver.page.locator("p.select-all").inner_text()
    checked(giver)
    path = "/" + link.split("/", 3)[3]
    friend.page.goto(path)
    expect(friend.page.locator("main")).to_contain_text("Enjoy your lunch!")
    checked(friend)
    friend.sign_in(FRIEND, to=path)
    friend.page.locator("main form button[type=submit]").click()
    friend.page.wait_for_url(f"**/voucher/{one.public_id}/")
    expect(friend.page.locator(".code-text")).not_to_contain_text(code_of(one.public_id)[:4])
    giver.page.reload()
    expect(giver.page.locator("p.select-all")).to_have_count(0)
    checked(giver)
