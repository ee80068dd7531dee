"""Reads a table whole before anything is stored: what fits, what does not, and why."""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import IO

from hutong.flows.import_csv.errors import CoordinatesSwapped, TableElsewhere, TableEmpty
from hutong.flows.import_csv.here import Here
from hutong.flows.import_csv.mapping import Columns
from hutong.flows.import_csv.report import Findings, rows_file
from hutong.flows.import_csv.rows import FAR_M, Checker, Reading, Reason, Refused, away_m, position_of
from hutong.flows.import_csv.source import Source
from hutong.flows.import_csv.table import rows_of
from hutong.flows.import_osm.progress import Progress
from hutong.flows.import_osm.read import roomy
from hutong.kernel.geo import Datum, Place, from_datum
from hutong.town.merchants.types import ImportedBrand, ImportedStore
from hutong.town.regions.queries import outline_of
from hutong.town.regions.rules.placing import inside
from hutong.town.regions.types import Area, Extent, RegionView

# A town that is new is where most of its places are; what lies farther from their middle is not of it.
_TOWN_DEGREES = 1.0
# So many of the places lie within the outline of their region when they are read in the right datum.
_FITTING = 0.99
_REPORT_EVERY = 500
READ, CHECK = "Reading the table", "Checking the rows"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be read: its file, its columns, and what separates them."""

    source: Source
    header: tuple[str, ...]
    delimiter: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Survey:
    """What the positions of a table say: the box of its town, and its middle as (lon, lat)."""

    extent: Extent
    centre: tuple[float, float]
    better_datum: Datum | None


def survey(table: Table, reading: Reading, known: RegionView | None, progress: Progress) -> Survey:
    """Read every position. Raises `TableEmpty`, `TableElsewhere`, `CoordinatesSwapped`."""
    lons, lats = array("d"), array("d")
    total = turned = 0
    for row in rows_of(table.source, len(table.header), table.delimiter):
        total += 1
        if total % _REPORT_EVERY == 0:
            progress(READ, row.line, table.source.lines)
        if row.fault:
            continue
        try:
            place = position_of(row.cells, table.columns, reading)
        except Refused as refused:
            turned += refused.reason is Reason.SWAPPED
            continue
        lons.append(place.lon)
        lats.append(place.lat)
    progress(READ, table.source.lines, table.source.lines)
    path = str(table.source.path)
    if total == 0:
        raise TableEmpty(path=path)
    if turned * 2 > total:
        raise CoordinatesSwapped(swapped=turned, rows=total)
    if not lons:
        raise TableElsewhere(path=path, region=known.slug if known else "")
    if known is None:
        return _new_town(lons, lats)
    places = list(zip(lons, lats, strict=True))
    near = sum(1 for lon, lat in places if away_m(known.extent, lon, lat) <= FAR_M)
    crossed = sum(1 for lon, lat in places if abs(lon) < 85 and away_m(known.extent, lat, lon) <= FAR_M)
    if (crossed + turned) * 2 > total and crossed > near:
        raise CoordinatesSwapped(swapped=crossed + turned, rows=total)
    if near == 0:
        raise TableElsewhere(path=path, region=known.slug)
    return Survey(known.extent, (known.lon, known.lat), _better_datum(known, places))


def _better_datum(known: RegionView, places: list[tuple[float, float]]) -> Datum | None:
    """The datum in which the places fit the region's outline, where they do not as they are; mostly None.

    A shift of some hundred metres shows only at the edge, so a box around the region is too coarse for it.
    """
    outline = outline_of(known.region_id)
    if outline is None:
        return None
    area = Area(known.region_id, known.kind, known.extent, outline)
    least = len(places) * _FITTING
    if sum(inside(area, places)) >= least:
        return None
    for datum in (Datum.GCJ02, Datum.BD09):
        moved = [from_datum(Place(*place), datum) for place in places]
        if sum(inside(area, [(place.lon, place.lat) for place in moved])) >= least:
            return datum
    return None


def _new_town(lons: "array[float]", lats: "array[float]") -> Survey:
    lon, lat = median(lons), median(lats)
    kept = [
        (one, other)
        for one, other in zip(lons, lats, strict=True)
        if abs(one - lon) <= _TOWN_DEGREES and abs(other - lat) <= _TOWN_DEGREES
    ]
    west, east = min(one for one, _ in kept), max(one for one, _ in kept)
    south, north = min(other for _, other in kept), max(other for _, other in kept)
    return Survey(roomy(west, south, east, north), (lon, lat), None)


def prove(
    table: Table,
    checker: Checker,
    *,
    spool: IO[str],
    report: Path | None,
    progress: Progress,
    compare: Callable[[Iterable[tuple[int, ImportedStore]]], dict[int, Here]],
) -> Findings:
    """Check every row. Stores go to `spool`, one a line, also those that `compare` finds to be here already.

    Refused rows with their reasons go into `report`, and behind them those that are here.
    """
    found = Findings()
    with rows_file(report, table.header) as out:
        for row in rows_of(table.source, len(table.header), table.delimiter):
            found.rows += 1
            if found.rows % _REPORT_EVERY == 0:
                progress(CHECK, row.line, table.source.lines)
            try:
                store, notes = checker.check(row)
            except Refused as refused:
                found.refuse(row, refused.reason, refused.said)
                out.write(row, "refused", refused.said)
                continue
            found.noted.update(notes)
            if notes:
                out.write(row, "noted", "; ".join(note.value for note in notes))
            if store.brand:
                found.brands.add(store.brand.key)
            spool.write(json.dumps({"line": row.line, **asdict(store)}, ensure_ascii=False) + "\n")
        progress(CHECK, table.source.lines, table.source.lines)
        found.here = compare(spooled(spool))
        if found.here and report is not None:
            for row in rows_of(table.source, len(table.header), table.delimiter):
                if row.line in found.here:
                    out.write(row, "here", found.here[row.line].said)
    return found


def spooled(spool: IO[str]) -> Iterator[tuple[int, ImportedStore]]:
    """The stores of a spool from its beginning, each with the line of its row."""
    spool.seek(0)
    for written in spool:
        read = json.loads(written)
        line, brand = read.pop("line"), read.pop("brand")
        yield line, ImportedStore(**read, brand=ImportedBrand(**brand) if brand else None)


def hints(
    table: Table, surveyed: Survey, *, asked: Datum | None, region_datum: Datum, country: str | None
) -> tuple[str, ...]:
    """What somebody should look at, beyond the rows."""
    lines = []
    if "datum" not in table.columns.places and asked is None:
        if surveyed.better_datum:
            lines.append(
                f"hint: the places fit the region's outline only with --datum {surveyed.better_datum.value}"
            )
        elif region_datum is not Datum.WGS84 or country == "CN":
            lines.append(
                "hint: maps of this region are drawn in GCJ-02 or BD-09, and positions taken from them are some "
                "hundred metres off; say --datum gcj02 or bd09 where they are, wgs84 where they are not"
            )
    if table.columns.unused:
        lines.append(f"columns nobody reads: {', '.join(name[:40] for name in table.columns.unused[:30])}")
    return tuple(lines)
