"""Coordinates that are swapped, in another datum, or of another town: said, never guessed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from hutong.flows.import_csv import Town, errors
from hutong.kernel.geo import Datum, Place, distance_m, wgs84_to_bd09, wgs84_to_gcj02
from hutong.town.merchants.models import Store
from hutong.town.regions import services
from hutong.town.regions.types import Extent

from .tables import HEADER, place, run, town, write

pytestmark = pytest.mark.django_db
BEIJING = Town("beijing", {"en": "Beijing"}, "Asia/Shanghai", "CNY")


def turned(number: int) -> dict[str, str]:
    row = place(number)
    return {**row, "lat": row["lon"], "lon": row["lat"]}


def test_a_table_that_is_swapped_stops_and_says_so(tmp_path: Path, at: datetime) -> None:
    town()
    path = write(tmp_path, [turned(number) for number in range(30)] + [place(30)])
    with pytest.raises(errors.CoordinatesSwapped) as refused:
        run(path, at)
    assert "30 of 31 rows" in str(refused.value)
    assert "--swapped" in str(refused.value)
    assert not Store.objects.exists()
    report = run(path, at, swapped=True)
    assert (report.new, report.refused) == (30, 1)
    assert 60 < Store.objects.first().lat < 61  # type: ignore[union-attr]


def test_where_the_region_is_new_latitudes_past_the_pole_say_it(tmp_path: Path, at: datetime) -> None:
    rows = [place(number, lat="103.8", lon=f"1.{number}") for number in range(5)]
    singapore = Town("singapore", {"en": "Singapore"}, "Asia/Singapore", "SGD")
    with pytest.raises(errors.CoordinatesSwapped):
        run(write(tmp_path, rows), at, town=singapore)
    assert run(write(tmp_path, rows), at, town=singapore, swapped=True).new == 5


def test_a_table_of_another_town_is_refused(tmp_path: Path, at: datetime) -> None:
    town()
    rows = [place(number, lat="48.2", lon="16.37") for number in range(3)]
    with pytest.raises(errors.TableElsewhere):
        run(write(tmp_path, rows), at)


@pytest.mark.parametrize(("datum", "drawn"), [(Datum.GCJ02, wgs84_to_gcj02), (Datum.BD09, wgs84_to_bd09)])
@pytest.mark.parametrize("in_column", [False, True])
def test_positions_of_chinese_maps_are_converted(
    tmp_path: Path, at: datetime, datum: Datum, drawn: object, in_column: bool
) -> None:
    real = Place(116.397, 39.908)
    shown = drawn(real)  # type: ignore[operator]
    row = place(1, lat=str(shown.lat), lon=str(shown.lon), datum=datum.value.upper() if in_column else "")
    said = {} if in_column else {"datum": datum}
    report = run(write(tmp_path, [row], header=(*HEADER, "datum")), at, town=BEIJING, **said)
    store = Store.objects.get()
    assert distance_m(Place(store.lon, store.lat), real) < 0.1
    assert "hint" not in report.as_text()


def test_a_hint_where_maps_are_shifted_and_nobody_said_a_datum(tmp_path: Path, at: datetime) -> None:
    path = write(tmp_path, [place(1, lat="39.908", lon="116.397")])
    assert "say --datum" in run(path, at, town=BEIJING).as_text()
    assert "say --datum" not in run(path, at, town=BEIJING, datum=Datum.WGS84).as_text()
    services.upsert_region(
        slug="helsinki",
        names={"en": "H"},
        extent=Extent(24.93, 60.16, 24.96, 60.18),
        zone="Europe/Helsinki",
        currency="EUR",
    )
    assert "say --datum" not in run(write(tmp_path, [place(1)]), at).as_text()


def test_a_decimal_comma_is_read(tmp_path: Path, at: datetime) -> None:
    town()
    path = tmp_path / "komma.csv"
    path.write_text("name;lat;lon;category\nKahvila;60,1699;24,9384;cafe\n")
    assert run(path, at).new == 1
    assert Store.objects.get().lat == 60.1699
