"""A place that another source brought already is told and not stored a second time."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from hutong.flows import import_csv as flow
from hutong.flows.import_csv.here import Why, same
from hutong.flows.import_osm.categories import category_specs
from hutong.town.merchants.models import ImportRun, Store
from hutong.town.merchants.services import store_categories, store_imported
from hutong.town.merchants.types import ImportedBrand, ImportedStore, OtherStore
from hutong.town.regions.models import Region
from tests.factories import merchants

from .tables import HELSINKI, place, run, town, write

GROUPS = {"cafe": "food", "restaurant": "food", "hotel": "stay"}
ROW = ImportedStore("csv:t:1", "cafe", {"name": "Kahvila Aalto"}, 24.94, 60.17, "", "", "", "", "", "")
LISTING = OtherStore("sto_1", {"name": "Kahvila Aalto"}, 24.94, 60.17, "", "", "cafe", "")
CHAIN = ImportedBrand("espresso house", {"name": "Espresso House"})
OF_CHAIN = replace(ROW, names={"name": "Espresso House"}, brand=CHAIN)
LISTED_OF_CHAIN = replace(LISTING, names={"name": "Espresso House"}, brand="espresso house")


@pytest.mark.parametrize(
    ("row", "listing", "why"),
    [
        (ROW, LISTING, Why.NAME),
        (replace(ROW, names={"name": "KAHVILA  ÁALTO"}), LISTING, Why.NAME),
        (replace(ROW, names={"name": "滨海", "en": "Kahvila Aalto"}), LISTING, Why.NAME),
        (replace(ROW, names={"name": "Other"}), LISTING, None),
        # A phone with and without its country is one; too short a number is none.
        (replace(ROW, names={"name": "Other"}, phone="+358401234567"), replace(LISTING, phone="040 1234567"), Why.PHONE),
        (replace(ROW, names={"name": "Other"}, phone="112"), replace(LISTING, phone="112"), None),
        # A hotel and the café in it share a phone.
        (
            replace(ROW, names={"name": "Other"}, phone="+358401234567"),
            replace(LISTING, phone="+358401234567", category_slug="hotel"),
            None,
        ),
        # Of a chain the name says as much as nothing speaks against it.
        (OF_CHAIN, LISTED_OF_CHAIN, Why.NAME),
        (OF_CHAIN, replace(LISTED_OF_CHAIN, names={"name": "Espresso House Kamppi"}), Why.BRAND),
        (replace(OF_CHAIN, names={"name": "Espresso House Forum"}),
         replace(LISTED_OF_CHAIN, names={"name": "Espresso House Kamppi"}, phone="09 1234567"), None),
        (replace(OF_CHAIN, address="Mannerheimintie 20"), replace(LISTED_OF_CHAIN, address="Mannerheimintie 14 B"), None),
        (replace(OF_CHAIN, address="Mannerheimintie 14"), replace(LISTED_OF_CHAIN, address="14 B"), Why.NAME),
        (replace(OF_CHAIN, phone="+358401234567"), replace(LISTED_OF_CHAIN, phone="+358407654321"), None),
    ],
)  # fmt: skip
def test_what_says_that_two_places_are_one(row: ImportedStore, listing: OtherStore, why: Why | None) -> None:
    assert same(row, listing, GROUPS) is why


def osm(at: datetime, *stores: ImportedStore) -> None:
    """Listings as an extract of OpenStreetMap brings them."""
    town()
    kept = [replace(store, osm_ref=f"node/{number}") for number, store in enumerate(stores)]
    store_imported(
        region_id=Region.objects.get().pk,
        stores=kept,
        category_ids=store_categories(category_specs()),
        at=at,
    )


def north(store: ImportedStore, metres: float) -> ImportedStore:
    """The same so many metres farther."""
    return replace(store, lat=store.lat + metres / 111_195)


def row(number: int, name: str, *, metres: float = 0, **more: str) -> dict[str, str]:
    """A café so many metres north of the middle."""
    return place(number, name=name, lat=f"{60.17 + metres / 111_195:.7f}", lon="24.94", **more)


@pytest.mark.django_db
def test_it_is_told_in_a_dry_run_and_stored_once(tmp_path: Path, at: datetime) -> None:
    osm(at, ROW)
    path = write(
        tmp_path,
        [
            row(1, "Kahvila Aalto", metres=70),
            row(2, "Kahvila Aalto", metres=85),
            row(3, "Leipomo"),
            row(4, ""),
        ],
    )
    listed = Store.objects.get()
    dry = run(path, at, dry_run=True, report=tmp_path / "dry.csv")
    assert (dry.new, dry.here, dry.refused, Store.objects.count()) == (2, 1, 1, 1)
    told = f"already here as Kahvila Aalto ({listed.public_id}), 70 m away: the same name"
    assert f"  line 2: {told}" in dry.as_text()
    assert "1 are here already and were not stored again: 1 the same name" in dry.as_text()
    with (tmp_path / "dry.csv").open(encoding="utf-8-sig", newline="") as handle:
        lines = [
            (line["line"], line["outcome"], line["reason"], line["id"]) for line in csv.DictReader(handle)
        ]
    assert lines == [("5", "refused", "no name", "4"), ("2", "here", told, "1")]
    real = run(path, at)
    assert (real.new, real.updated, real.unchanged, real.here) == (2, 0, 0, 1)
    again = run(path, at, close_missing=True)
    assert (again.new, again.updated, again.unchanged, again.here, again.closed) == (0, 0, 2, 1, 0)
    refs = Store.objects.order_by("osm_ref").values_list("osm_ref", flat=True)
    assert list(refs) == ["csv:cafes:2", "csv:cafes:3", "node/0"]
    doubled = run(path, at, keep_doubles=True)
    assert (doubled.new, doubled.here, Store.objects.count()) == (1, 0, 4)
    # What is an open listing of this source stays one, and is brought up to date as ever.
    assert (run(path, at).here, Store.objects.count()) == (0, 4)


@pytest.mark.django_db
def test_each_shop_of_a_chain_stays_a_shop(tmp_path: Path, at: datetime) -> None:
    """Two rows near one listing: the nearer is it, whichever comes first in the table."""
    osm(at, OF_CHAIN)
    rows = [row(1, "Espresso House", metres=60, brand="Espresso House"), row(2, "ESPRESSO HOUSE", metres=10)]
    report = run(write(tmp_path, rows), at)
    assert (report.new, report.here) == (1, 1)
    assert sorted(report.found.here) == [3]
    assert list(Store.objects.order_by("osm_ref").values_list("osm_ref", flat=True)) == [
        "csv:cafes:1",
        "node/0",
    ]


@pytest.mark.django_db
def test_what_a_merchant_signed_up_is_here_and_what_is_closed_is_not(tmp_path: Path, at: datetime) -> None:
    osm(at, ROW, north(ROW, 500))
    region = Region.objects.get()
    Store.objects.filter(osm_ref="node/1").update(state="closed")
    own = merchants.store(merchant=merchants.merchant(region=region), name="Oma", lon=24.9402, lat=60.1701)
    rows = [row(1, "Oma"), row(2, "Kahvila Aalto", metres=500)]
    report = run(write(tmp_path, rows), at)
    assert {line: here.store_ref for line, here in report.found.here.items()} == {2: own.public_id}
    assert report.new == 1


@pytest.mark.django_db(transaction=True)
def test_an_import_that_was_stopped_counts_them_once(
    tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "BATCH", 2)
    osm(at, ROW, north(ROW, 1000))
    rows = [row(1, "Kahvila Aalto"), *(row(number, f"Baari {number}") for number in range(2, 5)),
            row(5, "Kahvila Aalto", metres=1000)]  # fmt: skip
    path = write(tmp_path, rows)

    class Stopped(Exception):
        """The process was killed here."""

    def stop(stage: str, done: int, _total: int | None, /) -> None:
        if stage == flow.STORE and done >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        flow.import_csv(path, HELSINKI, options=flow.Options(), at=at, progress=stop)
    assert ImportRun.objects.values_list("done", "new", "here").get() == (2, 1, 1)
    report = run(path, at, resume=True)
    assert (report.new, report.updated, report.unchanged, report.here) == (3, 0, 0, 2)
    assert Store.objects.count() == 5
