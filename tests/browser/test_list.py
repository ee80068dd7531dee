"""The list with its filters, back to the same spot, words with suggestions and history, and choosing a place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from hutong.flows import index_search, place_stores
from hutong.kernel import clock
from hutong.town.regions.models import Region
from hutong.town.regions.services import store_regions
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import Extent, RegionKind, RegionSpec
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.browser.test_saved import store_links
from tests.factories import regions
from tests.town.regions.test_outlines import polygon, square

WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
CHIPS = "#list nav.flex-wrap a.chip"


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


def open_filters(page: Page) -> Locator:
    """The form of filters: beside the list on a wide screen, behind its button on a narrow one."""
    form = page.locator("#filters")
    if not form.is_visible():
        page.locator("label:has(#filters-open)").click()
    expect(form).to_be_visible()
    return form


def count_of(form: Locator, name: str, value: str) -> int:
    """How many shops a choice says it would leave."""
    line = form.locator(f"label:has(input[name={name}][value='{value}'])")
    return int(line.locator("span.tabular-nums").inner_text())


def total(page: Page, number: int) -> None:
    """The list says it has so many, and has them."""
    expect(page.locator("#list p[role=status].text-sm")).to_have_text(re.compile(rf"^{number}\D"))
    assert len(store_links(page)) == min(number, 20)


@WAYS
def test_filters_counted_several_at_once_and_taken_out_one_by_one(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    page.goto("/nearby/?category=food")
    form = open_filters(page)
    checked(visitor)
    with_deal = count_of(form, "deal", "1")
    form.locator("input[name=deal]").check()
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/nearby/?*deal=1*")
    total(page, with_deal)
    form = open_filters(page)
    expect(form.locator("input[name=deal]")).to_be_checked()
    low, middle = count_of(form, "price", "1"), count_of(form, "price", "2")
    for band in ("1", "2"):
        form.locator(f"input[name=price][value='{band}']").check()
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/nearby/?*price=1&price=2*")
    total(page, low + middle)
    expect(page.locator(CHIPS)).to_have_count(3)
    checked(visitor)
    page.locator(f"{CHIPS}[href*='price=1']:not([href*='price=2'])").click()
    page.wait_for_url(lambda url: "price=2" not in url)
    total(page, low)
    page.locator("#sort-price").click()
    expect(page.locator("#sort-price")).to_have_attribute("aria-current", "true")
    expect(page.locator("#sort-price")).to_be_focused()
    prices = [float(text[1:]) for text in page.locator("#found b.price").all_inner_texts()]
    assert prices == sorted(prices)
    assert len(prices) > 5

    # The map has the same filters, and the list behind it has them again.
    page.locator("#list a[href*='/map/']").first.click()
    page.wait_for_url("**/map/?*")
    page.locator("a[href*='filters=1']").click()
    page.wait_for_url("**/nearby/?*filters=1*")
    form = page.locator("#filters")
    expect(form).to_be_visible()
    for name, value in (("deal", "1"), ("price", "1"), ("category", "food")):
        expect(form.locator(f"input[name={name}][value='{value}']")).to_be_checked()

    # Nothing answers: how much there is without each filter, and the nearest that would have been.
    page.goto("/nearby/?category=food&deal=1&rating=4.5")
    expect(page.locator("#found .panel h2").first).to_be_visible()
    assert len(store_links(page)) == 1
    checked(visitor)
    without = page.locator("#found a.chip")
    expect(without).to_have_count(1)
    expect(without.locator("span")).to_have_text(str(with_deal))
    without.click()
    page.wait_for_url(lambda url: "rating" not in url)
    total(page, with_deal)

    # Deals take the filters that mean something to them.
    page.locator("#show-deals").click()
    page.wait_for_url("**/nearby/?*show=deals*")
    open_filters(page).locator("input[name=price][value='1']").check()
    page.locator("#filters button[type=submit]").click()
    page.wait_for_url("**/nearby/?*price=1*")
    expect(page.locator("#found a[href^='/deal/']").first).to_be_visible()
    checked(visitor)


@WAYS
def test_back_to_the_same_spot(arrive: Arrive, size: tuple[int, int], language: str, scheme: str) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    page.goto("/nearby/?category=food&sort=relevance")
    names = page.locator("#found h3 a")
    expect(names).to_have_count(20)
    for pages in (2, 3):
        page.locator("#more-results").scroll_into_view_if_needed()
        page.wait_for_url(f"**/nearby/?*spot={pages}~*")
        expect(names).to_have_count(20 * pages)
    # What comes last is loaded while one looks at it; the address tells how far that is.
    far = names.nth(33)
    far.scroll_into_view_if_needed()
    before, rows, place = far.inner_text(), names.all_inner_texts()[:60], page.evaluate("scrollY")
    assert place > 1500
    far.click()
    page.wait_for_url("**/store/**")
    page.go_back()
    expect(names.nth(33)).to_have_text(before)
    expect(names.nth(33)).to_be_in_viewport()
    page.wait_for_function("place => Math.abs(scrollY - place) < 4", arg=place)
    assert names.all_inner_texts()[:60] == rows
    assert "category=food" in page.url
    checked(visitor)


@pytest.fixture
def districts(city: object) -> Region:
    """A district of the town with its shops, and a second town."""
    at = clock.now()
    town = Region.objects.get(slug="helsinki")
    shape = read_outline(polygon(square(24.935, 60.166, 0.006)))
    names = {"en": "Kluuvi", "zh-Hans": "克鲁维"}
    spec = RegionSpec(
        slug="kluuvi",
        names=names,
        kind=RegionKind.DISTRICT,
        parent_slug="helsinki",
        shape=shape,
    )
    store_regions(specs=[spec], at=at)
    other = regions.region(slug="tampere", extent=Extent(23.6, 61.4, 23.9, 61.6))
    Region.objects.filter(pk=other.pk).update(names={"en": "Tampere", "zh-Hans": "坦佩雷"}, in_use=True)
    place_stores.place_region(town.public_id, at)
    index_search.index_region(town.public_id, at)
    return town


@WAYS
def test_a_place_by_list_by_typing_by_position_and_by_the_map(
    districts: Region, arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    page.goto("/region/?next=/nearby/")
    checked(visitor)
    page.locator("#places button[value=tampere]").click()
    page.wait_for_url("**/nearby/")
    expect(page).to_have_title(re.compile("坦佩雷" if language == "zh-hans" else "Tampere"))
    page.goto("/region/")
    page.locator("main input[name=q]").fill("kluu")
    choice = page.locator("#places button[name=region]")
    expect(choice).to_have_count(1)
    checked(visitor)
    choice.click()
    page.wait_for_url("**/nearby/?area=kluuvi")
    expect(page.locator("h1")).to_contain_text("克鲁维" if language == "zh-hans" else "Kluuvi")
    expect(page.locator(CHIPS)).to_have_count(1)
    assert store_links(page)
    checked(visitor)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 24.9520, "latitude": 60.1690})
    page.goto("/region/?next=/")
    page.locator("locate-me button").click()
    page.wait_for_url("**/")
    expect(page.locator("locate-me")).to_have_count(0)
    page.goto("/region/")
    page.locator("main a[href*='map']").first.click()
    expect(page.locator("hutong-map[ready]")).to_be_visible(timeout=40_000)


@WAYS
def test_suggestions_and_history_by_keyboard(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    visitor = arrive(size=size, language=language, scheme=scheme)
    page = visitor.page
    page.goto("/")
    box = page.locator("input[data-suggest]:visible")
    options = page.locator("[role=option]:visible")
    for text in ("kahvila", "pizza"):
        box.fill(text)
        expect(options.first).to_be_visible()
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/nearby/?*q={text}*")
        page.goto("/")
    box.press_sequentially("kah")
    expect(options.first).to_be_visible()
    expect(page.locator("form[role=search] [role=status]:not(:empty)")).to_contain_text(re.compile(r"\d"))
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    chosen = str(box.get_attribute("aria-activedescendant"))
    expect(options.first).to_have_id(chosen)
    visitor.check_accessible()
    box.fill("")
    expect(options).to_have_count(3)  # the last searches, the newest first, and the way to clear them
    expect(options.first).to_contain_text("pizza")
    visitor.check_accessible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("kahvila")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/nearby/?*q=kahvila*")

    # The same on a page, for who has no keyboard; and all at once.
    page.goto("/me/seen/")
    line = page.locator("recent-searches li")
    expect(line).to_have_count(1)
    expect(line.locator("a")).to_have_attribute("href", "/nearby/?q=kahvila")
    checked(visitor)
    line.locator("button").click()
    expect(page.locator("recent-searches")).to_be_hidden()
    page.goto("/")
    box.fill("sushi")
    page.keyboard.press("Enter")
    page.wait_for_url("**/nearby/?*q=sushi*")
    page.goto("/")
    box.focus()
    options.last.click()
    expect(options).to_have_count(0)
    assert page.evaluate("localStorage.getItem('hutong_searches')") is None
