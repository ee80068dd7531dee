"""The day, the deals and the customers of a shop."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import approve, jobs
from hutong.know.customers import queries as customers
from hutong.town.catalog import services as catalog
from hutong.town.catalog.queries import offer_by_ref
from tests.factories import catalog as catalog_factory
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def statements(here: Shop, path: str) -> int:
    """How many statements the owner's page makes."""
    browser = visitor(here.owner)
    browser.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(path).status_code == 200
    return len(seen)


def test_the_day_adds_up(here: Shop) -> None:
    first, second, _third = here.scene.bought(quantity=3)
    here.scene.scan(first.code)
    here.scene.scan(second.code)
    page = visitor(here.owner).get("/merchant/")
    assert page.context["earned"].gross.minor == 3980
    assert page.context["earned"].commission.minor == 398
    assert page.context["sold"].sold.minor == 5970
    assert len(page.context["lines"]) == 2
    assert "Till 1" in page.content.decode()


def test_the_live_part_is_read_alone(here: Shop) -> None:
    response = visitor(here.owner).get("/merchant/", headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    assert "Nothing redeemed yet today" in response.content.decode()
    whole = visitor(here.owner).get("/merchant/").content.decode()
    assert "data-live=" in whole


def test_the_other_store_has_its_own_day(here: Shop) -> None:
    second = merchants.store(merchant=here.scene.merchant, name="Second")
    (voucher,) = here.scene.bought()
    here.scene.scan(voucher.code)
    browser = visitor(here.owner)
    browser.post("/merchant/desk/choose/", {"store": second.public_id})
    page = browser.get("/merchant/")
    assert page.context["lines"] == []
    assert page.context["earned"].gross.minor == 0


def test_a_deal_goes_off_and_on(here: Shop) -> None:
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    paused = browser.post(f"/merchant/deals/{ref}/switch/", {"to": "off"}, follow=True)
    assert "is paused. What was sold stays good." in paused.content.decode()
    offer = offer_by_ref(ref)
    assert offer is not None
    assert offer.state == "paused"
    assert "Coffee and cake" in browser.get("/merchant/").content.decode()
    again = browser.post(f"/merchant/deals/{ref}/switch/", {"to": "on"}, follow=True)
    assert "is on sale again" in again.content.decode()


def test_a_switch_that_came_too_late_says_so(here: Shop) -> None:
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    approve.approve_offer(offer_ref=ref, approve=False, reason="Complaints", by=people.operator(), at=here.at)
    response = browser.post(f"/merchant/deals/{ref}/switch/", {"to": "off"})
    assert response.status_code == 409
    assert browser.post(f"/merchant/deals/{ref}/switch/", {"to": "sideways"}).status_code == 404


def test_the_history_of_a_deal_tells_the_reason(here: Shop) -> None:
    made = catalog_factory.offer(store=here.scene.store, live=False, title="Soup", at=here.at)
    catalog.submit_offer(offer_ref=made.public_id, by=here.owner, at=here.at)
    catalog.decide_offer(
        offer_ref=made.public_id, approve=False, reason="Say what is in it.", by=people.operator(), at=here.at
    )
    page = visitor(here.owner).get(f"/merchant/deals/{made.public_id}/").content.decode()
    assert "Say what is in it." in page
    assert "Olli Operator" not in page


def test_sold_used_and_left_are_counted(here: Shop) -> None:
    first, _second = here.scene.bought(quantity=2)
    here.scene.scan(first.code)
    (row,) = visitor(here.owner).get("/merchant/deals/").context["rows"]
    assert (row.sales.sold, row.sales.used, row.left) == (2, 1, None)


def test_only_who_agreed_is_listed_and_phones_are_masked(here: Shop) -> None:
    agreed = people.person(name="Aino")
    silent = people.person(name="Silent")
    for person, consent in ((agreed, True), (silent, False)):
        placed = here.scene.order(by=person, consent=consent)
        here.scene.money_arrives(placed)
    jobs.drain()
    page = visitor(here.owner).get("/merchant/customers/?segment=bought").content.decode()
    assert "Aino" in page
    assert "Silent" not in page
    assert str(agreed.phone) not in page
    assert str(agreed.phone)[-3:] in page


def test_search_sort_and_segments(here: Shop) -> None:
    for name in ("Aino", "Väinö"):
        person = people.person(name=name)
        placed = here.scene.order(by=person)
        here.scene.money_arrives(placed)
    jobs.drain()
    browser = visitor(here.owner)
    found = browser.get("/merchant/customers/?segment=bought&q=v%C3%84in&sort=money")
    assert [row.name for row in found.context["found"].rows] == ["Väinö"]
    assert found.context["counts"].total == 2
    odd = browser.get("/merchant/customers/?segment=nonsense&sort=nonsense")
    assert odd.status_code == 200
    assert browser.get("/merchant/customers/?cursor=nonsense").status_code == 422


def test_a_customer_has_a_timeline(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    here.scene.scan(voucher.code)
    jobs.drain()
    (row,) = customers.customer_list(here.scene.merchant.public_id, at=here.at).rows
    page = visitor(here.owner).get(f"/merchant/customers/{row.ref}/").content.decode()
    assert "Came for Coffee and cake" in page
    assert "Bought Coffee and cake" in page
    assert str(here.scene.shopper.phone) not in page


@pytest.mark.parametrize(
    ("path", "most"),
    [("/merchant/", 18), ("/merchant/deals/", 10), ("/merchant/customers/", 7), ("/merchant/scan/", 6)],
)
def test_statements_do_not_grow(here: Shop, path: str, most: int) -> None:
    """With one deal, sale and customer, and with three of each."""
    for round_ in range(2):
        for number in range(1 + 2 * round_):
            placed = here.scene.order(by=people.person(name=f"Guest {round_}{number}"))
            here.scene.money_arrives(placed)
            catalog_factory.offer(store=here.scene.store, at=here.at, title=f"Soup {round_}{number}")
            here.scene.scan(here.scene.bought()[0].code)
        jobs.drain()
        assert statements(here, path) <= most
