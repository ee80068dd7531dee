"""The bell counts by itself; what is told is read, chosen, and pushed into the browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, Playwright, expect

from hutong.town.notifications.models import Subscription
from hutong.town.people.models import Person
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESKTOP, PHONE, Arrive, Visitor, arrivals
from tests.factories import notifications
from tests.fakes.push import base64url
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site

# Of somebody new, whom nothing of the demo city concerns: the worker tells its operator what waits as soon as it
# runs, and its shopper what expires.
PHONE_NUMBER = "+358400000077"


def person() -> Person:
    return Person.objects.get(phone=PHONE_NUMBER)


def bell(visitor: Visitor) -> str:
    """The count that the visible bell shows; empty without one."""
    counts = visitor.page.locator("notification-bell [data-count]").all()
    return next((one.inner_text() for one in counts if one.is_visible()), "")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_bell_counts_up_without_a_reload_and_down_when_read(arrive: Arrive, size: tuple[int, int]) -> None:
    visitor = arrive(size=size)
    visitor.sign_in(PHONE_NUMBER)
    page = visitor.page
    page.goto("/")
    page.evaluate("window.loadedOnce = true")
    expect(page.locator("notification-bell[connected]")).to_have_count(1)
    assert bell(visitor) == ""
    notifications.told(person())
    expect(page.locator("notification-bell [data-count='1']")).to_be_visible()
    assert page.evaluate("window.loadedOnce") is True
    page.locator("notification-bell a:visible").click()
    expect(page.get_by_role("heading", name="Notifications", level=1)).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("Unread:")).to_have_count(0)
    page.goto("/")
    expect(page.locator("notification-bell[connected]")).to_have_count(1)
    assert bell(visitor) == ""


@pytest.mark.parametrize(
    ("language", "size"), [("en", PHONE), ("zh-hans", DESKTOP)], ids=["phone", "desktop"]
)
def test_list_and_settings_are_accessible_and_fit(
    arrive: Arrive, language: str, size: tuple[int, int]
) -> None:
    visitor = arrive(language=language, size=size, scheme="dark" if size == DESKTOP else "light")
    visitor.sign_in("+358400000003", to="/notifications/")
    for path in ("/notifications/", "/notifications/settings/"):
        visitor.page.goto(path)
        visitor.check_accessible()
        visitor.check_fits()


def test_switch_is_turned_without_a_reload_and_stays(arrive: Arrive) -> None:
    visitor = arrive()
    visitor.sign_in(PHONE_NUMBER, to="/notifications/settings/")
    switch = visitor.page.get_by_role("switch", name="Vouchers: E-mail")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    visitor.page.reload()
    expect(visitor.page.get_by_role("switch", name="Vouchers: E-mail")).to_have_attribute(
        "aria-checked", "false"
    )


# What a browser with a push service answers; the one of the tests has none behind it.
SUBSCRIBING = """
window.asked = 0;
Object.defineProperty(Notification, "permission", { get: () => localStorage.getItem("allowed") ?? "default" });
Notification.requestPermission = async () => {
  window.asked += 1;
  localStorage.setItem("allowed", "granted");
  return "granted";
};
const known = () => JSON.parse(localStorage.getItem("subscription") ?? "null");
const made = (told) => told && { ...told, toJSON: () => told,
  unsubscribe: async () => { localStorage.removeItem("subscription"); return true; } };
PushManager.prototype.getSubscription = async () => made(known());
PushManager.prototype.subscribe = async (options) => {
  if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("key");
  localStorage.setItem("subscription", JSON.stringify(%s));
  return made(known());
};
"""


def test_push_is_turned_on_after_a_tap_and_removed(arrive: Arrive) -> None:
    visitor = arrive()
    visitor.sign_in(PHONE_NUMBER, to="/notifications/settings/")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    told = {
        "endpoint": "https://fcm.googleapis.com/fcm/send/a-test",
        "keys": {"p256dh": base64url(point), "auth": base64url(b"0123456789abcdef")},
    }
    page = visitor.page
    page.add_init_script(SUBSCRIBING % json.dumps(told))
    page.goto("/notifications/settings/")
    turn_on = page.get_by_role("button", name="Turn on on this device")
    expect(turn_on).to_be_visible()
    assert page.evaluate("window.asked") == 0
    turn_on.click()
    expect(page.get_by_text("Push is on in this browser.")).to_be_visible()
    expect(page.get_by_text("this one")).to_be_visible()
    assert Subscription.objects.get().person == person()
    visitor.check_accessible()
    page.get_by_role("button", name=re.compile("^Remove")).click()
    expect(turn_on).to_be_visible()
    assert not Subscription.objects.exists()


def registration_of(page: Page) -> tuple[CDPSession, str]:
    """A line to the browser itself, and the id of the page's service worker there."""
    session = page.context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    session.send("ServiceWorker.enable")
    first = said(page, found)
    return session, str(first["registrationId"])


def said(page: Page, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of the messages that the browser sends by itself."""

    def first() -> list[dict[str, Any]]:
        page.wait_for_timeout(50)  # lets the browser's messages in
        return messages[:1]

    found: list[dict[str, Any]] = wait_until(first, timeout_s=30)
    return found[0]


@pytest.fixture
def with_window(city: Site, playwright_session: Playwright) -> Iterator[Visitor]:
    """A visitor whose browser can show notifications."""
    browser = playwright_session.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    with arrivals(browser, city.url) as arriving:
        yield arriving(language="zh-hans")
    browser.close()


def test_service_worker_shows_what_is_pushed(with_window: Visitor) -> None:
    visitor = with_window
    visitor.sign_in(PHONE_NUMBER)
    page = visitor.page
    origin = re.sub(r"(https?://[^/]+).*", r"\1", page.url)
    page.context.grant_permissions(["notifications"], origin=origin)
    page.goto("/notifications/")
    page.wait_for_selector("html[data-worker=ready]")
    session, registration = registration_of(page)
    told = {
        "title": "已使用：双人午餐",
        "body": "在咖啡馆使用。",
        "url": f"{origin}/wallet/",
        "tag": "ntf_1",
        "lang": "zh-Hans",
    }
    # The browser tells when it is seen: a page that asks for the notifications just then makes it forget the new one.
    events: list[dict[str, Any]] = []
    session.on("BackgroundService.backgroundServiceEventReceived", lambda event: events.append(event))
    session.send("BackgroundService.startObserving", {"service": "notifications"})
    session.send("BackgroundService.setRecording", {"shouldRecord": True, "service": "notifications"})
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registration, "data": json.dumps(told)},
    )
    shown = """async () => {
      const registration = await navigator.serviceWorker.ready;
      const [one] = await registration.getNotifications();
      return one && [one.title, one.body, one.tag, one.lang, one.data.url, new URL(one.icon).pathname];
    }"""
    expected = [told["title"], told["body"], "ntf_1", "zh-Hans", told["url"], "/static/icons/icon-192.png"]
    assert said(page, events)["backgroundServiceEvent"]["eventName"] == "Notification displayed"
    assert page.evaluate(shown) == expected
