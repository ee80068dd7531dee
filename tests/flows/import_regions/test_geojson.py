"""Regions from GeoJSON: stored at once, refused one by one with the reason, the same again changes nothing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import import_regions as flow
from hutong.flows import jobs
from hutong.flows.import_regions import source
from hutong.kernel.geo import Datum, Place, to_datum
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Outline, Region
from hutong.town.regions.queries import region_at, region_by_slug
from hutong.town.regions.types import Extent
from tests.factories import merchants, regions
from tests.town.regions.test_outlines import BOW, polygon, square

pytestmark = pytest.mark.django_db

HELSINKI = {
    "name": "Helsinki",
    "slug": "helsinki",
    "kind": "city",
    "zone": "Europe/Helsinki",
    "currency": "EUR",
}
KAMPPI = {
    "names": {"fi": "Kamppi", "sv": "Kampen"},
    "slug": "kamppi",
    "kind": "district",
    "parent": "helsinki",
}


def feature(properties: Any, geometry: Any = None) -> dict[str, Any]:
    """A GeoJSON Feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write(tmp_path: Path, *features: Any, **more: Any) -> Path:
    """A file of them."""
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path


CITY = feature(HELSINKI, polygon(square(24.8, 60.1, 0.4)))
DISTRICT = feature(KAMPPI, polygon(square(24.92, 60.16, 0.03)))


def test_children_may_stand_first_and_the_same_again_changes_nothing(tmp_path: Path, at: datetime) -> None:
    path = write(tmp_path, DISTRICT, CITY)
    report = flow.import_regions(path, at=at)
    assert (report.stored.new, report.refused, report.hints) == (("helsinki", "kamppi"), (), ())
    district = region_by_slug("kamppi")
    assert district is not None
    assert (district.zone, district.currency) == ("Europe/Helsinki", "EUR")
    assert district.names == {"fi": "Kamppi", "sv": "Kampen"}
    again = flow.import_regions(path, at=at)
    assert (again.stored.unchanged, again.stored.outlined) == (("helsinki", "kamppi"), ())
    assert "0 new, 0 updated, 2 unchanged" in again.as_text()


def test_the_smallest_outline_around_a_place(tmp_path: Path, at: datetime) -> None:
    flow.import_regions(write(tmp_path, DISTRICT, CITY), at=at)
    regions.region(slug="boxed", extent=Extent(24.0, 60.0, 24.95, 60.3))
    found = [
        region_at(Place(*position)) for position in ((24.93, 60.17), (24.85, 60.17), (24.1, 60.17), (0, 0))
    ]
    assert [region and region.slug for region in found] == ["kamppi", "helsinki", "boxed", None]


def test_a_dry_run_stores_nothing_and_says_the_same(tmp_path: Path, at: datetime) -> None:
    report = flow.import_regions(write(tmp_path, CITY, DISTRICT), at=at, dry_run=True)
    assert report.stored.new == ("helsinki", "kamppi")
    assert "dry run" in report.as_text()
    assert Region.objects.count() == Outline.objects.count() == 0


@pytest.mark.parametrize(
    ("properties", "geometry", "reason"),
    [
        (KAMPPI, polygon(BOW), "crosses itself near"),
        (KAMPPI, polygon(square(60.16, 24.92, 0.03)), "swapped"),
        (KAMPPI, polygon(square(25.5, 60.16, 0.03)), "does not lie in the outline"),
        (KAMPPI, None, "no outline and no position"),
        (KAMPPI, {"type": "Point", "coordinates": ["x", 1]}, "position is none"),
        (KAMPPI, {"type": "Point", "coordinates": [60.1, 124.9]}, "swapped"),
        ({**KAMPPI, "kind": "village"}, polygon(square(24.92, 60.16, 0.03)), "country, city, district, circle"),
        ({**KAMPPI, "kind": "city"}, polygon(square(24.92, 60.16, 0.03)), "cannot lie in"),
        ({**KAMPPI, "parent": "espoo"}, {"type": "Point", "coordinates": [24.9, 60.1]}, "not there, or was refused"),
        ({**KAMPPI, "parent": None}, {"type": "Point", "coordinates": [24.9, 60.1]}, "zone and currency"),
        ({**KAMPPI, "zone": "Kamppi"}, None, "no time zone"),
        ({**KAMPPI, "currency": "QQQ"}, None, "no currency"),
        ({**KAMPPI, "slug": "kam ppi"}, None, "short name"),
        ({**KAMPPI, "slug": "helsinki"}, None, "twice"),
        ({**KAMPPI, "adcode": "12"}, None, "six digits"),
        ({**KAMPPI, "names": ["Kamppi"]}, None, "table of languages"),
        ({**KAMPPI, "languages": "fi"}, {"type": "Point", "coordinates": [24.9, 60.1]}, "list of codes"),
        ({"kind": "district", "parent": "helsinki"}, None, "no slug"),
        (None, None, "no properties"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_the_rest_is_stored(
    properties: Any, geometry: Any, reason: str, tmp_path: Path, at: datetime
) -> None:
    report = flow.import_regions(write(tmp_path, CITY, feature(properties, geometry)), at=at)
    assert report.stored.new == ("helsinki",)
    (refused,) = report.refused
    assert refused.number == 2
    assert reason in refused.reason
    report.write(tmp_path / "refused.csv")
    assert reason in (tmp_path / "refused.csv").read_text(encoding="utf-8-sig")


def test_outlines_in_another_datum_are_noticed(tmp_path: Path, at: datetime) -> None:
    beijing = {"name": "北京", "slug": "beijing", "kind": "city", "zone": "Asia/Shanghai", "currency": "CNY"}
    flow.import_regions(write(tmp_path, feature(beijing, polygon(square(116.3, 39.8, 0.2)))), at=at)
    corners = [to_datum(Place(*position), Datum.GCJ02) for position in square(116.48, 39.9, 0.02)]
    shifted = polygon([[place.lon, place.lat] for place in corners])
    circle = feature({"name": "国贸", "slug": "guomao", "kind": "circle", "parent": "beijing"}, shifted)
    path = write(tmp_path, circle)
    (hint,) = flow.import_regions(path, at=at, dry_run=True).hints
    assert "--datum gcj02" in hint
    report = flow.import_regions(path, at=at, datum=Datum.GCJ02)
    assert (report.stored.new, report.hints) == (("guomao",), ())
    view = region_by_slug("guomao")
    assert view is not None
    assert view.extent == Extent(116.48, 39.9, 116.5, 39.92)
    assert view.names == {"en": "Guomao", "zh-Hans": "国贸"}


def test_stores_are_placed_again_after_new_outlines(tmp_path: Path, at: datetime) -> None:
    town = regions.region(slug="helsinki")
    store = merchants.listing(region=town, lon=24.9414, lat=60.171)
    report = flow.import_regions(write(tmp_path, CITY, DISTRICT), at=at)
    assert (report.stored.updated, report.towns_placed_again) == (("helsinki",), 1)
    jobs.drain()
    assert Store.objects.get(pk=store.pk).district == Region.objects.get(slug="kamppi")
    named = region_by_slug("kamppi")
    assert named is not None
    assert named.shops == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, source.RegionsFileMissing),
        (b"", source.RegionsFileUnreadable),
        (b'{"type": "FeatureCollection", "features": [', source.RegionsFileUnreadable),
        ("名".encode("gbk"), source.RegionsFileUnreadable),
        (b"[]", source.RegionsFileOther),
        (b'{"type": "Feature"}', source.RegionsFileOther),
        (
            b'{"type": "FeatureCollection", "features": [],'
            b' "crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}}',
            source.FrameOther,
        ),
    ],
)
def test_files_that_cannot_be_read(
    content: bytes | None, error: type[Exception], tmp_path: Path, at: datetime
) -> None:
    path = tmp_path / "broken.geojson"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error):
        flow.import_regions(path, at=at)
