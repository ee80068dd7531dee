"""What a file that is no whole extract gets: its own error, and nothing is stored."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from hutong.flows.import_osm import import_osm
from hutong.flows.import_osm.errors import (
    ExtractDamaged,
    ExtractElsewhere,
    ExtractEmpty,
    ExtractMissing,
    ExtractNotOsm,
    ExtractShrunk,
    ExtractWithoutPlaces,
)
from hutong.kernel.errors import DomainError
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Region
from hutong.town.regions.services import CurrencyUnknown, SlugInvalid, ZoneUnknown

from .extracts import CAFE, as_pbf, write, xml

HELSINKI = Path(__file__).parents[3] / "data" / "helsinki-centre.osm.pbf"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4

Import = Callable[[Path], object]
pytestmark = pytest.mark.django_db


@pytest.fixture
def basemaps(tmp_path: Path, settings: object) -> Path:
    folder = tmp_path / "basemaps"
    settings.HUTONG_BASEMAPS = folder  # type: ignore[attr-defined]
    return folder


@pytest.fixture
def run(at: datetime, basemaps: Path) -> Import:
    def go(path: Path) -> object:
        return import_osm(
            path, "helsinki", names={"en": "Helsinki"}, zone="Europe/Helsinki", currency="EUR", at=at
        )

    return go


def assert_refused(run: Import, path: Path, error: type[DomainError], basemaps: Path) -> DomainError:
    with pytest.raises(error) as caught:
        run(path)
    assert Region.objects.count() == 0
    assert Store.objects.count() == 0
    assert not basemaps.exists() or list(basemaps.iterdir()) == []
    assert str(path) in str(caught.value)
    return caught.value


def test_a_file_that_does_not_exist(run: Import, tmp_path: Path, basemaps: Path) -> None:
    assert assert_refused(run, tmp_path / "none.osm.pbf", ExtractMissing, basemaps).code == "extract_missing"
    assert_refused(run, tmp_path, ExtractMissing, basemaps)


def test_an_empty_file(run: Import, tmp_path: Path, basemaps: Path) -> None:
    path = tmp_path / "empty.osm.pbf"
    path.touch()
    assert assert_refused(run, path, ExtractEmpty, basemaps).code == "extract_empty"


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"name;lat;lon\nKahvila;60.17;24.94\n",
        b"<html><body>Not found</body></html>",
        b'<?xml version="1.0"?><kml></kml>',
        gzip.compress(b"just some text", mtime=0),
        gzip.compress(PNG, mtime=0),
        b"PK\x03\x04" + bytes(100),
        b"\x00",
    ],
)
def test_another_format(run: Import, tmp_path: Path, basemaps: Path, content: bytes) -> None:
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(content)
    assert assert_refused(run, path, ExtractNotOsm, basemaps).code == "extract_not_osm"


@pytest.mark.parametrize("kept", [0.01, 0.2, 0.5, 0.9, 0.9999])
def test_a_pbf_file_that_was_cut_short(run: Import, tmp_path: Path, basemaps: Path, kept: float) -> None:
    whole = HELSINKI.read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert assert_refused(run, path, ExtractDamaged, basemaps).code == "extract_damaged"


@pytest.mark.parametrize("kept", [12, 30, -1, -9, -20])
def test_a_gzip_file_that_was_cut_short(run: Import, tmp_path: Path, basemaps: Path, kept: int) -> None:
    path = tmp_path / "cut.osm.gz"
    path.write_bytes(gzip.compress(xml(*[CAFE] * 200).encode())[:kept])
    assert_refused(run, path, ExtractDamaged, basemaps)


@pytest.mark.parametrize("kept", [70, 300, -1, -8])
def test_an_xml_file_that_was_cut_short(run: Import, tmp_path: Path, basemaps: Path, kept: int) -> None:
    path = tmp_path / "cut.osm"
    path.write_text(xml(*[CAFE] * 20)[:kept], encoding="utf-8")
    assert_refused(run, path, ExtractDamaged, basemaps)


def test_a_pbf_file_with_flipped_bytes(run: Import, tmp_path: Path, basemaps: Path) -> None:
    damaged = bytearray(HELSINKI.read_bytes())
    chance = random.Random(7)
    for _ in range(200):
        damaged[chance.randrange(1000, len(damaged))] ^= 0xFF
    path = tmp_path / "flipped.osm.pbf"
    path.write_bytes(damaged)
    assert_refused(run, path, ExtractDamaged, basemaps)


def test_a_long_text_in_a_file_that_is_cut_short_as_well(run: Import, tmp_path: Path, basemaps: Path) -> None:
    path = tmp_path / "both.osm"
    path.write_text(xml({**CAFE, "name": "a" * 10_000}, *[CAFE] * 20)[:-30], encoding="utf-8")
    assert_refused(run, path, ExtractDamaged, basemaps)


def test_coordinates_off_the_earth(run: Import, tmp_path: Path, basemaps: Path) -> None:
    path = tmp_path / "off.osm"
    path.write_text(xml(CAFE).replace('lat="60.17"', 'lat="960.17"'), encoding="utf-8")
    assert_refused(run, path, ExtractDamaged, basemaps)


def test_an_extract_without_any_place_of_trade(run: Import, tmp_path: Path, basemaps: Path) -> None:
    for places in ([], [{"highway": "crossing"}], [{"shop": "yes"}]):
        path = write(tmp_path, *places)
        assert assert_refused(run, path, ExtractWithoutPlaces, basemaps).code == "extract_without_places"


def test_a_pbf_file_whose_blocks_are_missing_has_no_place(
    run: Import, tmp_path: Path, basemaps: Path
) -> None:
    whole = HELSINKI.read_bytes()
    path = tmp_path / "header.osm.pbf"
    path.write_bytes(whole[: 4 + struct.unpack(">I", whole[:4])[0] + 80])
    assert_refused(run, path, (ExtractWithoutPlaces, ExtractDamaged), basemaps)  # type: ignore[arg-type]


def test_an_extract_of_another_part_of_the_world(run: Import, tmp_path: Path) -> None:
    run(write(tmp_path, CAFE, bounds=False))
    with pytest.raises(ExtractElsewhere):
        run(write(tmp_path, CAFE, bounds=False, lon=2.35, lat=48.85))
    assert Store.objects.filter(state="open").count() == 1


def test_an_extract_that_lost_most_places_is_refused_unless_that_is_accepted(
    run: Import, tmp_path: Path, at: datetime
) -> None:
    run(write(tmp_path, *[CAFE] * 50))
    small = write(tmp_path, *[CAFE] * 10, name="small.osm")
    with pytest.raises(ExtractShrunk) as caught:
        run(small)
    assert caught.value.details["lost"] == 40
    assert Store.objects.filter(state="open").count() == 50
    report = import_osm(
        small,
        "helsinki",
        names={"en": "H"},
        zone="Europe/Helsinki",
        currency="EUR",
        at=at,
        accept_losses=True,
    )
    assert (report.closed, report.unchanged) == (40, 10)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"region_slug": "../etc"}, SlugInvalid),
        ({"region_slug": "x" * 61}, SlugInvalid),
        ({"zone": "Europe/Atlantis"}, ZoneUnknown),
        ({"currency": "EURO"}, CurrencyUnknown),
    ],
)
def test_a_region_that_cannot_be(
    tmp_path: Path, at: datetime, changed: dict[str, str], error: type[DomainError]
) -> None:
    asked = {"region_slug": "helsinki", "zone": "Europe/Helsinki", "currency": "EUR", **changed}
    with pytest.raises(error):
        import_osm(write(tmp_path, CAFE), names={"en": "H"}, at=at, **asked)  # type: ignore[arg-type]


def test_a_file_is_known_by_its_content_not_by_its_name(run: Import, tmp_path: Path) -> None:
    as_pbf(write(tmp_path, CAFE), tmp_path / "city.osm.pbf").rename(tmp_path / "city.txt")
    run(tmp_path / "city.txt")
    assert Store.objects.count() == 1
