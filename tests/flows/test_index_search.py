"""After a change in town and after the outbox has run, people find what is there now."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.search import queries
from hutong.flows import index_search, jobs
from hutong.kernel import outbox
from hutong.kernel.geo import Place
from hutong.town.merchants.models import Store
from hutong.visit.stock import services as stock
from hutong.visit.stock.types import Want
from tests.factories import catalog, merchants, regions

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


def sell(offer_ref: str, quantity: int, at: datetime) -> None:
    stock.hold(
        order_ref="ord_1",
        person_ref="per_1",
        wants=[Want(offer_ref=offer_ref, quantity=quantity)],
        expires_at=at + timedelta(minutes=15),
        at=at,
    )
    stock.confirm(order_ref="ord_1", at=at)


def test_a_deal_is_found_with_what_was_sold_of_it(at: datetime) -> None:
    offer = catalog.offer()
    stock.set_capacity(offer_ref=offer.public_id, capacity=10, by="per_1", at=at)
    index_search.index_offer(offer.public_id, at)
    sell(offer.public_id, 3, at)
    assert queries.deals_near(place=HERE, at=at).items[0].sold == 0
    index_search.count_sold(offer.public_id)
    assert queries.deals_near(place=HERE, at=at).items[0].sold == 3
    index_search.index_offer(offer.public_id, at)
    (deal,) = queries.deals_near(place=HERE, at=at).items
    assert (deal.offer_ref, deal.sold) == (offer.public_id, 3)


def test_a_region_is_made_findable_with_its_progress_told(at: datetime) -> None:
    region = regions.region()
    listings = [merchants.listing(region=region) for _ in range(3)]
    merchants.listing()  # of another region
    told: list[int] = []
    assert index_search.index_region(region.public_id, at, told.append) == 3
    assert sum(told) == 3
    found = queries.nearby(place=HERE, at=at).items
    assert {card.ref for card in found} == {listing.public_id for listing in listings}
    assert index_search.index_region("reg_missing", at) == 0


def test_indexing_a_region_costs_the_same_for_one_store_and_for_three(
    at: datetime, django_assert_num_queries: Any
) -> None:
    for count in (1, 3):
        region = regions.region()
        for _ in range(count):
            merchants.listing(region=region)
        # The region, its stores, two reads of names, the lock, four writes, the savepoint, the offers' refs.
        with django_assert_num_queries(12):
            assert index_search.index_region(region.public_id, at) == count


def test_the_jobs_of_the_outbox_do_it(at: datetime) -> None:
    store = merchants.store()
    catalog.offer(store=store)
    outbox.send("index_region", at=at, region_ref=store.region.public_id)
    jobs.drain()
    assert [card.deals for card in queries.nearby(place=HERE, at=at).items] == [1]
    Store.objects.filter(pk=store.pk).update(state="closed")
    outbox.send("index_store", at=at, store_ref=store.public_id)
    jobs.drain()
    assert queries.nearby(place=HERE, at=at).items == ()


def test_the_clock_brings_a_deal_and_takes_it_away(at: datetime) -> None:
    hour = timedelta(hours=1)
    offer = catalog.offer(draft=catalog.draft(starts_at=at + hour, ends_at=at + 2 * hour))
    index_search.index_offer(offer.public_id, at)
    deals = []
    for moment in (at, at + hour, at + 2 * hour):
        index_search.index_stale(moment)
        deals.append(queries.nearby(place=HERE, at=moment).items[0].deals)
    assert deals == [0, 1, 0]
    assert index_search.index_stale(at + 2 * hour) == 0
