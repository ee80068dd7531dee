"""What does not keep a deal from being handed in, and is said before: a sale whose last vouchers are worth nothing."""

from datetime import timedelta

import pytest

from hutong.flows.terms_words import day_words
from hutong.kernel import clock
from hutong.town.catalog import queries, services
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db

WARNED = "could never use the voucher, and checkout refuses it."
ADVICE = "Let vouchers hold longer, or end the sale before"


def test_a_sale_that_goes_on_after_the_last_usable_day_is_warned_of() -> None:
    here = shop()
    browser, merchant_ref = visitor(here.owner), here.scene.merchant.public_id
    begun = browser.post("/merchant/deals/new/", {"template": "noodles-for-two"})
    look = begun["Location"].removesuffix("what/") + "look/"
    (sketch,) = queries.sketches(merchant_ref)
    today = clock.local(clock.now(), here.scene.store.region.zone).date()
    last_on, usable_on = today + timedelta(days=9), today + timedelta(days=5)
    priced = {**sketch.body, "list_price": 3000, "price": 2400, "ends_on": last_on.isoformat()}

    def said(weekdays: list[int]) -> str:
        body = {**priced, "terms": {"last_on": last_on.isoformat(), "weekdays": weekdays}}
        services.save_sketch(
            sketch_ref=sketch.ref, merchant_ref=merchant_ref, body=body, by=here.owner, at=clock.now()
        )
        return browser.get(look).content.decode()

    assert WARNED not in said([])
    page = said([usable_on.isoweekday()])
    useless = day_words(usable_on + timedelta(days=1))
    assert f"Whoever buys late on {useless} {WARNED} {ADVICE} {useless}." in page
    assert "Everything that is needed is there." in page
    assert browser.post(look, {"go": "submit"}).status_code == 302
