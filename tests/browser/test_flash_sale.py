"""A flash sale in a browser: two people in line, the second is let in by itself when the first has paid or left."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.flashsales import services as flashsales
from hutong.town.catalog import services
from hutong.town.catalog.types import OfferDraft
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.factories import vouchers

WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
OPERATOR, OWNER, SHOPPER, FRIEND = "+358400000001", "+358400000002", "+358400000004", "+358400000077"
WORDS = {
    "en": {
        "turn": "It is your turn", "next": "You are next", "paid": "Paid", "have": "You have it",
        "one": "1 person before you", "line": "You are in line",
    },
    "zh-hans": {
        "turn": "轮到您了", "next": "下一位就是您", "paid": "已支付", "have": "抢到了",
        "one": "您前面还有 1 人", "line": "您正在排队",
    },
}  # fmt: skip


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def on_sale(*, starts_in: timedelta = timedelta(minutes=-1), units: int = 5) -> str:
    """A deal of the demo's owner as a flash sale with one place in checkout; its address."""
    at = clock.now()
    store = Store.objects.filter(merchant__staff__person__phone=OWNER).order_by("pk")[0]
    assert store.merchant is not None
    draft = OfferDraft(
        titles={"en": "Lunch in a flash", "zh-Hans": "限时午餐"},
        descriptions={},
        list_price=Money(2_000, "EUR"),
        price=Money(500, "EUR"),
        starts_at=at - timedelta(hours=1),
        emoji="1f957",
        per_person_limit=4,
    )
    deal = services.create_offer(
        merchant_ref=store.merchant.public_id, store_refs=[store.public_id], draft=draft, by=None, at=at
    )
    operator = Person.objects.get(phone=OPERATOR)
    services.submit_offer(offer_ref=deal.public_id, by=None, at=at)
    services.decide_offer(offer_ref=deal.public_id, approve=True, reason="", by=operator, at=at)
    vouchers.promise(deal.public_id, at=at)
    stock.set_capacity(offer_ref=deal.public_id, capacity=units, by=operator.public_id, at=at)
    flashsales.set_up(
        offer_ref=deal.public_id,
        starts_at=at + starts_in,
        ends_at=at + starts_in + timedelta(hours=1),
        places=1,
        minutes=5,
        by=operator,
        at=at,
    )
    return f"/deal/{deal.public_id}/"


def get_in_line(visitor: Visitor, deal: str) -> None:
    visitor.page.goto(deal)
    checked(visitor)
    visitor.page.locator("form[action$='/line/take/'] button").click()
    visitor.page.wait_for_url("**/line/")


@WAYS
def test_the_second_is_let_in_by_itself_when_the_first_has_paid(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    said, deal = WORDS[language], on_sale()
    first = arrive(language=language, size=size, scheme=scheme)
    second = arrive(language=language, size=size, scheme=scheme)
    first.sign_in(SHOPPER)
    second.sign_in(FRIEND)
    get_in_line(first, deal)
    expect(first.page.get_by_text(said["turn"])).to_be_visible()
    checked(first)
    get_in_line(second, deal)
    expect(second.page.get_by_text(said["next"])).to_be_visible()
    checked(second)
    second.page.reload()
    expect(second.page.get_by_text(said["next"])).to_be_visible()
    second.page.goto(f"{deal}buy/")
    second.page.wait_for_url("**/line/")
    first.page.locator("#order-now").click()
    first.page.locator("#checkout-form button.btn-primary").last.click()
    first.page.wait_for_url("**/pay/**")
    expect(second.page.get_by_text(said["next"])).to_be_visible()
    first.page.locator("button[value=pay]").click()
    expect(first.page.get_by_text(said["paid"], exact=True)).to_be_visible()
    # Nobody touches the second page.
    expect(second.page.get_by_text(said["turn"])).to_be_visible()
    checked(second)
    first.page.goto(f"{deal}line/")
    expect(first.page.get_by_text(said["have"])).to_be_visible()
    checked(first)


@WAYS
def test_who_gathers_before_the_start_is_let_in_when_it_opens_and_the_next_when_the_first_leaves(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    said, deal = WORDS[language], on_sale(starts_in=timedelta(seconds=25))
    first = arrive(language=language, size=size, scheme=scheme)
    second = arrive(language=language, size=size, scheme=scheme)
    first.sign_in(SHOPPER)
    second.sign_in(FRIEND)
    get_in_line(first, deal)
    get_in_line(second, deal)
    expect(second.page.get_by_text(said["one"])).to_be_visible()
    expect(second.page.locator("count-down")).to_have_text(re.compile(r"00:\d\d"))
    checked(second)
    expect(first.page.get_by_text(said["turn"])).to_be_visible(timeout=40_000)
    expect(second.page.get_by_text(said["next"])).to_be_visible(timeout=40_000)
    first.page.locator("#leave-line").click()
    expect(second.page.get_by_text(said["turn"])).to_be_visible()
    checked(first)


def test_without_javascript_the_page_asks_again_by_itself(arrive: Arrive) -> None:
    deal = on_sale()
    first, second = arrive(), arrive()
    first.sign_in(SHOPPER)
    second.sign_in(FRIEND)
    get_in_line(first, deal)
    browser = second.page.context.browser
    assert browser is not None
    without = browser.new_context(
        base_url=second.page.url.split("/", 3)[0] + "//" + second.page.url.split("/")[2],
        storage_state=second.page.context.storage_state(),
        java_script_enabled=False,
    )
    page = without.new_page()
    page.goto(deal)
    page.locator("form[action$='/line/take/'] button").click()
    expect(page.get_by_text(WORDS["en"]["next"])).to_be_visible()
    first.page.locator("#leave-line").click()
    expect(page.get_by_text(WORDS["en"]["turn"])).to_be_visible()
    page.locator("#order-now").click()
    expect(page.locator("#checkout-form")).to_be_visible()
    without.close()


def test_the_shop_sets_one_up(arrive: Arrive) -> None:
    deal = on_sale()
    ref = deal.split("/")[2]
    owner = arrive()
    owner.sign_in(OWNER, to=f"/merchant/deals/{ref}/flash-sale/")
    checked(owner)
    owner.page.locator("input[name=places]").fill("9")
    owner.page.locator("main form button.btn-primary").first.click()
    owner.page.wait_for_url(f"**/merchant/deals/{ref}/")
    owner.page.goto(f"/merchant/deals/{ref}/flash-sale/")
    expect(owner.page.locator("input[name=places]")).to_have_value("9")
