"""Deals near a place: each once, in the order asked for, only while it can be bought."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.models import SearchDeal
from hutong.attract.search.types import Bounds, Circle, DealSort, Question
from hutong.kernel.geo import Place
from hutong.town.catalog.models import Offer
from tests.factories import catalog, merchants

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


@pytest.fixture
def town(at: datetime) -> list[Offer]:
    """Three deals: the nearest is dear, the middle one cheap, the farthest discounted most and sold most."""
    merchant = merchants.merchant()
    stores = [merchants.store(merchant=merchant, lon=HERE.lon + 0.002 * number) for number in range(3)]
    offers = [
        catalog.offer(store=stores[0], title="Near", price=3000, list_price=3400),
        catalog.offer(store=stores[1], title="Cheap", price=500, list_price=900),
        catalog.offer(store=stores[2], title="Bargain", price=1000, list_price=9900),
    ]
    services.index_stores(store_refs=[store.public_id for store in stores], at=at)
    services.set_sold(sold={offers[2].public_id: 40, offers[0].public_id: 2})
    return offers


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        (DealSort.NEAREST, ["Near", "Cheap", "Bargain"]),
        (DealSort.PRICE, ["Cheap", "Bargain", "Near"]),
        (DealSort.DISCOUNT, ["Bargain", "Cheap", "Near"]),
        (DealSort.SOLD, ["Bargain", "Near", "Cheap"]),
    ],
)
def test_deals_come_in_the_order_asked_for_page_by_page(
    at: datetime, town: list[Offer], sort: DealSort, titles: list[str], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        found = queries.deals_near(place=HERE, at=at, sort=sort, category="food")
    assert [deal.title("en") for deal in found.items] == titles
    assert found.next is None
    pages: list[str] = []
    cursor = None
    while not pages or cursor:
        page = queries.deals_near(place=HERE, at=at, sort=sort, limit=1, after=cursor)
        pages += [deal.title("en") for deal in page.items]
        cursor = page.next
    assert pages == titles


@pytest.mark.parametrize("sort", list(DealSort))
def test_a_chains_deal_is_shown_once_at_its_nearest_store(at: datetime, sort: DealSort) -> None:
    merchant = merchants.merchant()
    stores = [merchants.store(merchant=merchant, lon=HERE.lon + 0.002 * number) for number in (3, 1, 2)]
    offer = catalog.offer(stores=stores)
    services.index_offer(offer_ref=offer.public_id, at=at)
    found = queries.deals_near(place=HERE, at=at, sort=sort)
    assert [(deal.offer_ref, deal.store_ref) for deal in found.items] == [
        (offer.public_id, stores[1].public_id)
    ]
    elsewhere = Place(HERE.lon + 0.006, HERE.lat)
    assert queries.deals_near(place=elsewhere, at=at, sort=sort).items[0].store_ref == stores[0].public_id


@pytest.mark.parametrize("sort", list(DealSort))
def test_deals_outside_the_radius_are_left_out(at: datetime, town: list[Offer], sort: DealSort) -> None:
    found = queries.deals_near(place=HERE, at=at, sort=sort, radius_m=150)
    assert {deal.title("en") for deal in found.items} == {"Near", "Cheap"}


def test_text_finds_titles_and_stores(at: datetime, town: list[Offer]) -> None:
    for text, titles in (
        ("barg", ["Bargain"]),
        ("ch", ["Cheap"]),
        ("kahvila bargain", ["Bargain"]),
        ("zz", []),
    ):
        found = queries.deals_near(place=HERE, at=at, text=text)
        assert [deal.title("en") for deal in found.items] == titles


def test_a_store_shows_its_own_deals(at: datetime, town: list[Offer]) -> None:
    store_ref = queries.deals_near(place=HERE, at=at).items[0].store_ref
    assert [deal.title("en") for deal in queries.deals_of_store(store_ref=store_ref, at=at)] == ["Near"]
    assert queries.offer_refs_of(store_refs=[store_ref]) == [town[0].public_id]


def titles_of(question: Question, sort: DealSort = DealSort.NEAREST, **more: int) -> list[str]:
    """The titles of all deals that answer, read page by page."""
    titles: list[str] = []
    while not titles or question.after:
        page = queries.find_deals(question, sort=sort, **more)
        titles += [deal.title("en") for deal in page.items]
        question = replace(question, after=page.next)
        if not page.items:
            break
    return titles


def test_deals_take_the_filters_of_the_list(
    at: datetime, town: list[Offer], django_assert_num_queries: Any
) -> None:
    SearchDeal.objects.filter(offer_ref=town[2].public_id).update(rating=4.6, tags=["takeaway", "no_booking"])
    asked = Question(place=HERE, within=Circle(HERE, 50_000), at=at, category="food", limit=1)
    for question, titles in (
        (replace(asked, price_bands=frozenset({1})), ["Cheap", "Bargain"]),
        (replace(asked, price_bands=frozenset({2})), ["Near"]),
        (replace(asked, least_rating=4.5), ["Bargain"]),
        (replace(asked, tags=frozenset({"takeaway", "no_booking"})), ["Bargain"]),
        (replace(asked, tags=frozenset({"takeaway", "weekends_too"})), []),
        (replace(asked, text="cheap", price_bands=frozenset({1})), ["Cheap"]),
        (replace(asked, text="cheap", price_bands=frozenset({3})), []),
        (replace(asked, text="😀", price_bands=frozenset({1})), []),
        (replace(asked, category="beauty", price_bands=frozenset({1})), []),
        (replace(asked, within=Bounds(HERE.lon + 0.001, 60, HERE.lon + 0.003, 61)), ["Cheap"]),
        (replace(asked, within=Circle(HERE, 150)), ["Near", "Cheap"]),
        (replace(asked, has_deal=True), ["Near", "Cheap", "Bargain"]),
        (replace(asked, open_at=at - timedelta(days=3)), []),
    ):
        assert titles_of(question) == titles, question
    cheap = replace(asked, price_bands=frozenset({1}))
    assert titles_of(cheap, DealSort.PRICE) == ["Cheap", "Bargain"]
    assert titles_of(cheap, DealSort.SOLD) == ["Bargain", "Cheap"]
    # No more than so many are gone through.
    assert titles_of(cheap, DealSort.SOLD, looked_at=2) == ["Cheap"]
    with django_assert_num_queries(1):
        queries.find_deals(replace(cheap, text="bargain"), sort=DealSort.PRICE)


def test_a_chains_deal_is_shown_at_its_nearest_store_that_answers(at: datetime) -> None:
    merchant = merchants.merchant()
    stores = [merchants.store(merchant=merchant, lon=HERE.lon + 0.002 * number) for number in (1, 2)]
    offer = catalog.offer(stores=stores)
    services.index_offer(offer_ref=offer.public_id, at=at)
    SearchDeal.objects.filter(store_ref=stores[1].public_id).update(rating=4.8)
    asked = Question(place=HERE, within=Circle(HERE, 50_000), at=at)
    (deal,) = queries.find_deals(asked, sort=DealSort.NEAREST).items
    assert deal.store_ref == stores[0].public_id
    (deal,) = queries.find_deals(replace(asked, least_rating=4.5), sort=DealSort.NEAREST).items
    assert deal.store_ref == stores[1].public_id
