"""A list of vouchers that another channel sold goes in, one of them is scanned, the list goes out again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor

OWNER = "+358400000002"
ROWS = "\n".join(
    [
        "code;status;valid_until",
        *(f"LG-7QX2-{number:04d};sold;2099-12-31" for number in (1, 2)),
        *(f"LG-7QX2-{number:04d};sold;" for number in range(3, 43)),
        "lg 7qx2 0003;sold;",
        "1.23457E+11;sold;",
        "LG-7QX2-0099;perhaps;",
    ]
)


def checked(visitor: Visitor) -> None:
    """Nothing that axe finds, nothing that sticks out."""
    visitor.check_accessible()
    visitor.check_fits()


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")],
    ids=["phone", "desktop"],
)
@pytest.mark.slow
def test_a_list_goes_in_is_scanned_and_goes_out(
    arrive: Arrive, size: tuple[int, int], language: str, scheme: str
) -> None:
    owner = arrive(size=size, language=language, scheme=scheme)
    page = owner.page
    owner.sign_in(OWNER, to="/merchant/vouchers/")
    page.locator("main a[href='/merchant/vouchers/channels/']").click()
    checked(owner)
    page.locator("[name=channel]").fill("Dealmarket")
    send = page.locator("form[enctype] button[type=submit]")
    page.locator("[name=file]").set_input_files(
        {"name": "empty.csv", "mimeType": "text/csv", "buffer": b"name\nLunch\n"}
    )
    send.click()
    expect(page.get_by_role("alert")).to_be_visible()
    checked(owner)
    owner.errors.clear()  # the console names the answer's status, 422
    page.locator("[name=file]").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    )
    send.click()
    page.wait_for_url("**/merchant/vouchers/channels/chi_*/")
    expect(page.locator("#bad-title + ul li")).to_have_count(5)
    checked(owner)
    made = page.url

    page.goto("/merchant/scan/")
    page.locator("[name=code]").fill("lg7qx2 0042")
    page.locator("[name=code]").press("Enter")
    expect(page.locator("#answer-headline")).to_be_visible()
    expect(page.locator("#scan-area")).to_contain_text("Dealmarket")
    checked(owner)
    page.goto("/merchant/")
    expect(page.locator("main")).to_contain_text("Dealmarket")
    checked(owner)

    page.goto(made)
    page.locator("[popovertarget=take-back].btn-outline").click()
    page.locator("#take-back button[type=submit]").click()
    expect(page.locator("[popovertarget=take-back]")).to_have_count(0)
    checked(owner)
    page.goto("/merchant/vouchers/channels/")
    expect(page.locator("#lists-title + ul li").first).to_contain_text("Dealmarket")
    checked(owner)
