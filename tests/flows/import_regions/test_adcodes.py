"""The table of China's codes: cities and districts by their digits, placeholders and provinces left out and told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from hutong.flows import import_regions as flow
from hutong.flows.import_regions.source import ColumnsMissing
from hutong.kernel.geo import Datum, Place, distance_m, wgs84_to_gcj02
from hutong.town.regions import queries
from hutong.town.regions.services import upsert_region
from hutong.town.regions.types import Extent, RegionKind, RegionView

pytestmark = pytest.mark.django_db

# The order is the real table's: none.
TABLE = """\
adcode,name,longitude,latitude
110105000000,朝阳区,116.443108,39.921470
440300000000,深圳市,114.057868,22.543099
110000000000,北京市,116.405285,39.904989
110100000000,市辖区,116.405285,39.904989
110101000000,东城区,116.418757,39.917544
440000000000,广东省,113.280637,23.125178
440305000000,南山区,113.929430,22.531221
429004000000,仙桃市,113.453974,30.364953
810000000000,香港特别行政区,114.173355,22.320048
320500000000,苏州市,120.619585,31.299379
341300000000,宿州市,116.984084,33.633891
410211000000,金明区,,
440306000000,宝安区,22.754,113.883
990101000000,某区,116.4,39.9
11,短,116.4,39.9
440305000000,南山区,113.929430,22.531221
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A few rows of each sort."""
    path = tmp_path / "adcodes.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


def seen(slug: str) -> RegionView:
    """The region as others see it."""
    view = queries.region_by_slug(slug)
    assert view is not None, slug
    return view


def test_digits_make_the_tree(table: Path, at: datetime) -> None:
    flow.import_adcodes(table, at=at)
    china = seen("china")
    assert (china.kind, china.adcode) == (RegionKind.COUNTRY, "100000")
    tree = {view.slug: view.kind for view in queries.below(china.region_id)}
    assert {slug for slug, kind in tree.items() if kind is RegionKind.CITY} == {
        "beijing", "shenzhen", "xiantao", "xianggang", "suzhou-320500", "suzhou-341300",
    }  # fmt: skip
    assert [view.slug for view in queries.below(seen("beijing").region_id)] == [
        "beijing-chaoyang",
        "beijing-dongcheng",
    ]
    assert seen("shenzhen-nanshan").names == {"zh-Hans": "南山区", "en": "Nanshan"}


def test_settings_are_the_countrys_and_hong_kong_has_its_own(table: Path, at: datetime) -> None:
    flow.import_adcodes(table, at=at)
    district, special = seen("shenzhen-nanshan"), seen("xianggang")
    assert (district.currency, district.zone, district.datum) == ("CNY", "Asia/Shanghai", Datum.GCJ02)
    assert (special.currency, special.zone, special.datum) == ("HKD", "Asia/Hong_Kong", Datum.WGS84)
    assert queries.towns() == []


def test_positions_are_gcj02_unless_said_otherwise(table: Path, at: datetime) -> None:
    flow.import_adcodes(table, at=at)
    nanshan = seen("shenzhen-nanshan")
    there = wgs84_to_gcj02(Place(nanshan.lon, nanshan.lat))
    assert distance_m(there, Place(113.929430, 22.531221)) < 1
    assert distance_m(Place(nanshan.lon, nanshan.lat), there) > 300


def test_what_is_left_out_is_told(table: Path, at: datetime) -> None:
    report = flow.import_adcodes(table, at=at)
    told = {one.number: one.reason for one in report.refused}
    assert sorted(told) == [4, 6, 12, 13, 14, 15, 16]
    assert "no place" in told[4]
    assert "province" in told[6]
    assert "no position" in told[12]
    assert "swapped" in told[13]
    assert "its city is not in the table" in told[14]
    assert "six digits" in told[15]
    assert "twice" in told[16]


def test_the_same_again_changes_nothing_and_a_dry_run_neither(table: Path, at: datetime) -> None:
    assert len(flow.import_adcodes(table, at=at, dry_run=True).stored.new) == 10
    assert queries.regions() == []
    flow.import_adcodes(table, at=at)
    before = queries.regions()
    again = flow.import_adcodes(table, at=at)
    assert (again.stored.new, again.stored.updated) == ((), ())
    assert queries.regions() == before


def test_a_city_that_was_imported_from_a_map_is_the_same_city(table: Path, at: datetime) -> None:
    box = Extent(116.3, 39.8, 116.5, 40.0)
    upsert_region(
        slug="beijing",
        names={"en": "Peking"},
        extent=box,
        zone="Asia/Shanghai",
        currency="CNY",
        languages=("zh",),
    )
    far = Extent(10, 10, 11, 11)
    upsert_region(slug="shenzhen", names={"en": "Another"}, extent=far, zone="UTC", currency="EUR")
    flow.import_adcodes(table, at=at)
    beijing = seen("beijing")
    assert (beijing.adcode, beijing.extent, beijing.in_use) == ("110000", box, True)
    assert beijing.names == {"en": "Peking", "zh-Hans": "北京市"}
    assert seen("shenzhen").adcode is None
    assert seen("shenzhen-440300").adcode == "440300"
    assert [town.slug for town in queries.towns()] == ["beijing", "shenzhen"]


def test_found_in_every_way_people_type(table: Path, at: datetime) -> None:
    flow.import_adcodes(table, at=at)
    for typed in ("北京", "beijing", "BJ", "bjs", "110000", "Běijīng", "beij"):
        assert queries.find_regions(typed)[0].slug == "beijing", typed
    assert queries.find_regions("朝阳")[0].slug == "beijing-chaoyang"
    assert queries.find_regions("chaoy")[0].slug == "beijing-chaoyang"
    assert queries.find_regions("") == queries.find_regions("'; DROP %_") == []
    assert len(queries.find_regions("a", limit=3)) == 3


def test_a_table_without_its_columns(tmp_path: Path, at: datetime) -> None:
    path = tmp_path / "other.csv"
    path.write_text("code,name\n1,2\n")
    with pytest.raises(ColumnsMissing):
        flow.import_adcodes(path, at=at)
