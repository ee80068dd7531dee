"""The rows of search follow town: what is new appears, what changed changes, what is gone goes."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.models import SearchDeal, SearchStore
from hutong.kernel.geo import Place
from hutong.kernel.money import Money
from hutong.town.catalog import services as offers
from hutong.town.merchants import services as merchant_services
from hutong.town.merchants.models import Store
from hutong.town.pictures.services import show
from tests.factories import catalog, merchants, people, pictures, regions

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


def indexed(*stores: Store, at: datetime) -> int:
    return services.index_stores(store_refs=[store.public_id for store in stores], at=at)


def test_a_store_and_its_deal_become_cards(at: datetime) -> None:
    store = merchants.store(name="Kahvila Ääni")
    offer = catalog.offer(store=store)
    assert indexed(store, at=at) == 1
    (card,) = queries.nearby(place=HERE, at=at).items
    assert (card.ref, card.name("en"), card.category_slug) == (store.public_id, "Kahvila Ääni", "cafe")
    assert (card.price_from, card.deals, card.claimed) == (Money(1990, "EUR"), 1, True)
    assert (card.distance_m, card.open.open) == (0.0, True)
    (deal,) = queries.deals_near(place=HERE, at=at).items
    assert (deal.offer_ref, deal.store_ref) == (offer.public_id, store.public_id)
    assert (deal.title("en"), deal.store_name("en")) == ("Coffee and cake", "Kahvila Ääni")
    assert (deal.price, deal.list_price, deal.discount_percent) == (
        Money(1990, "EUR"),
        Money(3400, "EUR"),
        41,
    )
    assert (deal.tags, deal.sold, deal.sample) == (("refund_any_time",), 0, True)


def test_indexing_again_changes_nothing_and_costs_the_same(
    at: datetime, django_assert_num_queries: Any
) -> None:
    stores = [merchants.store() for _ in range(3)]
    for store in stores:
        catalog.offer(store=store)
    # Which stores, the lock, facts of stores and of deals, hours, the operator's words,
    # five writes, and the savepoint around them; hours that are new are one more.
    with django_assert_num_queries(14):
        indexed(stores[0], at=at)
    with django_assert_num_queries(13):
        indexed(*stores, at=at)
    before = (
        list(SearchStore.objects.order_by("pk").values()),
        list(SearchDeal.objects.order_by("pk").values()),
    )
    indexed(*stores, at=at)
    after = (
        list(SearchStore.objects.order_by("pk").values()),
        list(SearchDeal.objects.order_by("pk").values()),
    )
    assert before == after
    assert len(before[0]) == len(before[1]) == 3


def test_a_closed_store_leaves_the_search_with_its_deals(at: datetime) -> None:
    store = merchants.store()
    catalog.offer(store=store)
    indexed(store, at=at)
    Store.objects.filter(pk=store.pk).update(state="closed")
    assert indexed(store, at=at) == 0
    assert queries.nearby(place=HERE, at=at).items == ()
    assert queries.deals_near(place=HERE, at=at).items == ()


def test_a_paused_deal_leaves_the_search_and_the_store_stays(at: datetime) -> None:
    store = merchants.store()
    offer = catalog.offer(store=store)
    indexed(store, at=at)
    offers.pause_offer(offer_ref=offer.public_id, by=None, at=at)
    services.index_offer(offer_ref=offer.public_id, at=at)
    assert queries.deals_near(place=HERE, at=at).items == ()
    (card,) = queries.nearby(place=HERE, at=at).items
    assert (card.price_from, card.deals) == (None, 0)


def test_a_suspended_merchants_deals_leave_the_search(at: datetime) -> None:
    store = merchants.store()
    Store.objects.filter(pk=store.pk).update(osm_ref="node/1")  # one that the map knows stays a listing
    catalog.offer(store=store)
    merchant_services.decide_merchant(
        merchant_ref=store.merchant.public_id,  # type: ignore[union-attr]
        approve=False,
        reason="Complaints",
        by=people.operator(),
        at=at,
    )
    indexed(store, at=at)
    assert queries.deals_near(place=HERE, at=at).items == ()
    assert len(queries.nearby(place=HERE, at=at).items) == 1


def test_an_offer_that_begins_later_and_ends_follows_the_clock(at: datetime) -> None:
    store = merchants.store()
    hour = timedelta(hours=1)
    catalog.offer(store=store, draft=catalog.draft(starts_at=at + hour, ends_at=at + 2 * hour))
    indexed(store, at=at)
    shown = []
    for moment in (at, at + hour, at + 2 * hour):
        services.index_stale(limit=10, at=moment)
        (card,) = queries.nearby(place=HERE, at=moment).items
        shown.append((card.deals, len(queries.deals_near(place=HERE, at=moment).items)))
        assert services.index_stale(limit=10, at=moment) == 0
    assert shown == [(0, 0), (1, 1), (0, 0)]


def test_a_deal_that_ended_is_not_shown_even_before_the_row_is_made_again(at: datetime) -> None:
    store = merchants.store()
    catalog.offer(store=store, draft=catalog.draft(ends_at=at + timedelta(hours=1)))
    indexed(store, at=at)
    assert len(queries.deals_of_store(store_ref=store.public_id, at=at)) == 1
    assert queries.deals_of_store(store_ref=store.public_id, at=at + timedelta(hours=1)) == []
    assert queries.deals_near(place=HERE, at=at + timedelta(hours=1)).items == ()


def test_sold_counts_are_handed_in_and_outlive_the_next_indexing(at: datetime) -> None:
    store = merchants.store()
    offer = catalog.offer(store=store)
    indexed(store, at=at)
    assert services.set_sold(sold={offer.public_id: 12, "off_other": 3}) == 1
    assert services.set_sold(sold={offer.public_id: 12}) == 0
    indexed(store, at=at)
    assert queries.deals_near(place=HERE, at=at).items[0].sold == 12


def test_a_region_is_indexed_in_batches_and_only_that_region(at: datetime) -> None:
    region, other = regions.region(), regions.region()
    stores = [merchants.listing(region=region) for _ in range(5)]
    merchants.listing(region=other)
    seen, after = [], 0
    while True:
        done = services.index_region(region_ref=region.public_id, after_id=after, limit=2, at=at)
        seen.append(done.stores)
        if done.last_id is None:
            break
        after = done.last_id
    assert seen == [2, 2, 1]
    assert set(SearchStore.objects.values_list("store_ref", flat=True)) == {
        store.public_id for store in stores
    }


def test_a_store_that_moved_is_found_where_it_is_now(at: datetime) -> None:
    store = merchants.store()
    indexed(store, at=at)
    Store.objects.filter(pk=store.pk).update(lon=25.5, lat=60.3)
    indexed(store, at=at)
    assert queries.nearby(place=HERE, at=at, radius_m=5_000).items == ()
    assert [card.ref for card in queries.nearby(place=Place(25.5, 60.3), at=at).items] == [store.public_id]


def test_a_cover_is_on_the_card_in_its_narrow_sizes(at: datetime, settings: Any, tmp_path: Path) -> None:
    """Of the store on its own card, of the offer on the deal's; one picture changes no number of statements."""
    settings.MEDIA_ROOT = tmp_path
    store = merchants.store()
    offer = catalog.offer(store=store)
    indexed(store, at=at)
    assert queries.nearby(place=HERE, at=at).items[0].cover is None
    for ref in (store.public_id, offer.public_id):
        made = pictures.picture(owner_ref=ref, data=pictures.upload(pictures.image(1400, 1050)))
        show(owner_ref=ref, refs=[made.ref], alts={made.ref: {"en": "The counter"}}, at=at)
    indexed(store, at=at)
    for cover in (
        queries.nearby(place=HERE, at=at).items[0].cover,
        queries.deals_near(place=HERE, at=at).items[0].cover,
    ):
        assert cover is not None
        assert [size.width for size in cover.variants] == [320, 640]
        assert cover.alts == {"en": "The counter"}
    assert json.loads(queries.nearby_json(place=HERE))["items"][0]["cover"]["colour"].startswith("#")
