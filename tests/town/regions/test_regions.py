"""Regions: made once by slug, found by slug and by place."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from hutong.kernel.geo import Place
from hutong.town.regions import services
from hutong.town.regions.models import Region
from hutong.town.regions.queries import default_region, region_at, region_by_ref, region_by_slug
from hutong.town.regions.queries import regions as all_regions
from hutong.town.regions.types import Extent
from tests.factories import regions as make

PARIS = Extent(west=2.2, south=48.8, east=2.5, north=48.9)


@pytest.mark.parametrize(
    "sides",
    [(2, 0, 1, 1), (0, 2, 1, 1), (-181, 0, 0, 0), (0, 0, 181, 0), (0, -91, 0, 0), (0, 0, 0, float("nan"))],
)
def test_what_is_no_box(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="not a box"):
        Extent(*sides)


def test_boxes_overlap_when_they_share_an_edge() -> None:
    box = Extent(0, 0, 2, 2)
    assert box.overlaps(Extent(2, 2, 3, 3))
    assert box.overlaps(Extent(0.5, 0.5, 1, 1))
    assert not box.overlaps(Extent(2.1, 0, 3, 2))
    assert not box.overlaps(Extent(0, -2, 2, -0.1))
    assert (box.holds(2, 0), box.holds(2.1, 0), box.centre) == (True, False, (1, 1))


@pytest.mark.django_db
def test_a_region_keeps_its_id_and_map_when_it_is_brought_up_to_date() -> None:
    first = make.region(slug="helsinki")
    services.set_basemap(slug="helsinki", filename="helsinki.pmtiles")
    again = make.region(slug="helsinki", extent=PARIS, zone="Europe/Paris")
    view = region_by_slug("helsinki")
    assert view is not None
    assert (view.ref, again.pk) == (first.public_id, first.pk)
    assert (view.zone, view.extent, view.basemap) == ("Europe/Paris", PARIS, "helsinki.pmtiles")
    assert region_by_ref(view.ref) == view
    assert Region.objects.count() == 1


@pytest.mark.django_db
def test_the_smallest_region_around_a_place() -> None:
    city = make.region(slug="city", extent=Extent(24, 60, 25, 61))
    circle = make.region(slug="circle", extent=Extent(24.4, 60.4, 24.6, 60.6))
    inside, outside = region_at(Place(24.5, 60.5)), region_at(Place(24.1, 60.1))
    assert inside is not None
    assert outside is not None
    assert (inside.ref, outside.ref) == (circle.public_id, city.public_id)
    assert region_at(Place(0, 0)) is None
    assert [view.slug for view in all_regions()] == ["circle", "city"]


@pytest.mark.django_db
def test_the_region_of_somebody_who_chose_none(settings: Any) -> None:
    settings.HUTONG_DEFAULT_REGION = "paris"
    assert default_region() is None
    make.region(slug="helsinki")
    oldest = default_region()
    assert oldest is not None
    assert oldest.slug == "helsinki"
    make.region(slug="paris", extent=PARIS)
    chosen = default_region()
    assert chosen is not None
    assert chosen.slug == "paris"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"slug": "Å land"}, services.SlugInvalid),
        ({"zone": "Helsinki"}, services.ZoneUnknown),
        ({"zone": "../../etc/passwd"}, services.ZoneUnknown),
        ({"currency": "eur"}, services.CurrencyUnknown),
    ],
)
def test_what_no_region_may_have(changed: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        make.region(**changed)  # type: ignore[arg-type]
    assert Region.objects.count() == 0


@pytest.mark.django_db
def test_a_map_for_a_region_that_is_not_there() -> None:
    with pytest.raises(services.RegionUnknown):
        services.set_basemap(slug="nowhere", filename="x.pmtiles")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    ["west = 30, east = 20", "datum = 'mars'", "kind = 'planet'", "currency = 'euro'", "parent_id = id"],
)
def test_the_database_refuses_what_cannot_be(change: str) -> None:
    make.region()
    with pytest.raises(Exception) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE regions_region SET {change}")
    assert isinstance(caught.value, IntegrityError) or "too long" in str(caught.value)
