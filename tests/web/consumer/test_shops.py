"""The pages of one store and of one deal."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.catalog import services as offers
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Store
from hutong.visit.stock import services as stock
from tests.factories import catalog, merchants, regions

pytestmark = pytest.mark.django_db


def shops_with_a_deal(count: int) -> tuple[str, list[Store]]:
    """A chain of `count` stores with one deal; the deal's ref and the stores."""
    at = clock.now()
    region = regions.region(slug="helsinki")
    chain = merchants.merchant(region=region, name="Chain", at=at)
    stores = [
        merchants.store(merchant=chain, name=f"Branch {number}", lon=24.9414 + number / 1000, at=at)
        for number in range(count)
    ]
    offer = catalog.offer(stores=stores, at=at, title="Lunch for two")
    index_search.index_region(region.public_id, at)
    return offer.public_id, stores


@pytest.mark.parametrize("count", [1, 3])
def test_deal_in_eight_statements(client: Client, count: int) -> None:
    offer_ref, _stores = shops_with_a_deal(count)
    client.get("/terms/")  # which reads the announcements for the next seconds
    with CaptureQueriesContext(connection) as captured:
        page = client.get(f"/deal/{offer_ref}/").content.decode()
    assert len(captured) <= 8
    assert all(f"Branch {number}" in page for number in range(count))


def test_deal_says_price_terms_promise_and_that_it_is_a_sample(client: Client) -> None:
    offer_ref, _stores = shops_with_a_deal(1)
    page = client.get(f"/deal/{offer_ref}/").content.decode()
    for text in (
        "€19.90",
        "€34.00",
        "41%",
        "Refund any time before use",
        "Valid for 90 days",
        "Sample offer",
        "Buy now",
    ):
        assert text in page
    assert f'href="/deal/{offer_ref}/buy/"' in page


def test_what_is_in_it_adds_up(client: Client) -> None:
    offer_ref, _stores = shops_with_a_deal(1)
    ticket = {"names": {"en": "Ticket"}, "quantity": 2, "value": 1690}
    Offer.objects.filter(public_id=offer_ref).update(includes=[ticket])
    page = client.get(f"/deal/{offer_ref}/").content.decode()
    assert "€33.80" in page
    assert "€16.90" not in page


def test_stock_is_true(client: Client) -> None:
    offer_ref, _stores = shops_with_a_deal(1)
    stock.set_capacity(offer_ref=offer_ref, capacity=3, by="a test", at=clock.now())
    assert "3 left" in client.get(f"/deal/{offer_ref}/").content.decode()
    stock.set_capacity(offer_ref=offer_ref, capacity=0, by="a test", at=clock.now())
    page = client.get(f"/deal/{offer_ref}/").content.decode()
    assert "Sold out" in page
    assert "/buy/" not in page


def test_paused_deal_cannot_be_bought(client: Client) -> None:
    offer_ref, _stores = shops_with_a_deal(1)
    offers.pause_offer(offer_ref=offer_ref, by=None, at=clock.now())
    page = client.get(f"/deal/{offer_ref}/").content.decode()
    assert "Not on sale" in page
    assert "/buy/" not in page


def test_draft_is_nobodys_to_see(client: Client) -> None:
    regions.region(slug="helsinki")
    draft = catalog.offer(at=clock.now(), live=False)
    assert client.get(f"/deal/{draft.public_id}/").status_code == 404
    assert client.get("/deal/off_nothing/").status_code == 404


def test_store_page(client: Client) -> None:
    _offer_ref, (shop, other) = shops_with_a_deal(2)
    page = client.get(f"/store/{shop.public_id}/").content.decode()
    for text in (
        "Branch 0",
        "Aleksanterinkatu 1",
        "Lunch for two",
        "Similar nearby",
        "Branch 1",
        "08:00–20:00",
    ):
        assert text in page
    assert "Unclaimed listing" not in page
    assert "OpenStreetMap contributors" in page
    assert f"/store/{other.public_id}/" in page


def test_listing_says_that_nobody_claimed_it(client: Client) -> None:
    region = regions.region(slug="helsinki")
    listing = merchants.listing(region=region, opening_hours="")
    page = client.get(f"/store/{listing.public_id}/").content.decode()
    assert "Unclaimed listing" in page
    assert "Hours not known" in page


def test_store_says_whether_it_is_open_now(client: Client) -> None:
    region = regions.region(slug="helsinki")
    wall = clock.local(clock.now(), region.zone)
    until = (wall + timedelta(hours=2)).replace(minute=0)
    hours = f"Mo-Su {wall:%H:%M}-{until:%H:%M}"
    listing = merchants.listing(region=region, opening_hours=hours)
    assert "Open until" in client.get(f"/store/{listing.public_id}/").content.decode()


def test_closed_store_is_gone(client: Client) -> None:
    region = regions.region(slug="helsinki")
    listing = merchants.listing(region=region)
    Store.objects.filter(pk=listing.pk).update(state="closed")
    assert client.get(f"/store/{listing.public_id}/").status_code == 404
