"""Chromium, the demo city, and people who use it. Skipped, saying so, where no chromium is installed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.fakes.copies import Copies
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
# The same engine without the window around it, which takes a third less time; it shows no notifications.
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
ARGUMENTS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream"),
    *(
        "--use-fake-device-for-media-stream",
        "--use-gl=angle",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        # only the map needs the graphics that the processor plays here
        "--disable-gpu-compositing",
        "--disable-gpu-rasterization",
    ),
]
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
AT_REST = """document.getAnimations().every(
    (each) => each.playState !== "running" || each.effect.getTiming().iterations === Infinity)"""
NO_NETWORK = ("Failed to load resource: net::", "htmx:afterRequest", "htmx:sendError")
PHONE, DESKTOP = (390, 844), (1280, 800)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder drives a browser; what takes longest begins first, so that nobody waits for it."""
    places = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    ours = sorted((items[place] for place in places), key=lambda item: not item.get_closest_marker("slow"))
    for place, item in zip(places, ours, strict=True):
        items[place] = item
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="no chromium here (Debian: apt-get install chromium)"))


@dataclass
class Visitor:
    """Somebody with a browser; every error of every page is kept."""

    page: Page
    errors: list[str] = field(default_factory=list)
    lost_network: bool = False
    read_code: Callable[[str], str] = field(default_factory=lambda: last_code)

    def note(self, error: str) -> None:
        """Keep an error; not what browser and htmx say of each request that found no network, once it was taken away."""
        if not (self.lost_network and error.startswith(NO_NETWORK)):
            self.errors.append(error)

    def lose_network(self) -> None:
        """As in a cellar; `page.context.set_offline(False)` brings it back."""
        self.lost_network = True
        self.page.context.set_offline(True)

    def sign_in(self, phone: str, *, to: str = "/") -> None:
        """Sign in with the code from the demo's message tray, as a person would."""
        self.page.goto(f"/sign-in/?next={to}")
        self.enter_phone_and_code(phone)

    def enter_phone_and_code(self, phone: str) -> None:
        """From the sign-in page to where it leads."""
        self.page.locator("input[name=phone]").fill(phone)
        self.page.locator("form[novalidate] button.btn-primary").click()
        self.page.locator("input[name=code]").fill(self.read_code(phone))
        self.page.locator("form[novalidate] button.btn-primary").click()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def check_accessible(self) -> None:
        """No fault that axe can find (WCAG 2.2 AA and best practice) on the page as it is."""
        # axe reads colours in the middle of a fade, so it waits until nothing moves.
        while not self.page.evaluate(AT_REST):
            self.page.wait_for_timeout(50)
        # What is well is not asked for: telling it takes axe longer than finding what is not.
        options = {"runOnly": RULES, "resultTypes": ["violations"]}
        found = Axe().run(self.page, options=options).response["violations"]
        for fault in found:
            if fault["id"] == "target-size":
                fault["nodes"] = [node for node in fault["nodes"] if self._is_too_small(node["target"][0])]
        faults = [
            (fault["id"], [node["html"][:120] for node in fault["nodes"][:3]])
            for fault in found
            if fault["nodes"]
        ]
        assert not faults, f"{self.page.url}\n{json.dumps(faults, indent=1)}"

    def _is_too_small(self, selector: str) -> bool:
        """Whether a target stays too small in the middle of the window, where no bar at its edge covers a part of it."""
        options = {"runOnly": ["target-size"], "resultTypes": ["violations"]}
        before = self.page.evaluate("scrollY")
        self.page.eval_on_selector(
            selector, "(target) => target.scrollIntoView({block: 'center', behavior: 'instant'})"
        )
        found = Axe().run(self.page, context=selector, options=options).response["violations"]
        self.page.evaluate("(top) => scrollTo({top, behavior: 'instant'})", before)
        return bool(found)

    def check_fits(self) -> None:
        """Nothing sticks out to the side."""
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"


def last_code(phone: str) -> str:
    """The newest code the demo's tray holds for a phone."""
    from hutong.town.people.models import Message

    def newest() -> str | None:
        message = Message.objects.filter(to=phone).order_by("-id").first()
        found = re.search(r"\b(\d{6})\b", message.body) if message else None
        return found[1] if found else None

    return str(wait_until(newest))


@pytest.fixture(scope="session")
def playwright_session() -> Iterator[Playwright]:
    """Playwright without its own browsers.

    Its synchronous face keeps an event loop in this thread, in which Django would refuse to touch the database.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield running


@pytest.fixture(scope="session")
def browser(playwright_session: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, without a window where its shell is there."""
    launched = playwright_session.chromium.launch(executable_path=SHELL, args=ARGUMENTS)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def saved_city() -> Copies:
    """The rows of the seeded city, once a test of this session has made it."""
    return Copies()


@pytest.fixture
def seeded(site: Site, saved_city: Copies) -> Site:
    """The site with the demo city, its sample shops and its accounts, all of it in the index."""
    from hutong.flows import jobs
    from hutong.flows.demo_city import seed_demo
    from hutong.flows.import_osm import import_osm
    from hutong.kernel import clock

    if saved_city.tables:
        saved_city.put_back()
        return site
    import_osm(
        ROOT / "data" / "helsinki-centre.osm.pbf", "helsinki",
        names={"en": "Helsinki", "zh-Hans": "赫尔辛基", "fi": "Helsinki"},
        zone="Europe/Helsinki", currency="EUR", at=clock.now(),
    )  # fmt: skip
    seed_demo(at=clock.now())
    jobs.drain()
    saved_city.take()
    return site


@pytest.fixture
def city(seeded: Site, worker: None) -> Site:
    """The demo city as `make demo` has it.

    The worker starts after the seeding: one that ran beside it would take jobs out of the outbox, and draining
    would end before the index knows the deals.
    """
    return seeded


Arrive = Callable[..., Visitor]


@pytest.fixture
def arrive(city: Site, browser: Browser) -> Iterator[Arrive]:
    """`arrive(language="zh-hans", size=PHONE, scheme="dark")`: a new visitor. At the end nobody may have seen an error."""
    with arrivals(browser, city.url) as arriving:
        yield arriving


@contextmanager
def arrivals(
    browser: Browser,
    url: str,
    *,
    zone: str = "Europe/Helsinki",
    read_code: Callable[[str], str] = last_code,
) -> Iterator[Arrive]:
    """Visitors of the site at `url`, as the fixture `arrive` makes them; `read_code` is where they read their codes."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def arriving(
        *,
        language: str = "en",
        size: tuple[int, int] = PHONE,
        scheme: str = "light",
        camera: Browser | None = None,
        agent: str | None = None,
    ) -> Visitor:
        context = (camera or browser).new_context(
            base_url=url,
            viewport={"width": size[0], "height": size[1]},
            locale=LOCALES[language],
            color_scheme="dark" if scheme == "dark" else "light",
            timezone_id=zone,
            user_agent=agent,
            permissions=["camera"] if camera else [],
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), read_code=read_code)
        visitor.page.on("pageerror", lambda error: visitor.note(str(error)))
        visitor.page.on("console", lambda said: visitor.note(said.text) if said.type == "error" else None)
        visitors.append(visitor)
        return visitor

    yield arriving
    for context in contexts:
        context.close()
    assert [error for visitor in visitors for error in visitor.errors] == []


expect.set_options(timeout=15_000)
