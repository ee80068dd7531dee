"""Tables as large and as broken as real ones."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

from hutong.attract.search.models import SearchStore
from hutong.flows.import_csv import Town
from hutong.town.merchants.models import Brand, Store

from .tables import place, run, table, town

pytestmark = [pytest.mark.django_db, pytest.mark.long]


def broken(number: int) -> dict[str, str] | str:
    """One of ten ways to be broken."""
    ways: list[dict[str, str] | str] = [
        place(number, name=""),
        place(number, lat="", lon=""),
        place(number, lat="95.1", lon="224.9"),
        place(number, lat="24.94", lon="60.17"),
        place(number, lat="39.9", lon="116.4"),
        place(number, category="Spaceport"),
        f'{number},"Never closed,,60.17,24.94,cafe',
        f"{number},Too few,60.17",
        f"{number},Too,many,,60.17,24.94,cafe,by far",
        f"{number},\x00\ufffd broken,,60.17,24.94,cafe",
    ]
    return ways[number % len(ways)]


@pytest.mark.parametrize("codec", ["utf-8-sig", "gb18030"])
def test_a_hundred_broken_rows_among_ten_thousand(tmp_path: Path, at: datetime, codec: str) -> None:
    town()
    rows = [
        broken(number // 100) if number % 100 == 50 else place(number, name=f"茶馆 {number}")
        for number in range(10_000)
    ]
    path, refused = tmp_path / "places.csv", tmp_path / "refused.csv"
    path.write_bytes(table(rows).encode(codec))
    dry = run(path, at, dry_run=True)
    assert (dry.new, dry.refused, Store.objects.count()) == (9_900, 100, 0)
    report = run(path, at, report=refused)
    assert (report.found.rows, report.new, report.refused) == (10_000, 9_900, 100)
    with refused.open(encoding="utf-8-sig", newline="") as handle:
        told = list(csv.DictReader(handle))
    assert [int(row["line"]) for row in told] == [number * 100 + 52 for number in range(100)]
    assert all(row["reason"] for row in told)
    assert Store.objects.filter(state="open").count() == SearchStore.objects.count() == 9_900


@pytest.mark.parametrize(
    ("name", "town_of", "places", "brands"),
    [
        ("Singapore", Town("singapore", {"en": "Singapore"}, "Asia/Singapore", "SGD"), 9_912, 1_922),
        ("Chicago", Town("chicago", {"en": "Chicago"}, "America/Chicago", "USD"), 8_044, 969),
    ],
)
def test_opensiterec_comes_in_whole(
    data_folder: Path, at: datetime, name: str, town_of: Town, places: int, brands: int
) -> None:
    path = data_folder / "opensiterec" / f"{name}_KG_plus.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here; set HUTONG_TEST_DATA to the folder of test data")
    report = run(path, at, town=town_of, columns="opensiterec")
    assert (report.new, report.refused, report.found.noted.total()) == (places, 0, 0)
    assert (Brand.objects.count(), SearchStore.objects.count()) == (brands, places)
    again = run(path, at, town=town_of, columns="opensiterec", close_missing=True)
    assert (again.new, again.updated, again.unchanged, again.closed) == (0, 0, places, 0)
