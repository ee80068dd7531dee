"""A store knows its district and circle: when it is imported, signed up, moved, and when outlines change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import edit_store, jobs, place_stores
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.models import Store
from hutong.town.merchants.types import StoreFacts, StoreView
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from hutong.town.regions.queries import region_by_slug
from hutong.town.regions.services import store_regions
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import RegionKind, RegionSpec
from tests.factories import merchants as make
from tests.factories import people, regions
from tests.town.regions.test_outlines import polygon, square

pytestmark = pytest.mark.django_db


def area(slug: str, west: float, side: float = 0.01, kind: RegionKind = RegionKind.DISTRICT) -> RegionSpec:
    """A square of Helsinki."""
    shape = read_outline(polygon(square(west, 60.165, side)))
    return RegionSpec(slug=slug, names={"en": slug.title()}, kind=kind, parent_slug="helsinki", shape=shape)


@pytest.fixture
def town(at: datetime) -> Region:
    """Helsinki with two districts side by side, and a circle in the western one."""
    region = regions.region(slug="helsinki")
    circle = area("market", 24.94, side=0.005, kind=RegionKind.CIRCLE)
    store_regions(specs=[area("west", 24.94), area("east", 24.95), circle], at=at)
    return region


def lies_in(store: Store) -> tuple[str | None, str | None]:
    """The slugs of its district and circle."""
    view = merchants.store_by_ref(store.public_id)
    assert view is not None
    return view.district.slug if view.district else None, view.circle.slug if view.circle else None


def facts_of(view: StoreView, lon: float) -> StoreFacts:
    """What the store's people would send to move it."""
    fields = {
        name: getattr(view, name) for name in StoreFacts.__dataclass_fields__ if name != "category_slug"
    }
    return replace(StoreFacts(category_slug=view.category.slug, **fields), lon=lon)


def test_the_stores_of_a_town_are_placed_and_again_changes_nothing(town: Region, at: datetime) -> None:
    inside = make.listing(region=town, lon=24.942, lat=60.167)
    east = make.listing(region=town, lon=24.9551, lat=60.167)
    outside = make.listing(region=town, lon=24.99, lat=60.167)
    assert place_stores.place_region(town.public_id, at) == 2
    assert [lies_in(store) for store in (inside, east, outside)] == [
        ("west", "market"),
        ("east", None),
        (None, None),
    ]
    assert place_stores.place_region(town.public_id, at) == 0


def test_shops_are_counted_for_each_region(town: Region, at: datetime) -> None:
    for number in range(3):
        make.listing(region=town, lon=24.942 + number / 1000, lat=60.167)
    make.listing(region=town, lon=24.9551, lat=60.167)
    Store.objects.filter(pk=make.listing(region=town, lon=24.942, lat=60.167).pk).update(state="closed")
    place_stores.place_region(town.public_id, at)
    counted = {
        slug: view.shops for slug in ("helsinki", "west", "east", "market") if (view := region_by_slug(slug))
    }
    assert counted == {"helsinki": 4, "west": 3, "east": 1, "market": 3}


def test_a_store_that_moves_lies_elsewhere_at_once(town: Region, at: datetime) -> None:
    owner: Person = people.person(name="Olga")
    store = make.store(merchant=make.merchant(region=town, owner=owner), lat=60.167)
    services.place_in_regions(store_refs=[store.public_id])
    assert lies_in(store) == ("west", "market")
    view = merchants.store_by_ref(store.public_id)
    assert view is not None
    edit_store.set_facts(store_ref=store.public_id, facts=facts_of(view, lon=24.9552), by=owner, at=at)
    assert lies_in(store) == ("east", None)


def test_new_outlines_are_a_job_and_search_follows(town: Region, at: datetime) -> None:
    store = make.listing(region=town, lon=24.942, lat=60.167)
    place_stores.place_region(town.public_id, at)
    jobs.drain()
    store_regions(specs=[area("west", 24.941), replace(area("market", 24.9, kind=RegionKind.CIRCLE))], at=at)
    jobs.HANDLERS[place_stores.JOB](region_ref=town.public_id)
    assert lies_in(store) == ("west", None)
    assert jobs.drain() == 1


def test_a_batch_is_a_handful_of_statements(town: Region) -> None:
    for number in range(40):
        make.listing(region=town, lon=24.94 + number / 10_000, lat=60.167)
    with CaptureQueriesContext(connection) as captured:
        assert len(services.place_in_regions(region_ref=town.public_id)) == 40
    assert len(captured) <= 6


def test_a_town_without_districts_forgets_those_it_had(town: Region, at: datetime) -> None:
    store = make.listing(region=town, lon=24.942, lat=60.167)
    place_stores.place_region(town.public_id, at)
    other = regions.region(slug="espoo")
    Region.objects.filter(parent=town).update(parent=other)
    assert place_stores.place_region(town.public_id, at) == 1
    assert lies_in(store) == (None, None)
