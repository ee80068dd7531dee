"""The operator's figures by keys, out of the history, on a phone and in the dark, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hutong.kernel import clock
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Device
from hutong.town.people.models import Person
from tests.browser.conftest import DESKTOP, PHONE, Arrive
from tests.factories.loop import Scene

OPERATOR = "+358400000001"
SHOPPER = "+358400009001"


@pytest.fixture
def sold(city: object) -> Scene:
    """Somebody bought two of a deal just now; the shop used one."""
    device = Device.objects.select_related("store__merchant").order_by("pk")[0]
    offer = Offer.objects.filter(state="live", places__store=device.store).order_by("pk")[0]
    shopper = Person.objects.filter(phone=SHOPPER).first() or Person.objects.create_user(SHOPPER, name="Fia")
    scene = Scene(at=clock.now(), store=device.store, offer=offer, device=device, shopper=shopper)
    first, _second = scene.bought(quantity=2)
    scene.scan(first.code)
    return scene


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [
        ("en", DESKTOP, "light"),
        ("zh-hans", DESKTOP, "dark"),
        ("en", PHONE, "dark"),
        ("zh-hans", PHONE, "light"),
    ],
)
def test_figures_by_keys(
    arrive: Arrive, sold: Scene, language: str, size: tuple[int, int], scheme: str
) -> None:
    office = arrive(language=language, size=size, scheme=scheme)
    office.sign_in(OPERATOR, to="/operator/")
    page = office.page
    page.wait_for_selector("hutong-chart[ready]")
    office.check_accessible()
    office.check_fits()

    page.locator("#span-28d").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#span-28d")).to_have_attribute("aria-current", "true")
    expect(page.locator("#span-28d")).to_be_focused()
    assert "span=28d" in page.url

    rows = page.locator("section:has(#rows-title) tbody")
    rows.locator("a").first.press("Enter")
    expect(page.locator("#mark-category")).to_be_visible()
    assert "category=" in page.url
    page.go_back()
    expect(page.locator("#mark-category")).to_have_count(0)
    page.wait_for_selector("hutong-chart[ready]")
    assert page.locator("hutong-chart .chart").count() == 1

    page.locator("#own-days").press("Enter")
    page.locator("#own-start").fill("2026-02-10")
    page.locator("#own-end").fill("2026-02-01")
    page.locator("#own-show").press("Enter")
    expect(page.locator("#own-problem")).to_be_visible()
    office.check_accessible()
    office.check_fits()
