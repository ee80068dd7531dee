"""What people do in the demo, in a browser: sign in, buy, scan, act for a merchant."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Page


def sign_in(context: BrowserContext, phone: str) -> None:
    """Sign in with the code of the demo's tray."""
    page = context.new_page()
    page.goto("/sign-in/")
    page.locator("input[name=phone]").fill(phone)
    page.locator("form[novalidate] button.btn-primary").click()
    tray = context.new_page()
    tray.goto("/demo/messages/")
    found = re.search(r"\b\d{6}\b", tray.locator("main").inner_text())
    assert found, "the tray holds no code"
    page.locator("input[name=code]").fill(found[0])
    page.locator("form[novalidate] button.btn-primary").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    tray.close()
    page.close()


def act_for(context: BrowserContext, merchant_ref: str) -> None:
    """An operator begins to act for a merchant."""
    page = context.new_page()
    page.goto(f"/operator/merchants/{merchant_ref}/act/")
    page.locator("textarea[name=reason]").fill("The owner asked us by phone to mend the price.")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/merchant/")
    page.close()


def buy(context: BrowserContext, deal: str) -> str:
    """Buy a deal at the sandbox; the path of the voucher."""
    page = context.new_page()
    page.goto(f"{deal}buy/")
    if page.locator("input[name=remember]").count():
        page.locator("input[name=remember]").check()
    page.locator("#checkout .buy-bar button").click()
    page.wait_for_url("**/pay/*")
    page.locator("button[value=pay]").click()
    page.wait_for_selector("a[href^='/voucher/']")
    path = page.locator("a[href^='/voucher/']").first.get_attribute("href")
    page.close()
    assert path
    return path


def unpaid(context: BrowserContext, deal: str) -> str:
    """Go to the sandbox and stop there; the address of its page."""
    page = context.new_page()
    page.goto(f"{deal}buy/")
    page.locator("#checkout .buy-bar button").click()
    page.wait_for_url("**/pay/*")
    address = page.url
    page.close()
    return address


def code_of(shopper: BrowserContext, voucher: str) -> str:
    """The code that is typed where a camera does not work."""
    page = shopper.new_page()
    page.goto(voucher)
    found = re.search(r"\b[0-9A-Z]{4}(?:[- ][0-9A-Z]{4}){3}\b", page.locator("main").inner_text().upper())
    assert found, "no code on the voucher"
    page.close()
    return found[0]


def scan(page: Page, code: str) -> None:
    """The shop types a code."""
    page.goto("/merchant/scan/")
    page.locator("#scan-code").fill(code)
    page.locator("#scan-form button").click()
    page.wait_for_selector("#answer-headline")


def undo_scan(page: Page) -> None:
    """Take the scan back, where it can be, so that the voucher is as it was."""
    button = page.locator("form[action*=undo] button")
    if button.count():
        button.first.click()
        page.wait_for_selector("#answer-headline")
