"""A table becomes stores and brands, once, however often it is imported."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hutong.attract.search import queries as search
from hutong.attract.search.models import SearchStore
from hutong.flows.import_csv import errors
from hutong.kernel.geo import Place
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Brand, Category, ImportRun, Store
from hutong.town.merchants.queries import store_by_ref
from hutong.town.merchants.services import claim_store, store_categories, store_imported
from hutong.town.regions.models import Region
from tests.factories import merchants, people

from .tables import HEADER, place, run, town, write

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return sorted(store.names["name"] for store in Store.objects.filter(state="open"))


def test_a_new_region_is_where_most_of_its_places_are(tmp_path: Path, at: datetime) -> None:
    rows_ = [place(number) for number in range(9)] + [place(9, lat="1.3", lon="103.8")]
    report = run(write(tmp_path, rows_), at)
    region = Region.objects.get()
    assert (region.slug, region.zone, region.currency) == ("helsinki", "Europe/Helsinki", "EUR")
    assert (round(region.lat, 3), round(region.lon, 3)) == (60.165, 24.935)
    assert (report.new, report.refused) == (9, 1)
    assert "line 11: far outside the region:" in report.as_text()


def test_every_documented_column_is_kept(tmp_path: Path, at: datetime) -> None:
    header = (
        *HEADER, "name:en", "name:zh-Hans", "address", "postcode", "city", "phone", "website", "email",
        "opening_hours", "description", "description:zh-Hans", "brand:wikidata",
    )  # fmt: skip
    row = place(
        1, brand="Robert's", address="Esplanadi 1", postcode="00100", city="Helsinki", phone="040 123 4567",
        website="roberts.fi", email="Hei@Roberts.fi", opening_hours="Mo-Fr 08:00-18:00", description="Good coffee",
        **{"name:en": "Cafe One", "name:zh-Hans": "咖啡一", "description:zh-Hans": "好咖啡", "brand:wikidata": "Q123"},
    )  # fmt: skip
    town()
    report = run(write(tmp_path, [row], header=header), at)
    assert report.found.noted.total() == 0
    store = Store.objects.get()
    assert store.names == {"name": "Kahvila 1", "en": "Cafe One", "zh-Hans": "咖啡一"}
    assert (store.address, store.postcode, store.city) == ("Esplanadi 1", "00100", "Helsinki")
    assert (store.phone, store.website) == ("+358401234567", "https://roberts.fi")
    assert (store.email, store.opening_hours) == ("hei@roberts.fi", "Mo-Fr 08:00-18:00")
    assert (store.osm_ref, store.category.slug, store.state) == ("csv:cafes:1", "cafe", "open")
    view = store_by_ref(store.public_id)
    assert view is not None
    assert view.as_seen.descriptions == {"name": "Good coffee", "zh-Hans": "好咖啡"}
    brand = Brand.objects.get()
    assert (store.brand, brand.names, brand.wikidata, brand.merchant) == (
        brand,
        {"name": "Robert's"},
        "Q123",
        None,
    )


def test_a_brand_stands_behind_its_stores_and_is_found_by_its_name(tmp_path: Path, at: datetime) -> None:
    town()
    run(write(tmp_path, [place(1, brand="Espresso House"), place(2, brand="ESPRESSO  house"), place(3)]), at)
    assert Brand.objects.get().stores.count() == 2
    here = Place(24.94, 60.17)
    found = search.nearby(place=here, at=at, text="espresso house").items
    assert sorted(card.names["name"] for card in found) == ["Kahvila 1", "Kahvila 2"]
    assert SearchStore.objects.count() == 3
    assert all(set(card.names) == {"name"} for card in found)


def test_importing_again_updates_and_doubles_nothing(tmp_path: Path, at: datetime) -> None:
    town()
    run(write(tmp_path, [place(1), place(2), place(3)]), at)
    before = rows("SELECT * FROM merchants_store ORDER BY id")
    again = run(write(tmp_path, [place(1), place(2), place(3)]), at + timedelta(days=1))
    assert (again.new, again.updated, again.unchanged) == (0, 0, 3)
    assert rows("SELECT * FROM merchants_store ORDER BY id") == before
    # Next month's file is the same source; what is no longer in it stays until somebody says otherwise.
    changed = write(tmp_path, [place(1, name="Uusi"), place(4)], name="cafes-2026-07.csv")
    third = run(changed, at + timedelta(days=2))
    assert (third.new, third.updated, third.closed) == (1, 1, 0)
    assert names() == ["Kahvila 2", "Kahvila 3", "Kahvila 4", "Uusi"]
    fourth = run(changed, at + timedelta(days=3), close_missing=True)
    assert (fourth.unchanged, fourth.closed) == (2, 2)
    assert names() == ["Kahvila 4", "Uusi"]
    assert SearchStore.objects.count() == 2


def test_each_source_closes_its_own(tmp_path: Path, at: datetime) -> None:
    town()
    region = Region.objects.get()
    run(write(tmp_path, [place(1)]), at, source="one")
    run(write(tmp_path, [place(1)]), at, source="two", keep_doubles=True)
    assert Store.objects.count() == 2
    store_imported(region_id=region.pk, stores=[], category_ids=store_categories([]), at=at)
    assert Store.objects.filter(state="open").count() == 2
    run(write(tmp_path, [place(2)]), at, source="one", close_missing=True)
    refs = Store.objects.filter(state="open").order_by("osm_ref").values_list("osm_ref", flat=True)
    assert list(refs) == [
        "csv:one:2",
        "csv:two:1",
    ]


def test_a_claimed_store_is_never_touched(tmp_path: Path, at: datetime) -> None:
    town()
    run(write(tmp_path, [place(1)]), at)
    store, operator = Store.objects.get(), people.operator()
    merchant = merchants.merchant(region=Region.objects.get())
    claim_store(store_ref=store.public_id, merchant_ref=merchant.public_id, by=operator, at=at)
    report = run(write(tmp_path, [place(1, name="Other")]), at)
    assert (report.new, report.updated, report.unchanged) == (0, 0, 1)
    assert names() == ["Kahvila 1"]


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path, at: datetime) -> None:
    path = write(tmp_path, [place(1, brand="B"), place(2), place(3, name="")])
    dry = run(path, at, dry_run=True, report=tmp_path / "dry.csv")
    assert [
        Region.objects.count(),
        Store.objects.count(),
        Brand.objects.count(),
        Category.objects.count(),
    ] == [0] * 4
    assert not ImportRun.objects.exists()
    real = run(path, at, report=tmp_path / "real.csv")
    told = [line for line in dry.as_text().splitlines()[1:] if line[-2:] != " s"]
    assert told == [line for line in real.as_text().splitlines() if line[-2:] != " s"]
    assert (dry.new, dry.refused, real.new, real.refused) == (2, 1, 2, 1)
    assert (tmp_path / "dry.csv").read_bytes() == (tmp_path / "real.csv").read_bytes()


def test_every_refused_row_is_in_the_report_and_can_be_mended_there(tmp_path: Path, at: datetime) -> None:
    town()
    broken: list[dict[str, str] | str] = [
        place(100, name=" "), place(101, lat=""), place(102, lat="north"), place(103, lat="91", lon="200"),
        place(104, lat="1.3", lon="103.8"), place(105, lat="24.94", lon="60.17"), place(106, category=""),
        place(107, category="Spaceport"), place(1), '108,"Open,,60.17,24.94,cafe', "109,Few,60.17",
        place(110, name="K\ufffdhvila"), place(111, lat="nan"),
    ]  # fmt: skip
    good = [place(number) for number in range(20)]
    path, report_path = write(tmp_path, [*good, *broken]), tmp_path / "refused.csv"
    report = run(path, at, report=report_path)
    assert (report.new, report.refused, report.found.rows) == (20, len(broken), 20 + len(broken))
    with report_path.open(encoding="utf-8-sig", newline="") as handle:
        told = list(csv.DictReader(handle))
    assert [int(row["line"]) for row in told] == list(range(22, 22 + len(broken)))
    assert [row["reason"] for row in told] == [
        "no name",
        "no position",
        "a position that is no number: north",
        "a position outside the world: 91.0, 200.0",
        "far outside the region: 9,267 km",
        "longitude and latitude swapped: 24.94, 60.17",
        "no category",
        "an unknown category: Spaceport",
        "the same place as another row: line 3",
        "quotes that do not close",
        "another number of columns than the header",
        "characters that are broken or of another encoding",
        "a position that is no number: nan",
    ]
    assert told[9]["id"] == '108,"Open,,60.17,24.94,cafe'
    # The report is a table itself: what is mended in it is imported from it.
    mended = [{**told[0], "name": "Mended"}, {**told[7], "category": "bar"}]
    again = run(write(tmp_path, mended, name="mended.csv", header=tuple(told[0])), at, source="cafes")
    assert (again.new, again.refused) == (2, 0)


def test_what_cannot_be_kept_of_an_accepted_row_is_noted(tmp_path: Path, at: datetime) -> None:
    town()
    header = (*HEADER, "phone", "website", "email")
    row = place(1, name="N" * 300, phone="call us", website="nowhere", email="at home")
    report = run(write(tmp_path, [row], header=header), at, report=tmp_path / "r.csv")
    assert (report.new, report.found.noted.total()) == (1, 4)
    assert "the website is no address" in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
    assert "noted: " in report.as_text()


def test_a_file_that_is_mostly_wrong_stores_nothing(tmp_path: Path, at: datetime) -> None:
    town()
    path = write(tmp_path, [place(number, category="Spaceport") for number in range(30)])
    with pytest.raises(errors.TableBroken) as refused:
        run(path, at)
    assert "30 of 30 rows" in str(refused.value)
    assert run(path, at, category="Cafés & tea").new == 30
    with pytest.raises(errors.CategoryNotThere):
        run(path, at, category="Spaceport")


def test_closing_most_of_a_source_needs_a_word(tmp_path: Path, at: datetime) -> None:
    town()
    run(write(tmp_path, [place(number) for number in range(30)]), at)
    short = write(tmp_path, [place(number) for number in range(5)])
    with pytest.raises(errors.TableShrunk):
        run(short, at, close_missing=True)
    assert Store.objects.filter(state="open").count() == 30
    # A place whose row is refused is in the file all the same; where a row cannot be read, nobody can tell.
    refused = [place(number, lat="" if number > 5 else "60.17") for number in range(12)]
    assert run(write(tmp_path, refused), at, close_missing=True).closed == 18
    kept = run(write(tmp_path, [place(1), place(2), '3,"x']), at, close_missing=True)
    assert kept.closed == 0
    assert "nothing was closed" in kept.as_text()


def test_options_that_make_no_sense_are_refused_before_anything_is_read(tmp_path: Path, at: datetime) -> None:
    path = write(tmp_path, [place(1)])
    with pytest.raises(errors.SourceInvalid):
        run(path, at, source="a b")
    with pytest.raises(errors.ReportOverTable):
        run(path, at, report=path)
    with pytest.raises(errors.TableEmpty):
        run(write(tmp_path, [], name="none.csv"), at)
