"""An operator's first day: the site that the commands of docs/start/operator.md make, until its first sale.

The operator, the merchant and the shopper have phones and read English; afterwards a second operator looks at what
happened at a desk, in Chinese and in the dark. Every page is looked at by axe, and none is wider than its window.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESKTOP, PHONE, Visitor, arrivals
from tests.fakes.first_hour import OPERATOR, Tray, an_empty_folder, extract_of_a_town, run_page
from tests.fakes.sandbox import wait_until

MERCHANT = "+377677001122"
SHOPPER = "+377655667788"
SECOND_OPERATOR = "+377698765432"
SHOP = {
    "name_en": "Luna Bakery",
    "name_zh": "月亮面包房",
    "phone": "+377 97 97 00 11",
    "address": "Rue Grimaldi 12",
    "legal_name": "Luna SARL",
    "business_id": "RCI 77S09999",
}
DEAL = ("Coffee and cake for two", "双人咖啡配蛋糕")
OFFICE = ("", "queue/", "orders/", "merchants/", "refunds/", "books/", "site/", "audit/")


def seen(visitor: Visitor, path: str = "") -> None:
    """Go there, where a path is said, and find nothing wrong with the page."""
    if path:
        visitor.page.goto(path)
    visitor.check_accessible()
    visitor.check_fits()


# Latitude and longitude in the middle of the towns there are extracts of.
MONACO, HELSINKI = ("43.7335", "7.4190"), ("60.1690", "24.9410")


@pytest.mark.slow
def test_the_first_day(data_folder: Path, browser: Browser) -> None:
    with an_empty_folder(extract_of_a_town(data_folder)) as shell:
        place = MONACO if "monaco" in extract_of_a_town(data_folder).name else HELSINKI
        run_page(shell, look=lambda url: live_through(url, browser, place))


def live_through(url: str, browser: Browser, place: tuple[str, str]) -> None:
    with arrivals(browser, url, zone="Europe/Monaco", read_code=Tray(url).code) as arrive:
        operator, merchant, shopper = arrive(size=PHONE), arrive(size=PHONE), arrive(size=PHONE)
        become_the_operator(operator)
        write_the_imprint(operator)
        look_at_the_town(shopper)
        sign_up(merchant, place)
        say_the_hours(merchant)
        make_a_deal(merchant)
        approve_both(operator)
        code = buy(shopper)
        redeem(merchant, code)
        expect(shopper.page.locator("[data-state=used]")).to_be_visible()
        seen(shopper)
        at_the_desk = arrive(language="zh-hans", size=DESKTOP, scheme="dark")
        look_back(at_the_desk)


def become_the_operator(operator: Visitor) -> None:
    page = operator.page
    seen(operator, "/operator/")
    page.locator("input[name=phone]").fill("+377 6 12 34 56 78")
    page.locator("form[novalidate] button.btn-primary").click()
    seen(operator)
    page.locator("input[name=code]").fill(operator.read_code(OPERATOR))
    page.locator("form[novalidate] button.btn-primary").click()
    page.wait_for_url("**/operator/")
    seen(operator)
    # Nothing is in the office that a demo would have left there.
    expect(page.locator("main")).to_contain_text("Nobody has ordered here yet.")


def write_the_imprint(operator: Visitor) -> None:
    """Both languages on one page; the look before publishing has the places filled in; readers get it at once."""
    page = operator.page
    seen(operator, "/operator/site/")
    page.locator("a[href='/operator/site/pages/imprint/']").click()
    for language, more in (("en", "Rue Grimaldi 1, Monaco"), ("zh", "摩纳哥格里马尔迪街 1 号")):
        words = page.locator(f"textarea[name={language}]")
        words.fill(f"{words.input_value()}\n\n{more}\n")
    page.locator("button[name=look]").click()
    expect(page.locator("main")).to_contain_text("Our town is run by")
    seen(operator)
    page.locator("form:has(textarea) button.btn-primary").click()
    page.wait_for_url("**/operator/site/")
    seen(operator, "/imprint/")
    expect(page.locator("main")).to_contain_text("Town Market Ltd")
    expect(page.locator("main")).to_contain_text("Rue Grimaldi 1, Monaco")
    for path in ("/terms/", "/privacy/"):
        seen(operator, path)
        expect(page.locator("main")).to_contain_text("office@example.org")


def look_at_the_town(shopper: Visitor) -> None:
    """The shops of the extract are there and near, and there is nothing to buy yet."""
    page = shopper.page
    stores = page.locator("a[href^='/store/']")
    wait_until(
        lambda: page.goto("/") and stores.count(), timeout_s=60
    )  # the worker brings them into the index
    seen(shopper)
    expect(page.locator("a[href^='/deal/']")).to_have_count(0)
    # The middle of the town is where its shops are.
    expect(page.locator("article, li", has=page.locator("a[href^='/store/']")).first).to_contain_text(" m")
    stores.first.click()
    page.wait_for_url("**/store/sto_*/")
    seen(shopper)
    page.goto("/map/")
    expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
    seen(shopper)


def sign_up(merchant: Visitor, place: tuple[str, str]) -> None:
    """A shop that is not on the map: its facts, and where in the town it is."""
    page = merchant.page
    seen(merchant, "/merchant/join/")
    page.locator("a[href='/merchant/join/new/']").click()
    merchant.enter_phone_and_code(MERCHANT)
    page.wait_for_url("**/merchant/join/new/")
    seen(merchant)
    for name, words in SHOP.items():
        page.locator(f"main [name={name}]").fill(words)
    page.locator("main select[name=category]").select_option(label="Bakery & sweets")
    page.locator("details:has([name=lat]) summary").click()
    page.locator("[name=lat]").fill(place[0])
    page.locator("[name=lon]").fill(place[1])
    page.locator("main form:has([name=name_en]) button[type=submit].btn-primary").click()
    page.wait_for_url("**/merchant/")
    expect(page.locator("main")).to_contain_text("The platform has not approved your shop yet.")
    seen(merchant)


def say_the_hours(merchant: Visitor) -> None:
    page = merchant.page
    seen(merchant, "/merchant/hours/")
    page.locator("[name=d0_mode]").select_option("hours")
    page.locator("[name=d0_0_from]").fill("08:00")
    page.locator("[name=d0_0_to]").fill("19:00")
    page.locator("button[value=copy-0]").click()
    expect(page.locator("[name=d6_0_to]")).to_have_value("19:00")
    page.locator("button[value=save]").last.click()
    page.wait_for_url("**/merchant/hours/?saved=1")
    seen(merchant)


def make_a_deal(merchant: Visitor) -> None:
    """From a template, through its four steps."""
    page = merchant.page
    seen(merchant, "/merchant/deals/new/")
    page.locator("button[value=coffee-and-cake]").click()
    page.wait_for_url("**/what/")
    seen(merchant)
    page.locator("[name=row-0-value]").fill("3.50")
    page.locator("[name=row-1-value]").fill("4.50")
    page.locator("button[value=next]").last.click()
    page.wait_for_url("**/price/")
    expect(page.locator("[name=list_price]")).to_have_value("16.00")
    page.locator("[name=price]").fill("9.90")
    seen(merchant)
    page.locator("button[value=next]").last.click()
    page.wait_for_url("**/terms/")
    seen(merchant)
    page.locator("button[value=next]").last.click()
    page.wait_for_url("**/look/")
    expect(page.locator("main")).to_contain_text("€8.91")
    seen(merchant)
    page.locator("button[value=submit]").last.click()
    page.wait_for_url("**/merchant/deals/off_*/")
    seen(merchant)


def approve_both(operator: Visitor) -> None:
    """The merchant and then its deal, with one key each."""
    page = operator.page
    seen(operator, "/operator/queue/")
    page.locator("[data-queue-link]", has_text="Luna Bakery").first.click()
    page.wait_for_url("**/queue/mer_*/")
    seen(operator)
    page.keyboard.press("a")
    page.wait_for_url("**/queue/off_*/")
    seen(operator)
    page.keyboard.press("a")
    page.wait_for_url(re.compile(r"/queue/(\?.*)?$"))
    expect(page.locator("[data-queue-link]")).to_have_count(0)
    seen(operator)


def buy(shopper: Visitor) -> str:
    """The deal as the home page has it now, paid at the sandbox; the voucher's code."""
    page = shopper.page
    deals = page.locator("a[href^='/deal/']")
    wait_until(lambda: page.goto("/") and deals.count(), timeout_s=30)  # the worker brings it into the index
    seen(shopper)
    deals.first.click()
    page.wait_for_url("**/deal/off_*/")
    expect(page.locator("main")).to_contain_text(DEAL[0])
    seen(shopper)
    page.locator("a[href$='/buy/']").first.click()
    shopper.enter_phone_and_code(SHOPPER)
    page.wait_for_url("**/buy/**")
    seen(shopper)
    page.locator("#checkout button.btn-primary[type=submit], #checkout .buy-bar button").first.click()
    page.wait_for_url("**/pay/*", wait_until="load")
    seen(shopper)
    page.locator("button[value=pay]").click()
    expect(page.locator("[data-settled] h1")).to_be_visible()
    seen(shopper)
    page.locator("a[href^='/voucher/vch_']").first.click()
    expect(page.locator("[data-state=ready]")).to_be_visible()
    seen(shopper)
    found = re.search(r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){3}\b", page.locator("main").inner_text())
    assert found
    return found[0]


def redeem(merchant: Visitor, code: str) -> None:
    page = merchant.page
    page.goto("/merchant/scan/")
    page.locator("main input[name=code]").fill(code.lower())
    page.locator("form:has(input[name=code]) button[type=submit]").click()
    expect(page.locator("#answer-headline")).to_be_visible()
    expect(page.locator("main")).to_contain_text(DEAL[0])
    seen(merchant)
    seen(merchant, "/merchant/")
    expect(page.locator("main")).to_contain_text("€8.91")


def look_back(operator: Visitor) -> None:
    """What the second operator, whom a command of the page let in, sees of it afterwards."""
    page = operator.page
    operator.sign_in(SECOND_OPERATOR, to="/operator/")
    main = page.locator("main")
    for path in OFFICE:
        seen(operator, f"/operator/{path}")
    page.goto("/operator/")
    expect(main).to_contain_text("€9.90")
    expect(main).to_contain_text("€0.99")
    page.goto("/operator/orders/")
    expect(main).to_contain_text(DEAL[1])
    page.goto("/operator/audit/")
    for subject in (SHOP["name_zh"], DEAL[1], "Olivia Operator"):
        expect(main).to_contain_text(subject)
    seen(operator, "/imprint/")
    expect(main).to_contain_text("摩纳哥格里马尔迪街 1 号")
