"""The tree of regions: order of kinds, what is inherited, and the same list twice."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from hutong.kernel.geo import Datum
from hutong.town.regions import queries, services
from hutong.town.regions.models import Outline, Region
from hutong.town.regions.rules import MissingSetting, may_hold, settled
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import Extent, RegionKind, RegionSpec, RegionView
from tests.town.regions.test_outlines import polygon, square

CHINA = RegionSpec(
    slug="china", names={"en": "China", "zh-Hans": "中国"}, kind=RegionKind.COUNTRY, zone="Asia/Shanghai",
    currency="CNY", datum=Datum.GCJ02, languages=("zh",), centre=(104.0, 35.0),
)  # fmt: skip


def spec(slug: str, kind: RegionKind, parent: str | None, **more: object) -> RegionSpec:
    """A region of which little is said."""
    middle = {"centre": (116.4, 39.9)} if "shape" not in more else {}
    return RegionSpec(slug=slug, names={"en": slug}, kind=kind, parent_slug=parent, **middle, **more)  # type: ignore[arg-type]


BEIJING = spec("beijing", RegionKind.CITY, "china")
CHAOYANG = spec("chaoyang", RegionKind.DISTRICT, "beijing")
SANLITUN = spec("sanlitun", RegionKind.CIRCLE, "chaoyang")


def seen(slug: str) -> RegionView:
    """The region as others see it."""
    view = queries.region_by_slug(slug)
    assert view is not None
    return view


def test_which_kind_lies_in_which() -> None:
    assert may_hold(RegionKind.COUNTRY, RegionKind.CIRCLE)
    assert not may_hold(RegionKind.CITY, RegionKind.CITY)
    assert not may_hold(RegionKind.CIRCLE, RegionKind.DISTRICT)


def test_what_is_not_said_is_the_parents() -> None:
    parent = {
        "zone": "Asia/Shanghai", "currency": "CNY", "datum": "gcj02", "languages": ["zh"],
        "basemap": "china.pmtiles", "attribution": "© somebody",
    }  # fmt: skip
    values, inherits = settled({"currency": "HKD"}, parent)
    assert values == {**parent, "currency": "HKD"}
    assert inherits == ["zone", "datum", "languages", "basemap", "attribution"]


def test_a_map_of_its_own_does_not_credit_the_parents() -> None:
    parent = {"zone": "UTC", "currency": "EUR", "basemap": "a.pmtiles", "attribution": "© somebody"}
    values, inherits = settled({"basemap": "b.pmtiles"}, {**parent, "datum": "wgs84", "languages": []})
    assert (values["basemap"], values["attribution"]) == ("b.pmtiles", "")
    assert "attribution" not in inherits


def test_somebody_has_to_say_zone_and_currency() -> None:
    with pytest.raises(MissingSetting, match="zone"):
        settled({"currency": "EUR"}, None)
    values, inherits = settled({"zone": "UTC", "currency": "EUR"}, None)
    assert (values["datum"], values["languages"], inherits) == ("wgs84", [], [])


@pytest.mark.django_db
def test_a_tree_in_any_order_and_the_same_again(at: datetime) -> None:
    specs = [SANLITUN, CHAOYANG, BEIJING, CHINA]
    stored = services.store_regions(specs=specs, at=at)
    assert stored.new == ("sanlitun", "chaoyang", "beijing", "china")
    circle = seen("sanlitun")
    assert (circle.zone, circle.currency, circle.datum) == ("Asia/Shanghai", "CNY", Datum.GCJ02)
    assert circle.languages == ("zh",)
    again = services.store_regions(specs=specs, at=at)
    assert (again.new, again.updated, len(again.unchanged)) == ((), (), 4)
    city = queries.city_of(circle.region_id)
    assert city is not None
    assert city.slug == "beijing"
    assert [view.slug for view in queries.below(seen("china").region_id)] == [
        "beijing",
        "chaoyang",
        "sanlitun",
    ]


@pytest.mark.django_db
def test_what_a_parent_changes_reaches_who_did_not_say_it(at: datetime) -> None:
    own = spec("gulou", RegionKind.DISTRICT, "beijing", languages=("zh", "en"))
    services.store_regions(specs=[CHINA, BEIJING, CHAOYANG, SANLITUN, own], at=at)
    changed = RegionSpec(
        slug="china", names={}, kind=RegionKind.COUNTRY, languages=("zh", "ug"), datum=Datum.WGS84
    )
    services.store_regions(specs=[changed], at=at)
    assert (seen("sanlitun").languages, seen("sanlitun").datum) == (("zh", "ug"), Datum.WGS84)
    assert (seen("gulou").languages, seen("gulou").datum) == (("zh", "en"), Datum.WGS84)
    services.set_basemap(slug="beijing", filename="beijing.pmtiles")
    assert [seen(slug).basemap for slug in ("china", "beijing", "sanlitun")] == ["", *["beijing.pmtiles"] * 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("specs", "error"),
    [
        ([CHINA, spec("a", RegionKind.CITY, "china"), spec("b", RegionKind.CITY, "a")], services.KindOrder),
        ([CHINA, spec("a", RegionKind.CITY, "nowhere")], services.RegionUnknown),
        ([spec("a", RegionKind.CITY, None)], services.SettingMissing),
        ([RegionSpec(slug="a", names={}, kind=RegionKind.CITY)], services.NameMissing),
        ([RegionSpec(slug="a", names={"en": "A"}, kind=RegionKind.CITY)], services.PlaceMissing),
        (
            [CHINA, *(spec(s, RegionKind.CITY, "china", adcode="110000") for s in ("a", "b"))],
            services.AdcodeTaken,
        ),
    ],
)
def test_what_no_tree_may_have(specs: list[RegionSpec], error: type[Exception], at: datetime) -> None:
    with pytest.raises(error):
        services.store_regions(specs=specs, at=at)
    assert Region.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["kind = 'circle'", "kind = 'country'", "parent_id = NULL"])
def test_the_database_keeps_the_order_of_kinds(change: str, at: datetime) -> None:
    services.store_regions(specs=[CHINA, BEIJING, CHAOYANG], at=at)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE regions_region SET {change} WHERE slug = 'beijing'")


@pytest.mark.django_db
def test_an_outline_brings_extent_and_middle_and_stays(at: datetime) -> None:
    shape = read_outline(polygon(square(116.3, 39.8, 0.4)))
    services.store_regions(specs=[CHINA, spec("beijing", RegionKind.CITY, "china", shape=shape)], at=at)
    view = seen("beijing")
    assert view.extent == Extent(116.3, 39.8, 116.7, 40.2)
    assert view.extent.holds(view.lon, view.lat)
    services.upsert_region(
        slug="beijing", names={"en": "Beijing"}, extent=Extent(116.39, 39.9, 116.41, 39.92), zone="Asia/Shanghai",
        currency="CNY",
    )  # fmt: skip
    assert (seen("beijing").extent, seen("beijing").parent_id) == (view.extent, view.parent_id)
    assert (seen("beijing").lon, seen("beijing").lat) == (116.4, 39.91)
    again = services.store_regions(specs=[spec("beijing", RegionKind.CITY, "china", shape=shape)], at=at)
    assert again.outlined == ()
    moved = read_outline(polygon(square(116.3, 39.8, 0.5)))
    changed = services.store_regions(specs=[spec("beijing", RegionKind.CITY, None, shape=moved)], at=at)
    assert (changed.outlined, changed.updated) == (("beijing",), ("beijing",))
    assert Outline.objects.get().east == 116.8
