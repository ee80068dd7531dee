"""/api/v1/docs in a real browser: it works under the strict policy and asks nobody else for anything."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import sync_playwright

from tests.fakes.site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def visit(url: str) -> tuple[list[str], list[str], list[str]]:
    """Open the page; the scopes and headings it shows, what the console said, and which hosts it asked."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.wait_for_selector(".opblock-summary-path")
        paths = [path.strip() for path in page.locator(".opblock-summary-path").all_inner_texts()]
        browser.close()
    return paths, said, asked


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
def test_the_page_lists_every_route_and_asks_nobody_else(site: Site) -> None:
    # Playwright has an event loop of its own, which Django's database layer would take for ours.
    with ThreadPoolExecutor(1) as pool:
        paths, said, asked = pool.submit(visit, f"{site.url}/api/v1/docs").result(timeout=120)
    shown = {path.replace("\u200b", "") for path in paths}
    assert {"/api/v1/orders", "/api/v1/redemptions", "/api/v1/stores/nearby"} <= shown
    assert said == []
    assert {url for url in asked if not url.startswith((site.url, "data:"))} == set()
