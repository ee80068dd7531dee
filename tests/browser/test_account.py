"""A shopper's own pages in a real browser: every one accessible and fitting, and what they do to other browsers.

The site of these tests holds one shop and one shopper, not the demo city: nothing here looks at a town.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils.translation import override
from playwright.sync_api import expect

from hutong.flows import jobs
from hutong.kernel import budget, clock
from hutong.know.customers import services as customers
from hutong.town.contents import services as contents
from hutong.town.contents.types import Audience
from hutong.town.notifications.types import Kind
from hutong.town.people import rules, services
from hutong.town.people.models import Address, Message, Person, SignIn
from hutong.town.people.types import AddressText, ConsentKind, TokenKind
from hutong.web.shell import announcements
from hutong.web.shell.views import broken
from tests.browser.conftest import DESKTOP, LOCALES, PHONE, Arrive, Visitor
from tests.factories import notifications, people
from tests.factories.loop import Scene, scene
from tests.fakes.site import Site

NUMBER = "+358401234567"
NAME = "Aino Ankkuri"
STREET = "Mannerheimintie 12 A 4"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
)
COMBINATIONS = pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", PHONE, "light"), ("zh-hans", DESKTOP, "dark")],
    ids=["phone-en-light", "desktop-zh-dark"],
)


@pytest.fixture
def city(site: Site) -> Site:
    """No city: `arrive` asks for one, and these pages need but a place and its language."""
    return site


@pytest.fixture
def lived(city: Site) -> Scene:
    """A shop, and somebody with something on each of their pages."""
    at = clock.now() - timedelta(minutes=5)
    shop = scene(at=at)
    person = shop.shopper = people.person(phone=NUMBER, name=NAME)
    shop.bought(quantity=2)
    text = AddressText("Home", NAME, NUMBER, STREET, "00100", "Helsinki", "", "Door code 1234")
    for label in ("Home", "Office"):
        services.add_address(
            person=person, text=AddressText(**{**_columns(text), "label": label}), default=False, at=at
        )
    services.give_consent(person=person, kind=ConsentKind.MARKETING_SMS, source="account", at=at)
    customers.grant_consent(
        person_ref=person.public_id, merchant_ref=shop.merchant.public_id, source="checkout ord_x", at=at
    )
    services.open_sign_in(
        person=person, session_key="a phone", agent=IPHONE, address="203.0.113.7", proved=True, at=at
    )
    services.issue_token(
        kind=TokenKind.PERSON,
        subject_ref=person.public_id,
        person=person,
        scopes=["orders:read"],
        name="Spreadsheet",
        by=person,
        at=at,
    )
    notifications.told(person, at=at)
    notifications.told(person, kind=Kind.ERASURE_CANCELLED, params={}, at=at - timedelta(days=1))
    jobs.drain()
    return shop


def _columns(text: AddressText) -> dict[str, Any]:
    return {name: getattr(text, name) for name in rules.ADDRESS_LIMITS}


@pytest.fixture
def announced(at: Any) -> Iterator[None]:
    """An announcement that pages of this process show; the site's own processes look for new ones only now and then."""
    now = clock.now()
    contents.announce(
        texts={"en": "Vappu: many shops close early.", "zh-Hans": "五朔节期间许多门店提前打烊。"},
        audience=Audience.SHOPPERS,
        urgent=True,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        by=people.operator(),
        at=now,
    )
    announcements.forget()
    yield
    announcements.forget()


def check(visitor: Visitor) -> None:
    visitor.check_accessible()
    visitor.check_fits()


def check_all(visitor: Visitor, *paths: str) -> None:
    for path in paths:
        visitor.page.goto(path)
        expect(visitor.page.locator("h1")).to_have_count(1)
        assert visitor.page.url.partition("?")[0].endswith(path.partition("?")[0]), visitor.page.url
        check(visitor)


def check_refusal(visitor: Visitor, status: int) -> None:
    """A page of an error is as good as any, and says where to go and what to quote. The browser notes it itself."""
    expect(visitor.page.locator("h1")).to_have_count(1)
    expect(visitor.page.locator("main a.btn[href='/']")).to_be_visible()
    expect(visitor.page.locator("code", has_text="req_")).to_be_visible()
    check(visitor)
    assert [error for error in visitor.errors if str(status) not in error] == []
    visitor.errors.clear()


def show(visitor: Visitor, html: bytes) -> None:
    """A page that this process made, with the styles and scripts of the site. The worker lets no answer be faked."""
    visitor.page.goto("/offline/")
    visitor.page.set_content(html.decode())


@COMBINATIONS
def test_pages_of_the_site_the_account_and_of_errors(
    arrive: Arrive, lived: Scene, announced: None, language: str, size: tuple[int, int], scheme: str
) -> None:
    visitor = arrive(language=language, size=size, scheme=scheme)
    look_around(visitor)
    sign_in(visitor)
    expect(visitor.page.locator("a[href='/notifications/'] .state")).to_contain_text("3")
    check_all(
        visitor,
        *("/me/", "/me/profile/", "/me/phone/", "/me/email/", "/me/addresses/new/", "/me/consents/"),
        *("/me/sign-ins/", "/me/data/", "/me/data/delete/", "/me/confirm/"),
        *("/notifications/", "/notifications/settings/"),
    )
    fill_in_and_undo(visitor, lived)
    be_refused(visitor, lived)
    with override(language):
        request = RequestFactory().get("/")
        request.request_id = "req_01jexample"  # type: ignore[attr-defined]
        show(visitor, broken(request).content)
    check_refusal(visitor, 500)
    home = Client(headers={"Accept-Language": LOCALES[language]}).get("/")
    show(visitor, home.content)
    expect(visitor.page.locator("aside.announcement")).to_be_visible()
    check(visitor)


def look_around(visitor: Visitor) -> None:
    """What is there for everybody."""
    check_all(visitor, "/me/", "/terms/", "/privacy/", "/imprint/", "/offline/")
    visitor.page.goto("/no-such-page/")
    check_refusal(visitor, 404)
    visitor.page.goto("/sign-in/")
    visitor.page.context.clear_cookies(name="csrftoken")
    visitor.page.locator("input[name=phone]").fill(NUMBER)
    visitor.page.locator("form[novalidate] button.btn-primary").click()
    check_refusal(visitor, 403)


def sign_in(visitor: Visitor) -> None:
    """By both steps, with a slip in the first."""
    page = visitor.page
    page.goto("/sign-in/?next=/me/")
    page.locator("input[name=phone]").fill("12")
    page.locator("form[novalidate] button.btn-primary").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    check(visitor)
    page.locator("input[name=phone]").fill(NUMBER)
    page.locator("form[novalidate] button.btn-primary").click()
    page.wait_for_url("**/sign-in/code/**")
    check(visitor)
    page.locator("input[name=code]").fill(visitor.read_code(NUMBER))
    page.locator("form[novalidate] button.btn-primary").click()
    page.wait_for_url("**/me/")


def fill_in_and_undo(visitor: Visitor, lived: Scene) -> None:
    """The pages that only come of a step before them, or look otherwise after one."""
    page = visitor.page
    page.goto("/me/email/")
    page.locator("input[name=email]").fill("aino@example.com")
    page.locator("main form button").click()
    page.wait_for_url("**/me/email/code/")
    check(visitor)
    first, second = Address.objects.order_by("pk")
    page.goto(f"/me/addresses/{first.public_id}/")
    page.locator("input[name=city]").fill("")
    page.locator("main form button").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    check(visitor)
    page.goto("/me/addresses/")
    page.locator(f"form[action='/me/addresses/{second.public_id}/delete/'] button").click()
    expect(page.locator("main .notice[role=status]")).to_be_visible()
    check(visitor)
    page.goto("/me/consents/")
    page.locator(f"[popovertarget='{lived.merchant.public_id}']").first.click()
    expect(page.locator("dialog:popover-open")).to_be_visible()
    check(visitor)


def be_refused(visitor: Visitor, lived: Scene) -> None:
    """What is not for a shopper, and what they did too often."""
    visitor.page.goto("/operator/")
    check_refusal(visitor, 403)
    for _ in range(rules.EXPORTS_A_DAY):
        key = f"people.export:{lived.shopper.public_id}"
        budget.spend(key, limit=rules.EXPORTS_A_DAY, window_s=24 * 60 * 60, at=clock.now())
    visitor.page.goto("/me/data/")
    visitor.page.locator("form[action='/me/data/download/'] button").click()
    check_refusal(visitor, 429)


def test_a_browser_is_logged_out_an_address_comes_back_and_everything_is_in_the_file(
    arrive: Arrive, lived: Scene
) -> None:
    here, there = arrive(), arrive()
    there.sign_in(NUMBER, to="/wallet/")
    lost = SignIn.objects.order_by("-pk")[0].public_id
    here.sign_in(NUMBER, to="/me/sign-ins/")
    page = here.page
    expect(page.get_by_text("Safari · iPhone")).to_be_visible()
    page.locator(f"form[action='/me/sign-ins/{lost}/end/'] button").click()
    expect(page.locator("#toasts")).to_contain_text("Logged out there.")
    there.page.goto("/wallet/")
    expect(there.page).to_have_url(re.compile("/sign-in/"))

    page.goto("/me/addresses/")
    cards = page.locator("main li.panel")
    expect(cards).to_have_count(2)
    cards.nth(0).get_by_role("button", name=re.compile("^Delete")).click()
    expect(cards).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)
    cards.nth(0).get_by_role("link", name=re.compile("^Change")).click()
    page.get_by_label("Street and number").fill("Bulevardi 3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Bulevardi 3 is saved.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Bulevardi 3")).to_have_count(0)
    assert set(Address.objects.filter(deleted_at=None).values_list("street", flat=True)) == {STREET}

    page.goto("/me/data/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download my data").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        told = json.loads(archive.read("data.json"))["tables"]
        text = archive.read("index.html").decode()
    assert [row["phone"] for row in told["people.Person"]] == [NUMBER]
    assert {row["street"] for row in told["people.Address"]} == {STREET}
    assert len(told["vouchers.Voucher"]) == 2
    assert "My vouchers" in text
    assert STREET in text


def test_an_account_that_is_to_end_is_kept_by_signing_in(arrive: Arrive, lived: Scene) -> None:
    visitor = arrive()
    visitor.sign_in(NUMBER, to="/me/data/")
    page = visitor.page
    page.get_by_role("link", name="Delete my account").click()
    expect(page.get_by_role("heading", name="What stays, and why")).to_be_visible()
    page.get_by_label("I want my account to be deleted").check()
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("alert")).to_contain_text("You have vouchers or a balance you did not use.")
    check(visitor)
    page.get_by_label("I give up what I did not use").check()
    page.get_by_role("button", name="Delete my account").click()
    page.wait_for_url("**/")
    expect(page.locator("#toasts")).to_contain_text("in 7 days")
    assert Person.objects.get(phone=NUMBER).erase_after is not None
    jobs.drain()
    assert "Sign in before then and it stays" in Message.objects.filter(to=NUMBER).order_by("-pk")[0].body
    page.goto("/me/")
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    visitor.sign_in(NUMBER, to="/me/")
    expect(page.locator("#toasts")).to_contain_text("Your account will not be deleted.")
    expect(page.get_by_text(NAME)).to_be_visible()
    assert Person.objects.get(phone=NUMBER).erase_after is None
