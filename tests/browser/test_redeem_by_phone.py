"""Without the code, across two browsers: the till asks by a phone number, the shopper confirms, both turn by themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.browser.test_voucher_kinds import OWNER, SHOPPER, bought, checked, state

WAYS = pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (PHONE, "zh-hans", "dark"), (DESKTOP, "en", "dark")],
    ids=["phone", "phone-zh", "desktop"],
)
NOBODY = "+358 40 7654321"


def ask(till: Visitor, phone: str, *, uses: int = 1) -> None:
    """Ask by a phone number on the scan page, which then waits."""
    till.page.locator("details summary").click()
    till.page.fill("input[name=phone]", phone)
    for _use in range(uses - 1):
        till.page.locator("details quantity-stepper button[data-step='1']").click()
    till.page.locator("details button[type=submit]").click()
    expect(till.page.locator("#asked-title")).to_be_visible()


@WAYS
def test_the_shopper_confirms_and_both_pages_turn_by_themselves(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    table = bought()
    till, shopper = (arrive(size=size, language=language, scheme=scheme) for _each in range(2))
    till.sign_in(OWNER, to="/merchant/scan/")
    shopper.sign_in(SHOPPER, to="/wallet/")
    expect(shopper.page.locator("live-region[connected]")).to_have_count(1)

    till.page.locator("details summary").click()
    checked(till)
    till.page.locator("details button[type=submit]").click()  # without a number
    expect(till.page.locator("#id_phone_error")).to_be_visible()
    checked(till)
    till.page.goto("/merchant/scan/")

    ask(till, SHOPPER, uses=2)
    checked(till)
    way = shopper.page.locator("a[href^='/asked/']")
    expect(way).to_be_visible()
    checked(shopper)
    way.click()
    expect(shopper.page.locator("#asked-title")).to_be_visible()
    checked(shopper)
    region = till.page.locator("#scan-area live-region[connected]")
    expect(region).to_have_count(1)
    shopper.page.locator(f"form:has(input[value='{table[0].public_id}']) button[type=submit]").click()
    shopper.page.wait_for_url("**/voucher/**")
    expect(till.page.locator("#answer-headline")).to_be_visible()
    checked(till)
    assert [state(one) for one in table] == [("used", 0), ("used", 0)]


@WAYS
def test_a_no_and_a_number_of_nobody_look_the_same_and_the_question_is_taken_back(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    one = bought()[0]
    till, shopper = (arrive(size=size, language=language, scheme=scheme) for _each in range(2))
    till.sign_in(OWNER, to="/merchant/scan/")
    shopper.sign_in(SHOPPER, to="/wallet/")
    expect(shopper.page.locator("live-region[connected]")).to_have_count(1)
    ask(till, NOBODY)
    said = till.page.locator("section[aria-labelledby=asked-title]").inner_text()
    till.page.locator("form[action$='take-back/'] button").click()
    expect(till.page.locator("#scan-form")).to_be_visible()
    till.page.goto("/merchant/scan/")
    ask(till, SHOPPER)
    same = till.page.locator("section[aria-labelledby=asked-title]").inner_text()
    assert [line for line in same.splitlines() if ":" not in line and "004" not in line] == [
        line for line in said.splitlines() if ":" not in line and "321" not in line
    ]
    shopper.page.locator("a[href^='/asked/']").click()
    shopper.page.locator("form[action$='/refuse/'] button").click()
    shopper.page.wait_for_url("**/wallet/")
    till.page.reload()
    expect(till.page.locator("#asked-title")).to_be_visible()
    assert state(one) == ("ready", 1)
