"""A review with a photo: asked for on the voucher, written, read, answered, found helpful, reported, moderated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from hutong.attract.reviews import queries
from hutong.kernel import clock
from hutong.town.merchants.models import Staff
from hutong.town.merchants.types import Role
from tests.browser.conftest import DESKTOP, PHONE, Visitor, arrivals
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.site import Site


def looked_at(visitor: Visitor) -> None:
    """The page is accessible and fits."""
    visitor.check_accessible()
    visitor.check_fits()


def write(shopper: Visitor, voucher_ref: str, photo: Path) -> None:
    """From the voucher's prompt to one's own reviews."""
    page = shopper.page
    page.goto(f"/voucher/{voucher_ref}/")
    page.locator("a[href^='/review/write/']").click()
    page.wait_for_url("**/review/write/**")
    looked_at(shopper)
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator("form[enctype] .text-error").first).to_be_visible()
    shopper.errors.clear()  # the browser tells of the refusal that was asked for
    looked_at(shopper)
    page.locator("input[name=stars][value='4']").check(force=True)
    page.locator("input[name=aspect_taste][value='5']").check(force=True)
    page.locator("textarea[name=text]").fill("Good broth.\nA little loud.")
    page.locator("input[name=photos]").set_input_files(photo)
    page.locator("form[enctype] button[type=submit]").click()
    page.wait_for_url("**/me/reviews/")
    expect(page.get_by_text("Good broth.")).to_be_visible()
    looked_at(shopper)
    page.locator("a[href$='/edit/']").first.click()
    page.wait_for_url("**/edit/")
    looked_at(shopper)


def answer(owner: Visitor) -> None:
    """The shop finds the review among those to answer."""
    page = owner.page
    page.goto("/merchant/reviews/")
    looked_at(owner)
    page.locator("a[href^='/merchant/reviews/rvw_']").click()
    page.wait_for_url("**/merchant/reviews/rvw_*/")
    looked_at(owner)
    page.locator("textarea[name=text]").fill("Thank you. We have new curtains now.")
    page.locator("form[novalidate] button[type=submit]").click()
    page.wait_for_url("**/merchant/reviews/")


def read_and_report(reader: Visitor, shop: Scene) -> None:
    """The page of the store, all its reviews, helpful, and a report."""
    page = reader.page
    page.goto(f"/store/{shop.store.public_id}/")
    expect(page.get_by_text("We have new curtains now.")).to_be_visible()
    looked_at(reader)
    page.goto(f"/reviews/{shop.store.public_id}/?sort=photos&stars=4")
    expect(page.locator("article a img")).to_be_visible()
    looked_at(reader)
    page.locator("button[name=helpful]").click()
    expect(page.locator("button[name=helpful][aria-pressed=true]")).to_be_visible()
    page.locator("a[href$='/report/']").click()
    page.wait_for_url("**/report/")
    looked_at(reader)
    page.locator("input[name=reason][value=private]").check()
    page.locator("form[novalidate] button[type=submit]").click()
    page.wait_for_url("**/reviews/sto_*/")


def moderate(operator: Visitor) -> None:
    """Hidden with a reason, and taken back."""
    page = operator.page
    page.goto("/operator/reviews/")
    looked_at(operator)
    page.locator("a[href^='/operator/reviews/rvw_']").first.click()
    page.wait_for_url("**/operator/reviews/rvw_*/")
    looked_at(operator)
    page.locator("input[name=reason]").fill("It names a guest.")
    page.locator("button[value=hide]").click()
    take_back = page.locator("form[action$='/take-back/'] button")
    expect(take_back).to_be_visible()
    looked_at(operator)
    take_back.click()
    expect(take_back).to_have_count(0)


@pytest.mark.parametrize(
    ("size", "language", "scheme"), [(PHONE, "en", "light"), (DESKTOP, "zh-hans", "dark")]
)
def test_a_review_with_photo_and_answer(
    site: Site, browser: Browser, tmp_path: Path, size: tuple[int, int], language: str, scheme: str
) -> None:
    shop = scene(at=clock.now())
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    owner = Staff.objects.get(merchant=shop.merchant, role=Role.OWNER.value).person
    operator = people.operator()
    photo = tmp_path / "soup.jpg"
    Image.new("RGB", (900, 700), "chocolate").save(photo)
    look = {"size": size, "language": language, "scheme": scheme}
    with arrivals(browser, site.url) as arrive:
        shopper, at_desk, reader, moderator = (arrive(**look) for _ in range(4))
        shopper.sign_in(str(shop.shopper.phone))
        write(shopper, voucher.ref, photo)
        at_desk.sign_in(str(owner.phone))
        answer(at_desk)
        reader.sign_in(people.phone_number())
        read_and_report(reader, shop)
        moderator.sign_in(str(operator.phone))
        moderate(moderator)
        shopper.page.goto("/me/reviews/")
        expect(shopper.page.get_by_text("We have new curtains now.")).to_be_visible()
        if size == DESKTOP:
            expect(shopper.page.locator("html")).to_have_attribute("lang", re.compile("zh"))
    assert queries.problems() == []
    assert queries.summary(shop.store.public_id).stars_sum == 4
