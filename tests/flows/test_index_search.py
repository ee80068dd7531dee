"""After a change in town and after the outbox has run, people find what is there now."""

import inspect
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from django.db import OperationalError, transaction

from hutong.attract.search import queries
from hutong.attract.search.types import TermKind
from hutong.flows import index_search, jobs
from hutong.kernel import outbox
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, rows
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
    for count, new_hours in ((1, 1), (3, 0)):
        region = regions.region()
        for _ in range(count):
            merchants.listing(region=region)
        # The region, its stores, a savepoint with lock, facts, hours, the operator's words, five writes; then the
        # offers' refs.
        with django_assert_num_queries(15 + new_hours):
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


def test_one_of_many_that_cannot_be_indexed_holds_nobody_up(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time zone that does not exist stands for whatever a row may have that nobody thought of."""
    good, bad = merchants.store(), merchants.store()
    regions_of = type(bad.region).objects.filter(pk=bad.region.pk)
    regions_of.update(zone="Nowhere/At_all")
    jobs.HANDLERS["index_stores"](store_refs=[good.public_id, bad.public_id])
    asked = [
        (row["job"], row["payload"])
        for row in rows("SELECT job, payload FROM kernel_outboxrow WHERE job LIKE '%_alone' ORDER BY id")
    ]
    assert [(job, json.loads(payload)) for job, payload in asked] == [
        ("index_store_alone", {"store_ref": good.public_id}),
        ("index_store_alone", {"store_ref": bad.public_id}),
    ]
    jobs.HANDLERS["index_store_alone"](store_ref=good.public_id)
    assert [card.ref for card in queries.nearby(place=HERE, at=at).items] == [good.public_id]
    with pytest.raises(ZoneInfoNotFoundError):
        jobs.HANDLERS["index_store_alone"](store_ref=bad.public_id)


def test_a_database_that_is_away_is_no_stores_fault(at: datetime) -> None:
    """The job itself is tried again; a job for each store would only make things worse."""
    refs = [merchants.store().public_id for _ in range(2)]
    execute("DELETE FROM kernel_outboxrow")
    with pytest.raises(OperationalError), transaction.atomic():
        execute("SET LOCAL statement_timeout = '1ms'")
        jobs.HANDLERS["index_stores"](store_refs=refs)
    assert rows("SELECT 1 FROM kernel_outboxrow") == []


def test_every_job_that_is_taken_together_is_there() -> None:
    for job, goal in jobs.TOGETHER.items():
        assert goal.one in inspect.signature(jobs.HANDLERS[job]).parameters
        assert goal.many in inspect.signature(jobs.HANDLERS[goal.job]).parameters


def test_a_rebuild_by_jobs_goes_on_from_batch_to_batch(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_search, "BATCH", 2)
    for _ in range(5):
        merchants.store()
    execute("DELETE FROM kernel_outboxrow")
    outbox.send("index_next", at=at, after_id=0)
    assert jobs.drain() == 3
    assert len(queries.nearby(place=HERE, at=at).items) == 5


def test_a_term_that_no_store_has_any_more_goes_within_two_nights(at: datetime) -> None:
    store = merchants.listing(name="Zeppelinhalle")
    index_search.index_stores([store.public_id], at)

    def suggested() -> list[str]:
        return [one.text for one in queries.suggest("zeppelin", place=HERE, language="en")]

    assert suggested() == ["Zeppelinhalle"]
    Store.objects.filter(pk=store.pk).update(state="closed")
    index_search.index_stores([store.public_id], at)
    early = at.astimezone(ZoneInfo("Europe/Helsinki")).replace(hour=index_search.NIGHT_FROM - 1)
    index_search.recount_terms(early)
    assert jobs.drain() == 0
    for night in range(2):
        late = early + timedelta(days=night, hours=1)
        index_search.recount_terms(late)
        index_search.recount_terms(late + timedelta(minutes=5))
        assert jobs.drain() == len(TermKind)
        assert suggested() == []
    assert rows("SELECT * FROM search_searchterm WHERE key LIKE 'zeppelin%'") == []
