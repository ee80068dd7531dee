"""What becomes of one row: a store that is ready to be kept, or the reason why it is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from hutong.flows.import_csv.mapping import Categories, Columns
from hutong.flows.import_csv.table import Row
from hutong.flows.import_osm.contacts import LIMITS, email_of, hours_of, phone_of, website_of
from hutong.kernel.geo import MERCATOR_LATITUDE_LIMIT, Datum, Place, PlaceInvalid, distance_m, from_datum
from hutong.kernel.text import clean, fold
from hutong.town.merchants.types import ImportedBrand, ImportedStore
from hutong.town.regions.types import Extent

# A place so far outside the region's box is of another town, or wrong.
FAR_M = 25_000
NAME_LIMIT = 200
DESCRIPTION_LIMIT = 2_000
_ID_LIMIT = 60


class Reason(StrEnum):
    """Why a row was refused; the value is what people read."""

    QUOTES = "quotes that do not close"
    CELLS = "another number of columns than the header"
    CHARACTERS = "characters that are broken or of another encoding"
    NO_NAME = "no name"
    NO_POSITION = "no position"
    POSITION_UNREADABLE = "a position that is no number"
    OUTSIDE_WORLD = "a position outside the world"
    SWAPPED = "longitude and latitude swapped"
    FAR = "far outside the region"
    DATUM_UNKNOWN = "an unknown datum"
    NO_CATEGORY = "no category"
    CATEGORY_UNKNOWN = "an unknown category"
    TWICE = "the same place as another row"


class Note(StrEnum):
    """What of an accepted row could not be kept."""

    PHONE = "the phone is no number"
    WEBSITE = "the website is no address"
    EMAIL = "the e-mail is no address"
    HOURS = "the opening hours are too long"
    CUT = "a text was too long and has been cut"


_FAULTS = {"quotes": Reason.QUOTES, "cells": Reason.CELLS, "characters": Reason.CHARACTERS}
_DATUMS = {
    "": None,
    "wgs84": Datum.WGS84,
    "wgs-84": Datum.WGS84,
    "gcj02": Datum.GCJ02,
    "gcj-02": Datum.GCJ02,
    "bd09": Datum.BD09,
    "bd-09": Datum.BD09,
}


class Refused(Exception):
    """This row cannot become a store."""

    def __init__(self, reason: Reason, more: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.more = more

    @property
    def said(self) -> str:
        """The reason as people read it."""
        return f"{self.reason.value}: {self.more}" if self.more else self.reason.value


@dataclass(frozen=True, slots=True)
class Reading:
    """How the positions of a table are meant."""

    datum: Datum = Datum.WGS84
    swapped: bool = False


def position_of(cells: Sequence[str], columns: Columns, reading: Reading) -> Place:
    """Where the place is, in WGS-84. Raises `Refused`."""
    first, second = (columns.get(cells, name) for name in ("lon", "lat"))
    if not first or not second:
        raise Refused(Reason.NO_POSITION)
    lon, lat = _number(first), _number(second)
    if reading.swapped:
        lon, lat = lat, lon
    said = columns.get(cells, "datum").casefold()
    if said not in _DATUMS:
        raise Refused(Reason.DATUM_UNKNOWN, said[:40])
    try:
        return from_datum(Place(lon, lat), _DATUMS[said] or reading.datum)
    except PlaceInvalid as error:
        is_swapped = abs(lon) <= MERCATOR_LATITUDE_LIMIT < abs(lat) <= 180
        raise Refused(Reason.SWAPPED if is_swapped else Reason.OUTSIDE_WORLD, f"{lat}, {lon}") from error


def _number(written: str) -> float:
    """Also with a decimal comma. Raises `Refused`; infinity is no number."""
    try:
        found = float(written.replace(",", "."))
    except ValueError as error:
        raise Refused(Reason.POSITION_UNREADABLE, written[:40]) from error
    if not math.isfinite(found):
        raise Refused(Reason.POSITION_UNREADABLE, written[:40])
    return found


@dataclass(slots=True)
class Checker:
    """Makes stores of rows. It remembers what it saw, so that no place comes twice."""

    source: str
    columns: Columns
    categories: Categories
    reading: Reading
    extent: Extent
    country: str | None
    refs: dict[str, int] = field(default_factory=dict)
    in_file: set[str] = field(default_factory=set)

    def check(self, row: Row) -> tuple[ImportedStore, list[Note]]:
        """The store of a row, and what could not be kept of it. Raises `Refused`."""
        if row.fault:
            raise Refused(_FAULTS[row.fault])
        cells, notes = row.cells, list[Note]()
        if written := clean(self.columns.get(cells, "id"), limit=500):
            # A place that is in the file is not missing from it, even where its row is refused.
            self.in_file.add(self._ref(written))
        names = self._texts(cells, "name", NAME_LIMIT, notes)
        if not names:
            raise Refused(Reason.NO_NAME)
        place = position_of(cells, self.columns, self.reading)
        self._near(place)
        category_slug = self._category(cells)
        ref = self._ref(written or f"{fold(names['name'])} {place.lat:.4f} {place.lon:.4f}")
        if ref in self.refs:
            raise Refused(Reason.TWICE, f"line {self.refs[ref]}")
        store = self._store(cells, ref, category_slug, names, place, notes)
        self.refs[ref] = row.line
        self.in_file.add(ref)
        return store, notes

    def _store(
        self,
        cells: Sequence[str],
        ref: str,
        slug: str,
        names: dict[str, str],
        place: Place,
        notes: list[Note],
    ) -> ImportedStore:
        written = {name: self.columns.get(cells, name) for name in LIMITS}
        kept = {
            "phone": phone_of(written["phone"], self.country) if written["phone"] else "",
            "website": website_of(written["website"]) if written["website"] else "",
            "email": email_of(written["email"]) if written["email"] else "",
            "opening_hours": hours_of(written["opening_hours"]),
        }
        said = {
            "phone": Note.PHONE,
            "website": Note.WEBSITE,
            "email": Note.EMAIL,
            "opening_hours": Note.HOURS,
        }
        notes += [note for name, note in said.items() if written[name] and not kept[name]]
        return ImportedStore(
            osm_ref=ref,
            category_slug=slug,
            names=names,
            lon=round(place.lon, 7),
            lat=round(place.lat, 7),
            address=_cut(written["address"], LIMITS["address"], notes),
            postcode=_cut(written["postcode"], LIMITS["postcode"], notes),
            city=_cut(written["city"], LIMITS["city"], notes),
            **kept,
            descriptions=self._texts(cells, "description", DESCRIPTION_LIMIT, notes),
            brand=self._brand(cells, notes),
        )

    def _texts(self, cells: Sequence[str], name: str, limit: int, notes: list[Note]) -> dict[str, str]:
        found = {
            language: _cut(text, limit, notes)
            for language, text in self.columns.languages(cells, name).items()
        }
        found = {language: text for language, text in found.items() if text}
        if found and "name" not in found:
            found = {"name": next(iter(found.values())), **found}
        return found

    def _brand(self, cells: Sequence[str], notes: list[Note]) -> ImportedBrand | None:
        names = self._texts(cells, "brand", NAME_LIMIT, notes)
        key = fold(names["name"])[:NAME_LIMIT] if names else ""
        if not key:
            return None
        wikidata = self.columns.get(cells, "brand:wikidata")
        is_item = wikidata.startswith("Q") and wikidata[1:].isdecimal() and len(wikidata) <= 20
        return ImportedBrand(key, names, wikidata if is_item else "")

    def _category(self, cells: Sequence[str]) -> str:
        written = clean(self.columns.get(cells, "category"), limit=300)
        slug = self.categories.find(written)
        if slug is None:
            raise Refused(Reason.CATEGORY_UNKNOWN if written else Reason.NO_CATEGORY, written[:80])
        return slug

    def _near(self, place: Place) -> None:
        away = away_m(self.extent, place.lon, place.lat)
        if away <= FAR_M:
            return
        if abs(place.lon) <= MERCATOR_LATITUDE_LIMIT and away_m(self.extent, place.lat, place.lon) <= FAR_M:
            raise Refused(Reason.SWAPPED, f"{place.lat}, {place.lon}")
        raise Refused(Reason.FAR, f"{away / 1000:,.0f} km")

    def _ref(self, written: str) -> str:
        short = (
            written if len(written) <= _ID_LIMIT else blake2b(written.encode(), digest_size=16).hexdigest()
        )
        return f"csv:{self.source}:{short}"


def away_m(extent: Extent, lon: float, lat: float) -> float:
    """Metres from a position to the box; 0 inside."""
    nearest = Place(min(max(lon, extent.west), extent.east), min(max(lat, extent.south), extent.north))
    return distance_m(Place(lon, lat), nearest)


def _cut(text: str, limit: int, notes: list[Note]) -> str:
    whole = clean(text, limit=len(text))
    if len(whole) > limit:
        notes.append(Note.CUT)
    return whole[:limit].rstrip()
