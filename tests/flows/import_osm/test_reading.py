"""What is read from an extract, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.flows.import_osm.progress import silent
from hutong.flows.import_osm.read import LEAST_EXTENT, NAME_LIMIT, Extract, Skipped, read_extract
from hutong.flows.import_osm.source import readable
from hutong.town.merchants.types import ImportedStore
from hutong.town.regions.types import Extent

from .extracts import CAFE, write, write_shapes

SQUARE = [(24.940, 60.170), (24.942, 60.170), (24.942, 60.171), (24.940, 60.171)]
OUTLINE = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 3, 4, 1))


def read(path: Path, zone: str = "Europe/Helsinki") -> Extract:
    with readable(path) as (file, _cut):
        extract = read_extract(file, zone=zone, progress=silent)
    assert extract is not None
    return extract


def only(folder: Path, tags: dict[str, str]) -> ImportedStore:
    (store,) = read(write(folder, tags)).stores
    return store


def test_a_place_with_everything(tmp_path: Path) -> None:
    store = only(
        tmp_path,
        {
            "shop": "books",
            "name": "Akateeminen",
            "name:fi": "Akateeminen",
            "name:en": "Academic",
            "name:zh-Hans": "学院书店",
            "name:etymology": "not a language",
            "addr:street": "Keskuskatu",
            "addr:housenumber": "1",
            "addr:postcode": "00100",
            "addr:city": "Helsinki",
            "phone": "09 1234567",
            "website": "www.example.fi/kirjat",
            "contact:email": "Kirjat@Example.fi; info@example.fi",
            "opening_hours": "Mo-Fr 09:00-21:00",
        },
    )
    assert store == ImportedStore(
        osm_ref="node/1",
        category_slug="books",
        names={"name": "Akateeminen", "fi": "Akateeminen", "en": "Academic", "zh-Hans": "学院书店"},
        lon=24.94,
        lat=60.17,
        address="Keskuskatu 1",
        postcode="00100",
        city="Helsinki",
        phone="+35891234567",
        website="https://www.example.fi/kirjat",
        email="kirjat@example.fi",
        opening_hours="Mo-Fr 09:00-21:00",
    )


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("+358 40 123 4567", "+358401234567"),
        ("040 123 4567; 09 7654321", "+358401234567"),
        ("ask at the counter", ""),
        ("12345", "12345"),
        ("https://example.fi/call", ""),
    ],
)
def test_phone_numbers(tmp_path: Path, written: str, read_as: str) -> None:
    assert only(tmp_path, {**CAFE, "phone": written}).phone == read_as


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("http://example.fi", "http://example.fi"),
        ("example.fi; example.com", "https://example.fi"),
        ("javascript:alert(1)", ""),
        ("javascript://example.fi/%0aalert(1)", ""),
        ("https://[broken", ""),
        ("see the door", ""),
        ("https://example.fi/" + "a" * 500, ""),
    ],
)
def test_websites_are_web_addresses_or_nothing(tmp_path: Path, written: str, read_as: str) -> None:
    assert only(tmp_path, {**CAFE, "website": written}).website == read_as


def test_hours_too_long_are_unknown_rather_than_cut(tmp_path: Path) -> None:
    assert only(tmp_path, {**CAFE, "opening_hours": "Mo 10:00-11:00; " * 40}).opening_hours == ""


def test_controls_and_direction_marks_are_taken_out_of_names(tmp_path: Path) -> None:
    store = only(tmp_path, {**CAFE, "name": "Kah\u202evila\u200b\u0085 \u2066Ilo\t1", "name:ar": "\u202e"})
    assert store.names == {"name": "Kahvila Ilo 1"}


def test_the_name_may_be_the_brand_s_or_another_language_s(tmp_path: Path) -> None:
    brand = {"shop": "kiosk", "brand": "R-Kioski"}
    foreign = {"shop": "kiosk", "name:sv": "Kiosken"}
    names = [store.names["name"] for store in read(write(tmp_path, brand, foreign)).stores]
    assert names == ["R-Kioski", "Kiosken"]


def test_what_is_left_out_and_why(tmp_path: Path) -> None:
    extract = read(
        write(
            tmp_path,
            CAFE,
            {"shop": "yes"},
            {**CAFE, "access": "private"},
            {"shop": "vacant", "name": "Empty"},
            {"amenity": "bench", "name": "A bench"},
            {"highway": "crossing"},
        )
    )
    assert [store.names["name"] for store in extract.stores] == ["Kahvila Ilo"]
    assert dict(extract.skipped) == {Skipped.NO_NAME: 1, Skipped.PRIVATE: 1}


@pytest.mark.parametrize("length", [NAME_LIMIT + 1, 900, 10_000])
@pytest.mark.parametrize("symbol", ["a", "京"])
def test_long_names_are_cut_and_counted(tmp_path: Path, length: int, symbol: str) -> None:
    path = write(tmp_path, {**CAFE, "name": symbol * length}, CAFE)
    with readable(path) as (file, texts_cut):
        extract = read_extract(file, zone="Europe/Helsinki", progress=silent)
    assert extract is not None
    assert [store.names["name"] for store in extract.stores] == [symbol * NAME_LIMIT, "Kahvila Ilo"]
    assert extract.cut == 1
    assert texts_cut == (1 if len((symbol * length).encode()) > 1024 else 0)


def test_an_area_is_at_a_point_inside_of_it(tmp_path: Path) -> None:
    tags = '<tag k="shop" v="mall"/><tag k="name" v="Forum"/>'
    path = write_shapes(tmp_path, nodes=SQUARE, ways=f'<way id="7" version="1">{OUTLINE}{tags}</way>')
    (store,) = read(path).stores
    assert store.osm_ref == "way/7"
    assert 24.940 < store.lon < 24.942
    assert 60.170 < store.lat < 60.171


def test_an_area_with_a_hole_is_not_at_the_hole(tmp_path: Path) -> None:
    hole = [(24.9405, 60.1702), (24.9415, 60.1702), (24.9415, 60.1708), (24.9405, 60.1708)]
    inner = "".join(f'<nd ref="{number}"/>' for number in (5, 6, 7, 8, 5))
    relation = (
        '<relation id="9" version="1"><member type="way" ref="1" role="outer"/>'
        '<member type="way" ref="2" role="inner"/><tag k="type" v="multipolygon"/>'
        '<tag k="tourism" v="museum"/><tag k="name" v="Ring"/></relation>'
    )
    ways = f'<way id="1" version="1">{OUTLINE}</way><way id="2" version="1">{inner}</way>{relation}'
    (store,) = read(write_shapes(tmp_path, nodes=SQUARE + hole, ways=ways)).stores
    assert store.osm_ref == "relation/9"
    in_hole = 24.9405 < store.lon < 24.9415 and 60.1702 < store.lat < 60.1708
    assert not in_hole


def test_an_outline_that_crosses_itself_is_at_its_middle(tmp_path: Path) -> None:
    bow_tie = "".join(f'<nd ref="{number}"/>' for number in (1, 3, 2, 4, 1))
    tags = '<tag k="shop" v="mall"/><tag k="name" v="Knot"/>'
    path = write_shapes(tmp_path, nodes=SQUARE, ways=f'<way id="7" version="1">{bow_tie}{tags}</way>')
    (store,) = read(path).stores
    assert (round(store.lat, 3), store.osm_ref) == (60.170, "way/7")


def test_an_outline_whose_nodes_are_missing_has_no_position(tmp_path: Path) -> None:
    ways = '<way id="7" version="1"><nd ref="91"/><nd ref="92"/><tag k="shop" v="mall"/><tag k="name" v="Far"/></way>'
    extract = read(write_shapes(tmp_path, nodes=SQUARE, ways=ways))
    assert extract.stores == ()
    assert dict(extract.skipped) == {Skipped.NO_POSITION: 1}


def test_the_poles_have_no_place_on_the_map(tmp_path: Path) -> None:
    extract = read(write(tmp_path, CAFE, bounds=False, lat=89.0))
    assert dict(extract.skipped) == {Skipped.NO_POSITION: 1}


def test_the_box_is_the_header_s_or_that_of_the_nodes(tmp_path: Path) -> None:
    assert read(write(tmp_path, CAFE)).extent == Extent(24.90, 60.10, 25.00, 60.20)
    computed = read(write(tmp_path, *[CAFE] * 101, bounds=False)).extent
    assert (computed.west, computed.east) == (24.94, 24.95)


def test_the_box_of_one_place_still_makes_a_map(tmp_path: Path) -> None:
    around = read(write(tmp_path, CAFE, bounds=False)).extent
    assert around.centre == pytest.approx((24.94, 60.17))
    assert around.east - around.west == pytest.approx(LEAST_EXTENT)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("mailto:Info@Kahvila.fi", "info@kahvila.fi"),
        ("write to us", ""),
        ("a@b", ""),
        ("two words@kahvila.fi", ""),
        ("x" * 65 + "@kahvila.fi", ""),
    ],
)
def test_emails_are_addresses_or_nothing(tmp_path: Path, written: str, read_as: str) -> None:
    assert only(tmp_path, {**CAFE, "email": written}).email == read_as
