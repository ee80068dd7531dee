"""The operator's other pages after busy days: each one read on a phone and at a desk, and the day's work done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hutong.flows import checkout
from hutong.kernel import audit, clock
from hutong.pay.orders.queries import order_view
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.town.catalog.models import Offer
from hutong.town.contents import queries as contents
from hutong.town.contents.types import SubjectKind
from hutong.town.merchants.models import Claim, Merchant, Staff, Store
from hutong.town.people.models import Person
from hutong.web.shell import announcements
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.factories import busy_town
from tests.factories.loop import Scene
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

OPERATOR = "+358400000001"
OWNER = "+358400000002"


@pytest.fixture
def busy(city: Site) -> Iterator[Site]:
    """Some days of sales with a refund that failed, a queue of every kind, words of the operator, people hired."""
    at = clock.now()
    busy_town.trade(at=at, days=4, share=0.4, deals=5)
    operator = Person.objects.get(phone=OPERATOR)
    busy_town.give_back(busy_town.newest_unused(), units=1, by=operator, at=at, failed=True)
    busy_town.queue(at=at)
    busy_town.words_of_the_site(at=at, by=operator, shown_now=False)
    busy_town.hired(_own_shop(), Person.objects.get(phone=OWNER), at=at)
    yield city
    announcements.forget()


def _state(order_ref: str) -> OrderState:
    found = order_view(order_ref)
    assert found is not None
    return found.state


def _own_shop() -> Merchant:
    return Staff.objects.get(person__phone=OWNER, role="owner").merchant


def addresses() -> list[str]:
    """Every page that the tests of the queue and of the figures leave out, with something on it, and a few without."""
    shop = f"/operator/merchants/{_own_shop().public_id}/"
    claims = [claim.public_id for claim in Claim.objects.filter(state="waiting")]
    applied = Merchant.objects.get(names__name="Nordic Bowl").public_id
    versions = {version.kind: version.ref for version in contents.waiting()}
    assert len(claims) == 2
    assert set(versions) == {SubjectKind.STORE, SubjectKind.OFFER, SubjectKind.PICTURES}
    together = Offer.objects.filter(state="submitted", merchant__state="approved").order_by("pk")[:2]
    ticked = "&".join(f"ref={ref}" for ref in [*(deal.public_id for deal in together), *versions.values()])
    order = busy_town.newest_unused()
    return [
        *(f"/operator/queue/{ref}/" for ref in (*claims, applied, *versions.values())),
        f"/operator/queue/together/?{ticked}",
        "/operator/queue/reasons/?kind=refund",
        *(f"{shop}?show={side}" for side in ("stores", "deals", "orders", "people", "devices", "history")),
        f"/operator/merchants/{applied}/?show=orders",
        f"{shop}facts/",
        "/operator/orders/",
        f"/operator/orders/{order}/",
        f"/operator/orders/{order}/refund/?unit={busy_town.unused(order)[0]}",
        "/operator/refunds/",
        "/operator/books/?run=ours",
        "/operator/bills/",
        "/operator/money/",
        "/operator/site/",
        "/operator/site/pages/terms/",
        "/operator/site/announce/",
        "/operator/site/categories/",
        "/operator/site/words/",
        "/operator/audit/?area=offer.",
    ]


@pytest.mark.parametrize(
    ("language", "size", "scheme"), [("en", PHONE, "light"), ("zh-hans", DESKTOP, "dark")]
)
def test_an_operators_day(
    arrive: Arrive, busy: Site, language: str, size: tuple[int, int], scheme: str
) -> None:
    office = arrive(language=language, size=size, scheme=scheme)
    office.sign_in(OPERATOR, to="/operator/site/announce/")
    if size == PHONE:
        announce(office, "Closed on Monday")
    for address in addresses():
        office.page.goto(address)
        expect(office.page.locator("main h1:visible")).to_have_count(1)
        read(office)
    # the work of a day, half of it on a phone, half of it at a desk
    if size == PHONE:
        refund(office, busy)
        switch_a_feature_off(office, arrive(language=language))
        add_words_of_one_meaning(office, arrive(language=language))
        shopper = arrive(language=language, size=size, scheme=scheme)
        see_announced(shopper, "Closed on Monday")
    else:
        edit_a_page(office)
        search_the_log(office)
        set_a_category(office, arrive(language=language))
        act_for_a_merchant(office)


def read(visitor: Visitor) -> None:
    """The page as it is: nothing sticks out, no fault for those who do not see it."""
    visitor.check_fits()
    visitor.check_accessible()


def refused(visitor: Visitor) -> None:
    """The browser itself says that an answer was no success; here it was wanted, and nothing else went wrong."""
    assert [error for error in visitor.errors if "422" not in error] == []
    visitor.errors.clear()


def announce(office: Visitor, words: str) -> None:
    """Tell everybody something; it is not enough to say until when."""
    page = office.page
    page.locator("main form button[type=submit]").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    refused(office)
    page.locator("input[name=en]").fill(words)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/operator/site/")
    expect(page.locator("main")).to_contain_text(words)


def see_announced(shopper: Visitor, words: str) -> None:
    """A web process reads the announcements every 15 seconds."""
    page = shopper.page

    def shown() -> bool:
        page.goto("/")
        return page.locator(".announcement").count() == 1

    wait_until(shown, timeout_s=2 * announcements.FRESH_S)
    expect(page.locator(".announcement")).to_contain_text(words)
    read(shopper)


def bought(busy: Site) -> str:
    """An order of two units, paid at the sandbox; its ref."""
    scene = _scene()
    placed = scene.order(quantity=2, client_key="of the operator's day")
    checkout.pay(
        order_ref=placed.order_ref, person=scene.shopper, return_url=busy.url, language="en", at=clock.now()
    )
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    busy.sandbox.pay(payment.ref)
    wait_until(lambda: _state(placed.order_ref) is OrderState.PAID)
    return placed.order_ref


def _scene() -> Scene:
    store = _own_shop().stores.order_by("pk")[0]
    offer = Offer.objects.filter(places__store=store, state="live").order_by("pk")[0]
    shopper = busy_town.person(0, "Aino Lahti")
    return Scene(clock.now(), store, offer, store.devices.order_by("pk")[0], shopper)


def refund(office: Visitor, busy: Site) -> None:
    """One of two units goes back, with a ready reason, and the money with it."""
    page, order_ref = office.page, bought(busy)
    page.goto(f"/operator/orders/{order_ref}/")
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".text-error").first).to_be_visible()
    refused(office)
    page.locator("input[name=unit]").first.check()
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/refund/?unit=*")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    read(office)
    page.locator("[data-ready-reason]").first.check()
    ready = page.locator("[data-reason]").input_value()
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(f"**/operator/orders/{order_ref}/")
    expect(page.locator("input[name=unit]")).to_have_count(1)
    (made,) = payments.refunds_of_order(order_ref)
    assert (made.state.value, made.reason, _state(order_ref)) == ("done", ready, OrderState.PARTLY_REFUNDED)


def edit_a_page(office: Visitor) -> None:
    """Change a word of the terms; the newest version shows it as changed."""
    page = office.page
    page.goto("/operator/site/pages/terms/")
    versions = page.locator("section:has(#versions-title) li")
    expect(versions).to_have_count(2)
    words = page.locator("textarea[name=en]").input_value()
    page.locator("textarea[name=en]").fill(
        words.replace("Vouchers end at midnight.", "Vouchers end at noon.")
    )
    page.locator("button[name=look]").click()
    expect(page.locator("article[lang=en]")).to_contain_text("Vouchers end at noon.")
    expect(versions).to_have_count(2)
    page.locator("main form button[type=submit]:not([name])").click()
    page.wait_for_url("**/operator/site/")
    page.goto("/operator/site/pages/terms/")
    expect(versions).to_have_count(3)
    versions.first.locator("summary").click()
    expect(versions.first.locator("ins")).to_contain_text("noon")
    expect(versions.first.locator("del")).to_contain_text("midnight")
    read(office)
    page.goto("/terms/")
    expect(page.locator("main")).to_contain_text("noon" if _english(page) else "券")


def _english(page: Page) -> bool:
    return page.locator("html").get_attribute("lang") == "en"


def search_the_log(office: Visitor) -> None:
    """By kind, then by a changed word, then all about one thing, each with less left."""
    page = office.page
    page.goto("/operator/audit/")
    rows = page.locator("main details")
    every = rows.count()
    page.locator(".chips a[href*='area=page.']").click()
    page.wait_for_url("**area=page.**")
    expect(rows).to_have_count(3)
    assert every > 3
    page.locator("input[name=q]").fill("end at noon")
    page.locator("input[name=q]").press("Enter")
    expect(rows).to_have_count(1)
    rows.first.locator("summary").press("Enter")
    expect(rows.first.locator("ins").first).to_be_visible()
    read(office)
    rows.first.locator("a[href*='?q=page']").click()
    expect(rows).to_have_count(3)
    page.goto("/operator/audit/?q=nothing-like-that")
    expect(rows).to_have_count(0)


def switch_a_feature_off(office: Visitor, shopper: Visitor) -> None:
    """Without claims a listing asks nobody whether it is theirs; and back again."""
    page = office.page
    free = Store.objects.filter(merchant=None, state="open").order_by("pk")[0].public_id
    asks = shopper.page.locator(f"a[href*='/join/listing/{free}']")
    shopper.page.goto(f"/store/{free}/")
    expect(asks).to_have_count(1)
    page.goto("/operator/site/")
    switch = page.locator("form[action$='/claims/'] [role=switch]")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "false")
    shopper.page.goto(f"/store/{free}/")
    expect(asks).to_have_count(0)
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")


def add_words_of_one_meaning(office: Visitor, shopper: Visitor) -> None:
    """What people here say for coffee: followed until every shop is found by it, taken away and given back."""
    page, found = office.page, shopper.page.locator("a[href^='/store/']")
    page.goto("/operator/site/words/")
    page.locator("textarea[name=words]").fill("only one")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("textarea[name=words][aria-invalid=true]")).to_be_visible()
    refused(office)
    page.locator("select[name=category]").select_option("cafe")
    page.locator("textarea[name=words]").fill("sumppi, 咖啡水")
    page.locator("main form button.btn-primary").click()
    line = page.locator("#own-words li").filter(has_text="sumppi")
    read(office)
    expect(line.locator("progress")).to_have_count(
        0
    )  # the page follows by itself until all shops are indexed
    shopper.page.goto("/nearby/?q=sumppi")
    expect(found.first).to_be_visible()
    for times, section in ((0, "removed-title"), (1, "held-title")):
        line.locator("button").click()
        expect(
            page.locator(f"section[aria-labelledby={section}] li").filter(has_text="sumppi")
        ).to_have_count(1)
        expect(line.locator("progress")).to_have_count(0)
        shopper.page.goto("/nearby/?q=sumppi")
        expect(found).to_have_count(0) if not times else expect(found.first).to_be_visible()


def set_a_category(office: Visitor, shopper: Visitor) -> None:
    """Another name, which shoppers read at once; then hidden."""
    page = office.page
    shown = shopper.page.locator("a[href*='category=cafe'], a[href*='/category/cafe/']")
    row = page.locator("#cafe")
    page.goto("/operator/site/categories/")
    row.locator("summary").press("Enter")
    row.locator("input[name=en]").fill("Coffee houses")
    row.locator("input[name=zh]").fill("咖啡屋")
    row.locator("button[type=submit]").click()
    expect(row.locator("summary")).to_contain_text("Coffee houses" if _english(page) else "咖啡屋")
    shopper.page.goto("/category/food/")
    expect(shown.first).to_contain_text("Coffee houses" if _english(page) else "咖啡屋")
    row.locator("summary").press("Enter")
    row.locator("input[name=hidden]").check()
    read(office)
    row.locator("button[type=submit]").click()
    expect(row.locator(".state")).to_be_visible()
    shopper.page.goto("/category/food/")
    expect(shown).to_have_count(0)


def act_for_a_merchant(office: Visitor) -> None:
    """Pause a deal in a shop's name: the shop reads who did it and why; then leave."""
    page, shop, since = office.page, _own_shop(), clock.now()
    deal = Offer.objects.filter(merchant=shop, state="live").order_by("pk")[0]
    page.goto(f"/operator/merchants/{shop.public_id}/act/")
    page.locator("textarea[name=reason]").fill("The owner asked by phone")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/merchant/")
    page.goto(f"/merchant/deals/{deal.public_id}/")
    page.locator(f"button[popovertarget={deal.public_id}]:visible").first.click()
    page.locator("form[action$='/switch/'] button[value=off]").click()
    wait_until(lambda: Offer.objects.get(pk=deal.pk).state == "paused")
    page.goto("/merchant/audit/")
    expect(page.locator("main")).to_contain_text("The owner asked by phone")
    page.locator(".acting-bar button").click()
    page.wait_for_url(f"**/operator/merchants/{shop.public_id}/")
    answer = page.goto("/merchant/")
    assert answer is not None
    assert answer.status == 403
    assert [error for error in office.errors if "403" not in error] == []
    office.errors.clear()
    found = audit.search(merchant=shop.public_id, since=since).entries
    assert [entry.action for entry in found] == ["acting.stopped", "offer.pause", "acting.started"]
    assert found[1].on_behalf_of == shop.public_id
