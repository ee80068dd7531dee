"""Finding on a phone: with and without a location, by part of a name in any script, on the map."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, Arrive


def test_location_refused_leaves_everything_working(arrive: Arrive) -> None:
    visitor = arrive()
    visitor.page.context.clear_permissions()
    visitor.page.add_init_script(
        "navigator.geolocation.getCurrentPosition = (found, failed) => failed({ code: 1, PERMISSION_DENIED: 1 })"
    )
    visitor.page.goto("/region/")
    visitor.page.locator("locate-me button").click()
    expect(visitor.page.locator("locate-me [data-message]")).to_contain_text("Location is switched off")
    visitor.check_accessible()
    visitor.page.goto("/")
    expect(visitor.page.locator("a[href^='/deal/']").first).to_be_visible()


def test_location_given_orders_by_it(arrive: Arrive) -> None:
    visitor = arrive()
    visitor.page.context.grant_permissions(["geolocation"])
    visitor.page.context.set_geolocation({"longitude": 24.9520, "latitude": 60.1690})
    visitor.page.goto("/")
    visitor.page.locator("locate-me button").first.click()
    expect(visitor.page.locator("body")).to_contain_text("near you")
    expect(visitor.page.locator("locate-me")).to_have_count(0)


def test_search_by_part_of_a_name_in_both_scripts(arrive: Arrive) -> None:
    visitor = arrive(language="zh-hans")
    for part in ("kahv", "咖啡"):
        visitor.page.goto(f"/nearby/?q={part}")
        expect(visitor.page.locator("a[href^='/store/'], a[href^='/deal/']").first).to_be_visible()
    visitor.page.goto("/nearby/?q=zzzzqq")
    visitor.check_accessible()
    visitor.check_fits()


def test_map_draws_streets_and_opens_a_card_on_tap(arrive: Arrive) -> None:
    visitor = arrive(size=DESKTOP, scheme="dark")
    hosts: set[str] = set()
    visitor.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    visitor.page.goto("/map/")
    pin = visitor.page.locator("hutong-map button[data-ref], hutong-map .pin").first
    expect(pin).to_be_visible()
    pin.click()
    visitor.check_fits()
    assert all(host.startswith("127.0.0.1") or not host for host in hosts), hosts
