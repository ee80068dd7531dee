"""What is shown in a paid position, to whom, and never what people could not find without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.attract.placements import queries, services
from hutong.attract.placements.models import Placement, PlacementDay
from hutong.attract.placements.types import DayCount, PlacementDraft, PlacementEvent, PlacementState
from hutong.kernel import audit
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Merchant, Store
from hutong.town.regions.models import Region
from tests.factories import catalog, merchants, people, regions
from tests.factories.placements import placement

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def region() -> Region:
    return regions.region(slug="helsinki")


@pytest.fixture
def shop(region: Region) -> Store:
    return merchants.store(merchant=merchants.merchant(region=region))


def slot(region: Region, at: datetime, *, category: str | None = None, limit: int = 5) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        found = queries.for_slot(region_id=region.pk, category=category, at=at, limit=limit)
    assert len(captured) == 1
    return [one.ref for one in found]


def test_it_runs_in_its_days_and_its_region(region: Region, shop: Store, at: datetime) -> None:
    ref = placement(shop, region=region, at=at, days=2)
    assert slot(region, at) == [ref]
    assert slot(region, at + 2 * DAY - timedelta(seconds=1)) == [ref]
    assert slot(region, at - timedelta(seconds=1)) == []
    assert slot(region, at + 2 * DAY) == []
    assert slot(regions.region(), at) == []


def test_a_part_of_a_region_shows_what_is_placed_in_the_whole(
    region: Region, shop: Store, at: datetime
) -> None:
    circle = regions.region()
    Region.objects.filter(pk=circle.pk).update(parent=region, kind="circle")
    whole = placement(shop, region=region, at=at)
    part = placement(shop, region=Region.objects.get(pk=circle.pk), at=at)
    assert slot(circle, at) == sorted([whole, part])
    assert slot(region, at) == [whole]


@pytest.mark.parametrize(
    ("category", "lists"),
    [(None, [None, "food", "cafe"]), ("food", ["food", "cafe"]), ("cafe", ["cafe"])],
)
def test_lists_of_its_category_only(
    region: Region, shop: Store, at: datetime, category: str | None, lists: list[str | None]
) -> None:
    merchants.category("bar", group="nightlife")
    merchants.category("asian", group="food")
    ref = placement(shop, region=region, at=at, category=category)
    every = (None, "food", "cafe", "asian", "nightlife", "bar", "no-such")
    assert [slug for slug in every if slot(region, at, category=slug) == [ref]] == lists


def closed(shop: Store, _offer: Offer) -> None:
    Store.objects.filter(pk=shop.pk).update(state="closed")


def suspended(shop: Store, _offer: Offer) -> None:
    Merchant.objects.filter(stores=shop).update(state="suspended")


def off(_shop: Store, offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(state="paused")


def over(_shop: Store, offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(ends_at=offer.starts_at + DAY)


@pytest.mark.parametrize(
    ("harm", "left"), [(closed, []), (suspended, []), (off, ["store"]), (over, ["store"])]
)
def test_never_what_people_could_not_find_otherwise(
    region: Region, shop: Store, at: datetime, harm: Callable[[Store, Offer], None], left: list[str]
) -> None:
    offer = catalog.offer(store=shop, at=at)
    refs = {"store": placement(shop, region=region, at=at), "deal": placement(offer, region=region, at=at)}
    assert slot(region, at + DAY) == sorted(refs.values())
    harm(shop, offer)
    assert slot(region, at + DAY) == [refs[kind] for kind in left]
    assert [queries.placement_by_ref(refs[kind], at + DAY).shown for kind in refs] == [  # type: ignore[union-attr]
        kind in left for kind in refs
    ]


def test_a_daily_cap_and_whoever_is_furthest_behind_first(region: Region, shop: Store, at: datetime) -> None:
    other = merchants.listing(region=region)
    small = placement(shop, region=region, at=at, views_a_day=2)
    large = placement(other, region=region, at=at, views_a_day=100)
    services.count_views(placement_refs=[small, large, "plc_none"], at=at)
    assert services.waiting() == 3
    assert services.flush() == 2
    assert slot(region, at) == [large, small]
    services.count_views(placement_refs=[small], at=at + timedelta(hours=1))
    services.flush()
    assert slot(region, at + timedelta(hours=1)) == [large]
    assert slot(region, at, limit=0) == []
    # The next day begins at midnight in Helsinki, which is 21:00 UTC.
    assert slot(region, datetime(2026, 6, 1, 20, 59, tzinfo=UTC)) == [large]
    assert slot(region, datetime(2026, 6, 1, 21, 0, tzinfo=UTC)) == sorted([large, small])


def test_views_and_clicks_are_counted_by_the_regions_day_without_a_statement(
    region: Region, shop: Store, at: datetime
) -> None:
    ref = placement(shop, region=region, at=at)
    late = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)  # half past midnight there
    with CaptureQueriesContext(connection) as captured:
        for _look in range(3):
            services.count_views(placement_refs=[ref], at=at)
        services.count_click(placement_ref=ref, at=at)
        services.count_views(placement_refs=[ref], at=late)
    assert len(captured) == 0
    with CaptureQueriesContext(connection) as captured:
        services.flush()
    assert len(captured) == 1
    services.count_views(placement_refs=[ref], at=at)
    services.flush()
    assert queries.days_of(ref) == [DayCount(late.date() + DAY, 1, 0), DayCount(at.date(), 4, 1)]
    view = queries.placement_by_ref(ref, at)
    assert view is not None
    assert (view.views, view.clicks, view.views_today, view.clicks_today) == (5, 1, 4, 1)


def test_paused_resumed_ended_each_in_the_audit_log(region: Region, shop: Store, at: datetime) -> None:
    operator = people.operator()
    ref = placement(shop, region=region, at=at, by=operator)
    for event, state, shown in (
        (PlacementEvent.PAUSE, PlacementState.PAUSED, []),
        (PlacementEvent.RESUME, PlacementState.RUNNING, [ref]),
        (PlacementEvent.PAUSE, PlacementState.PAUSED, []),
        (PlacementEvent.END, PlacementState.ENDED, []),
    ):
        assert services.move(placement_ref=ref, event=event, by=operator, at=at) is state
        assert slot(region, at) == shown
    for event in PlacementEvent:
        with pytest.raises(services.PlacementOver):
            services.move(placement_ref=ref, event=event, by=operator, at=at)
    with pytest.raises(services.PlacementUnknown):
        services.move(placement_ref="plc_none", event=PlacementEvent.END, by=operator, at=at)
    entries = audit.search(subject=ref).entries
    assert [entry.action for entry in reversed(entries)] == [
        "placement.made", "placement.pause", "placement.resume", "placement.pause", "placement.end",
    ]  # fmt: skip
    assert {entry.actor_ref for entry in entries} == {operator.public_id}


def test_what_does_not_fit_together_is_refused(region: Region, shop: Store, at: datetime) -> None:
    merchants.category("bar", group="nightlife")
    good = PlacementDraft(region.public_id, shop.public_id, None, at, at + DAY, 10)
    for wrong in (
        replace(good, region_ref="reg_none"),
        replace(good, region_ref=regions.region().public_id),
        replace(good, subject_ref="sto_none"),
        replace(good, category_slug="bar"),
        replace(good, category_slug="no-such"),
        replace(good, ends_at=at),
        replace(good, starts_at=at - 2 * DAY, ends_at=at - DAY),
        replace(good, ends_at=at + 400 * DAY),
        replace(good, views_a_day=0),
        replace(good, views_a_day=10_000_000),
    ):
        with pytest.raises(services.PlacementInvalid):
            services.place(draft=wrong, by=people.operator(), at=at)
    assert not Placement.objects.exists()
    assert not PlacementDay.objects.exists()
    assert services.place(draft=good, by=people.operator(), at=at).startswith("plc_")
