"""The rows of the deal form for prices by quantity and by hours: kept, refused with a sentence, handed in, on sale."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hutong.flows import approve, cart
from hutong.kernel import clock
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import SketchView
from tests.factories import people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

PRICE = {"list_price": "34.00", "price": "20.00"}
TWO = {
    "special-0-quantity": "3",
    "special-0-price": "15,00",
    "special-1-price": "16.00",
    "special-1-days": ["1", "2", "3", "4", "5"],
    "special-1-opens": "11:00",
    "special-1-closes": "14:00",
    "steps_bind": "on",
}


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def begun(browser: Client) -> str:
    response = browser.post("/merchant/deals/new/", {"template": "noodles-for-two"})
    return str(response["Location"].removesuffix("what/"))


def draft(here: Shop) -> SketchView:
    (found,) = catalog.sketches(here.scene.merchant.public_id)
    return found


def test_rows_are_kept_shown_again_and_on_sale(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(browser)
    assert browser.post(f"{address}price/", PRICE | TWO | {"go": "next"})["Location"] == f"{address}terms/"
    assert draft(here).body["special_prices"] == [
        {"price": 1500, "from_quantity": 3, "windows": []},
        {"price": 1600, "from_quantity": 1, "windows": [[[1, 2, 3, 4, 5], "11:00", "14:00"]]},
    ]
    again = browser.get(f"{address}price/").content.decode()
    for text in ('value="15.00"', 'value="3"', 'value="11:00"', 'name="special-2-price"'):
        assert text in again
    browser.post(
        f"{address}terms/",
        {"valid_days": "45", "uses": "1", "stores": [here.scene.store.public_id], "go": "next"},
    )
    look = browser.get(f"{address}look/").content.decode()
    assert "3 or more: €15.00 each" in look
    assert "what you keep costs the price for its number" in look
    offer_ref = browser.post(f"{address}look/", {"go": "submit"})["Location"].split("/")[-2]
    approve.approve_offer(offer_ref=offer_ref, approve=True, reason="", by=people.operator(), at=clock.now())
    assert cart.price(wants={offer_ref: 3}, at=clock.now()).quote.total.minor == 4500
    page = Client().get(f"/deal/{offer_ref}/").content.decode()
    assert "3 or more: €15.00 each" in page


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"special-0-quantity": "3", "special-0-price": "20.00"}, "below the price of the deal"),
        ({"special-0-quantity": "3"}, "Give an amount."),
        ({"special-0-price": "15.00"}, "Say from how many pieces, or at which hours."),
        ({"special-0-price": "15.00", "special-0-quantity": "0"}, "a number from 2 to 100"),
        ({"special-0-price": "15.00", "special-0-quantity": "many"}, "a number from 2 to 100"),
        ({"special-0-price": "15.00", "special-0-opens": "11:00"}, "Fill in both hours, or none."),
        (
            {"special-0-price": "15.00", "special-0-opens": "noon", "special-0-closes": "1"},
            "Fill in both hours",
        ),
        (
            {
                "special-0-price": "15.00",
                "special-0-quantity": "3",
                "special-1-price": "15.00",
                "special-1-quantity": "5",
            },
            "would never count",
        ),
    ],
)
def test_what_means_nothing_is_said(here: Shop, row: dict[str, Any], sentence: str) -> None:
    browser = visitor(here.owner)
    address = begun(browser)
    answer = browser.post(f"{address}price/", PRICE | row | {"go": "next"})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_a_lower_price_of_the_deal_later_is_found_before_it_is_handed_in(here: Shop) -> None:
    """The row stays as it was typed; the last step says what does not fit any more."""
    browser = visitor(here.owner)
    address = begun(browser)
    browser.post(f"{address}price/", PRICE | TWO | {"go": "next"})
    browser.post(f"{address}price/", PRICE | TWO | {"price": "15.50", "go": "later"})
    assert (
        "Prices by quantity or hours below the price of the deal"
        in browser.get(f"{address}look/").content.decode()
    )
    assert browser.post(f"{address}look/", {"go": "submit"}).status_code == 422
