"""Pictures of every page for docs/pictures: `make pictures` while `make demo` runs in another window.

Each page in two widths, two languages and two colour schemes, as the people of the demo see it. The shopper buys
two vouchers and the shop scans one, so that no page is empty. Pictures have 256 colours, to keep the folder small.
"""

from __future__ import annotations

import argparse
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream"]
ARGUMENTS += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars"]
PHONES = {"operator": "+358400000001", "owner": "+358400000002", "shopper": "+358400000004"}
SIZES = {"390": (390, 844), "1280": (1280, 800)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True)
class Shot:
    """One page: the picture's name, who looks ("" for nobody in particular), the address, a code to type there."""

    name: str
    who: str
    path: str
    code: str = ""


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


def buy(context: BrowserContext, deal: str) -> str:
    """Buy a deal at the sandbox; the path of the voucher."""
    page = context.new_page()
    page.goto(f"{deal}buy/")
    if page.locator("input[name=remember]").count():
        page.locator("input[name=remember]").check()
    page.locator("#checkout .buy-bar button").click()
    page.wait_for_url("**/pay/*")
    page.locator("button[value=pay]").click()
    page.wait_for_selector("[data-settled] a[href^='/voucher/'], a[href^='/voucher/']")
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


def swapped(code: str) -> str:
    """The code as somebody types it in a hurry."""
    last = next(letter for letter in "ACDEFG" if letter != code[-1])
    return code[:-1] + last


def show(page: Page, shot: Shot) -> None:
    """Open the page, and wait for what comes later."""
    if shot.code:
        scan(page, shot.code)
    else:
        page.goto(shot.path)
    page.wait_for_timeout(2500 if shot.name in ("map", "merchant-scan") else 400)


def shots(browser: Browser, url: str) -> list[Shot]:
    """Go through the loop once, and list every page with what came of it."""
    shopper = browser.new_context(base_url=url, locale="en-GB")
    owner = browser.new_context(base_url=url, locale="en-GB")
    sign_in(shopper, PHONES["shopper"])
    sign_in(owner, PHONES["owner"])
    page = owner.new_page()
    page.goto("/merchant/deals/")
    offer = page.locator("a[href^='/merchant/deals/off_']").first.get_attribute("href") or ""
    deal = offer.replace("/merchant/deals/", "/deal/")
    vouchers = [buy(shopper, deal) for _ in range(2)]
    codes = [code_of(shopper, voucher) for voucher in vouchers]
    scan(page, codes[0])
    page.wait_for_timeout(3000)  # the worker writes the visit down; a later run shows it in any case
    page.goto("/merchant/customers/")
    customer = page.locator("a[href^='/merchant/customers/cus_']").first.get_attribute("href") or ""
    page.goto(deal)
    store = page.locator("a[href^='/store/']").first.get_attribute("href") or ""
    wallet = shopper.new_page()
    wallet.goto("/orders/")
    order = wallet.locator("a[href^='/orders/ord_']").first.get_attribute("href") or ""
    pay = unpaid(shopper, deal)
    shopper.close()
    owner.close()
    public = {"home": "/", "nearby": "/nearby/", "search": "/nearby/?q=kah", "category": "/category/food/"}
    public |= {"map": "/map/", "store": store, "deal": deal, "region": "/region/", "sign-in": "/sign-in/"}
    public |= {"gallery": "/gallery/", "offline": "/offline/", "not-found": "/no-such-page/"}
    public |= {
        "messages": "/demo/messages/",
        "sandbox-pay": pay,
        "api-docs": "/api/v1/docs",
        "admin": "/admin/",
    }
    mine = {
        "checkout": f"{deal}buy/",
        "wallet": "/wallet/",
        "voucher": vouchers[1],
        "voucher-used": vouchers[0],
    }
    mine |= {"refund": f"{vouchers[1]}refund/", "orders": "/orders/", "order": order, "me": "/me/"}
    shop = {"scan": "/merchant/scan/", "today": "/merchant/", "deals": "/merchant/deals/", "deal": offer}
    shop |= {"customers": "/merchant/customers/", "customer": customer, "desk": "/merchant/desk/"}
    office = {"figures": "/operator/", "queue": "/operator/queue/", "orders": "/operator/orders/"}
    office |= {"order": f"/operator{order}", "refunds": "/operator/refunds/", "books": "/operator/books/"}
    listed = [Shot(name, "", path) for name, path in public.items()]
    listed += [Shot(name, "shopper", path) for name, path in mine.items()]
    listed += [Shot(f"merchant-{name}", "owner", path) for name, path in shop.items()]
    scans = {"yes": codes[1], "no": codes[0], "wait": swapped(codes[0])}
    listed += [Shot(f"merchant-scan-{name}", "owner", "", code) for name, code in scans.items()]
    return listed + [Shot(f"operator-{name}", "operator", path) for name, path in office.items()]


def save(page: Page, path: Path) -> None:
    """A picture of what is seen without scrolling, in 256 colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Take the pictures that were asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--url", default="http://127.0.0.1:8000")
    asked.add_argument("--only", default="", help="names that begin so, separated by commas")
    asked.add_argument("--folder", type=Path, default=FOLDER)
    options = asked.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    only = tuple(name for name in options.only.split(",") if name)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        wanted = [shot for shot in shots(browser, options.url) if not only or shot.name.startswith(only)]
        states = {}
        for who, phone in PHONES.items():
            context = browser.new_context(base_url=options.url)
            sign_in(context, phone)
            states[who] = context.storage_state()
            context.close()
        for size, (width, height) in SIZES.items():
            for language, locale in LANGUAGES.items():
                for scheme in SCHEMES:
                    for who in ("", *PHONES):
                        context = browser.new_context(
                            base_url=options.url, viewport={"width": width, "height": height}, locale=locale,
                            color_scheme=scheme, storage_state=states.get(who), permissions=["camera"],
                        )  # fmt: skip
                        page = context.new_page()
                        for shot in wanted:
                            if shot.who == who:
                                show(page, shot)
                                save(page, options.folder / f"{shot.name}-{size}-{language}-{scheme}.png")
                                if page.locator("form[action*=undo] button").count() and shot.code:
                                    page.locator("form[action*=undo] button").first.click()
                                    page.wait_for_selector("#answer-headline")
                        context.close()
        browser.close()


if __name__ == "__main__":
    main()
