"""How a table is written is found out; a broken row is one row."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hutong.flows.import_csv.errors import (
    ColumnsMissing,
    EncodingUnclear,
    EncodingUnknown,
    MappingInvalid,
    TableDamaged,
    TableEmpty,
    TableMissing,
    TableNotText,
)
from hutong.flows.import_csv.mapping import Categories, TableMapping, columns_of, mapping_of
from hutong.flows.import_csv.source import source_of
from hutong.flows.import_csv.table import Row, header_of, rows_of
from hutong.flows.import_osm.categories import category_specs

CHINESE = "name,lat,lon\n全聚德烤鸭店,39.9,116.4\n东来顺饭庄,39.91,116.41\n"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def read(path: Path, encoding: str = "", delimiter: str = "") -> list[Row]:
    source = source_of(path, encoding=encoding)
    header, delimiter = header_of(source, delimiter)
    return list(rows_of(source, len(header), delimiter))


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("gbk", "GB18030 (GBK)"),
        ("gb18030", "GB18030 (GBK)"),
        ("utf-16", "UTF-16"),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_the_encoding_is_found_out(tmp_path: Path, codec: str, said: str, is_packed: bool) -> None:
    content = CHINESE.encode(codec)
    path = written(tmp_path, gzip.compress(content) if is_packed else content)
    assert source_of(path).encoding == said
    assert [row.cells[0] for row in read(path)] == ["全聚德烤鸭店", "东来顺饭庄"]
    assert header_of(source_of(path)) == (("name", "lat", "lon"), ",")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_empty_bytes(tmp_path: Path, codec: str) -> None:
    path = written(tmp_path, "name,lat,lon\nCafé,60.1,24.9\n".encode(codec))
    assert read(path)[0].cells == ("Café", "60.1", "24.9")


def test_latin_1_is_not_taken_for_chinese(tmp_path: Path) -> None:
    path = written(tmp_path, ("name,lat,lon\n" + "Müller Kähvilä,60.1,24.9\n" * 9).encode("latin-1"))
    with pytest.raises(EncodingUnclear):
        source_of(path)
    assert read(path, encoding="latin-1")[0].cells[0] == "Müller Kähvilä"
    with pytest.raises(EncodingUnknown):
        source_of(path, encoding="no such one")


def test_a_few_broken_characters_break_their_rows_alone(tmp_path: Path) -> None:
    lines = ["name,lat,lon\n", *(f"茶馆{number},39.9,116.4\n" for number in range(100))]
    content = [line.encode() for line in lines]
    content[50] = b"\xff\xfe\x80,39.9,116.4\n"
    path = written(tmp_path, b"".join(content))
    rows = read(path)
    assert source_of(path).encoding == "UTF-8"
    assert [(row.line, row.fault) for row in rows if row.fault] == [(51, "characters")]
    assert len(rows) == 100


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path, delimiter.join(["name", "lat", "lon"]).encode() + b"\n" + b"a|b|c"[:0])
    assert header_of(source_of(path)) == (("name", "lat", "lon"), delimiter)


def test_quotes_hold_delimiters_lines_and_quotes(tmp_path: Path) -> None:
    text = 'name,lat,lon\r\n"Bar ""Süd"",\r\nKeller",60.1,24.9\r\nInch 5" pipe,60.2,24.8\r\n\r\n,,\r\nEnd,1,2,,\r\n'
    rows = read(written(tmp_path, text.encode()))
    assert [row.cells for row in rows] == [
        ('Bar "Süd",\nKeller', "60.1", "24.9"),
        ('Inch 5" pipe', "60.2", "24.8"),
        ("End", "1", "2"),
    ]
    assert [row.line for row in rows] == [2, 4, 7]


def test_a_quote_that_never_closes_takes_no_neighbour_along(tmp_path: Path) -> None:
    lines = [
        "name,lat,lon",
        "One,1,1",
        '"Two,2,2',
        "Three,3,3",
        '"Four",4,4',
        '"Five" x,5,5',
        "Six,6",
        "Seven,7,7,7",
    ]
    rows = read(written(tmp_path, "\n".join(lines).encode()))
    assert [(row.line, row.cells[:1], row.fault) for row in rows] == [
        (2, ("One",), ""),
        (3, (), "quotes"),
        (4, ("Three",), ""),
        (5, ("Four",), ""),
        (6, (), "quotes"),
        (7, (), "cells"),
        (8, (), "cells"),
    ]
    assert rows[1].text == '"Two,2,2'


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", TableEmpty),
        (b"PK\x03\x04 a workbook", TableNotText),
        (b"name,lat\0\0\x01\x02 of a program", TableNotText),
        (gzip.compress(CHINESE.encode() * 50, mtime=0)[:-20], TableDamaged),
        (b"x" * 1_100_000, TableNotText),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        source_of(written(tmp_path, content))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TableMissing):
        source_of(tmp_path / "no.csv")


def test_columns_are_known_by_many_names() -> None:
    found = columns_of(
        ["编号", "店名", "Latitude", "LNG", "name:zh-Hans", "Extra", "E-Mail"], TableMapping(), path="t"
    )
    cells = ["7", "Cha", "39.9", "116.4", "茶", "x", "a@b.cn"]
    assert [found.get(cells, name) for name in ("id", "name", "lat", "lon", "email")] == [
        *cells[:4],
        "a@b.cn",
    ]
    assert found.languages(cells, "name") == {"name": "Cha", "zh-Hans": "茶"}
    assert found.unused == ("Extra",)


def test_a_table_without_positions_is_refused_with_what_it_has() -> None:
    with pytest.raises(ColumnsMissing) as refused:
        columns_of(["name", "lat", "notes"], TableMapping(), path="t.csv")
    assert "lon" in str(refused.value)
    assert "name, lat, notes" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "columns = 1",
        "[columns]\nnonsense = 'x'",
        "[columns]\nname = 3",
        "[categories]\nx = 3",
        "surprise = 1",
        "not toml",
        "[[category]]\nslug = 'x'",
        "[[category]]\nslug = 'X y'\nemoji = '2615'\nnames = {en = 'X'}",
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(MappingInvalid):
        mapping_of(str(path))


def test_a_category_is_found_by_path_slug_and_name_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('[categories]\n"Food" = "restaurant"\n"food/drinks" = "cafe"\n')
    categories = Categories(category_specs(), {"cafe": {"fi": "Kahvila"}}, mapping_of(str(path)))
    asked = ["FOOD/other", "Food/Drinks/Tea", "bar", "Bars & pubs", "咖啡茶饮", "kahvila", "Nonsense", ""]
    assert [categories.find(one) for one in asked] == [
        "restaurant", "cafe", "bar", "bar", "cafe", "cafe", None, None,
    ]  # fmt: skip
    categories.default = "other-shop"
    assert categories.find("Nonsense") == "other-shop"


def test_the_mapping_that_comes_along_leads_to_categories_that_are_there() -> None:
    mapping = mapping_of("opensiterec")
    slugs = {spec.slug for spec in [*category_specs(), *mapping.own]}
    assert set(mapping.categories.values()) <= slugs
    assert {spec.parent_slug for spec in mapping.own} <= slugs | {None}
    shown = (Path(__file__).parents[3] / "frontend" / "emoji.txt").read_text(encoding="utf-8")
    assert [spec.slug for spec in mapping.own if f"\n{spec.emoji} " not in shown] == []
