"""Selling together in the form of a deal: said in its third step, looked at with the rest, seen by its shop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hutong.flows import approve
from hutong.kernel import clock
from hutong.pay.groups import queries as groups
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from tests.factories import people
from tests.factories.groups import opened
from tests.web.merchant.test_deal_form import PRICE, WHAT, begun, draft, terms
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

GROUPS = {
    "together-sold": "group",
    "together-size_0": "5", "together-price_0": "12.90",
    "together-size_1": "2", "together-price_1": "15,90",
    "together-hours": "12", "together-fill": "1",
}  # fmt: skip


@pytest.fixture
def here() -> Shop:
    """A shop whose owner writes a deal."""
    return shop()


def third_step(here: Shop, browser: Client, **together: Any) -> tuple[str, Any]:
    """A draft with everything but its terms; where its steps are, and the answer to its third one."""
    address = begun(here, browser)
    browser.post(f"{address}what/", WHAT | {"rows": "0", "go": "next"})
    browser.post(f"{address}price/", PRICE | {"go": "next"})
    return address, browser.post(f"{address}terms/", terms(here, go="next", **together))


def test_from_the_form_to_an_opened_group(here: Shop) -> None:
    browser = visitor(here.owner)
    address, answer = third_step(here, browser, **GROUPS)
    assert answer["Location"] == f"{address}look/"
    assert draft(here).body["groups"] == {"steps": [[2, 1590], [5, 1290]], "hours": 12, "fill": 1}
    assert 'value="15.90"' in browser.get(f"{address}terms/").content.decode()
    assert "Groups of 5: €12.90 each" in browser.get(f"{address}look/").content.decode()
    browser.post(f"{address}look/", {"go": "submit"})
    (made,) = [
        offer
        for offer in catalog.merchant_offers(here.scene.merchant.public_id)
        if offer.state is OfferState.SUBMITTED
    ]
    operator = people.operator()
    assert (
        "Groups of 2: €15.90 each" in visitor(operator).get(f"/operator/queue/{made.ref}/").content.decode()
    )
    approve.approve_offer(offer_ref=made.ref, approve=True, reason="", by=operator, at=clock.now())
    scene = here.scene
    scene.offer, scene.at = type(scene.offer).objects.get(public_id=made.ref), clock.now()
    opened(scene)
    page = browser.get(f"/merchant/deals/{made.ref}/").content.decode()
    assert "1 of 2 have paid" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"together-price_0": "19.90"}, "A group pays less than one alone."),
        ({"together-price_0": "15.90"}, "Of two groups the larger one pays less each."),
        ({"together-size_0": "2"}, "Of two groups the larger one pays less each."),
        ({"together-price_0": ""}, "Fill in both fields of a row, or none."),
        ({"together-size_0": "1"}, "Ensure this value is greater than or equal to 2."),
        ({"together-fill": "2"}, "Fewer may be missing than the smallest group has places."),
        (
            dict.fromkeys(("together-size_0", "together-price_0", "together-size_1", "together-price_1"), ""),
            "Give at least one size with its price.",
        ),
        ({"together-sold": "campaign"}, "Fill this in, or choose another way to sell it."),
        (
            {"together-sold": "campaign", "together-minimum": "100", "together-until": "2020-01-01"},
            "Choose a day that has not passed.",
        ),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_changes_nothing(
    here: Shop, changed: dict[str, str], says: str
) -> None:
    browser = visitor(here.owner)
    _address, answer = third_step(here, browser, **(GROUPS | changed))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert draft(here).body["groups"] == {}


def test_a_campaign_and_back_to_everybody_alone(here: Shop) -> None:
    browser = visitor(here.owner)
    last_on = (clock.now() + timedelta(days=9)).date().isoformat()
    campaign = {"together-sold": "campaign", "together-minimum": "100", "together-until": last_on}
    address, answer = third_step(here, browser, **campaign)
    assert answer["Location"] == f"{address}look/"
    assert draft(here).body["groups"] == {"minimum": 100, "last_on": last_on}
    assert "Only with 100 buyers or more" in browser.get(f"{address}look/").content.decode()
    browser.post(f"{address}terms/", terms(here, go="next", **{"together-sold": "alone"}))
    assert draft(here).body["groups"] == {}


def test_a_lower_price_of_the_deal_asks_for_lower_ones_of_groups(here: Shop) -> None:
    browser = visitor(here.owner)
    address, _answer = third_step(here, browser, **GROUPS)
    browser.post(f"{address}price/", PRICE | {"price": "14", "go": "next"})
    look = browser.get(f"{address}look/").content.decode()
    assert "Groups whose sizes and prices fit together" in look
    assert browser.post(f"{address}look/", {"go": "submit"}).status_code == 422
    assert groups.standing([here.scene.offer.public_id], clock.now()) == {}
