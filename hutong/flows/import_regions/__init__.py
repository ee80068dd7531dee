"""Regions from a file: a country's tree, a city's districts, its business circles, with or without outlines.

All that can be stored is stored in one transaction, or nothing is. What cannot is reported with its reason. Stores
of towns whose districts or circles have other outlines than before are placed again by the worker.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hutong.flows import place_stores
from hutong.flows.import_osm.progress import Progress, silent
from hutong.flows.import_regions.adcodes import read_adcodes
from hutong.flows.import_regions.features import Reading
from hutong.flows.import_regions.report import Refused, RegionsReport
from hutong.flows.import_regions.source import read_features, read_rows
from hutong.kernel import outbox
from hutong.kernel.errors import DomainError
from hutong.kernel.geo import Datum, to_datum
from hutong.kernel.rows import execute
from hutong.town.regions import queries
from hutong.town.regions.rules.geometry import moved, share_inside
from hutong.town.regions.services import store_regions
from hutong.town.regions.types import RegionKind, RegionSpec, StoredRegions

READ, STORE = "Reading the file", "Storing the regions"
# An outline lies in its parent's when all but this much of it does.
WHOLLY = 0.995


def import_regions(
    path: Path,
    *,
    at: datetime,
    datum: Datum = Datum.WGS84,
    dry_run: bool = False,
    progress: Progress = silent,
) -> RegionsReport:
    """Make regions of the features of a GeoJSON file whose positions are in `datum`, or bring them up to date.

    The same file again changes nothing. With `dry_run` nothing is stored, and the report says what would be.
    Raises the errors of `source.py` for a file that cannot be read at all.
    """
    features = read_features(path)
    known = {region.slug: region for region in queries.regions()}
    reading = Reading(known, queries.outlines_of(list(known)), datum)
    refused: list[Refused] = []
    order = {kind.value: number for number, kind in enumerate(RegionKind)}
    numbered = sorted(enumerate(features, start=1), key=lambda pair: order.get(_said(pair[1], "kind"), 9))
    for done, (number, feature) in enumerate(numbered, start=1):
        try:
            reading.add(feature)
        except DomainError as error:
            refused.append(Refused(number, _said(feature, "name") or _said(feature, "slug"), str(error)))
        progress(READ, done, len(features))
    specs = list(reading.specs.values())
    return _store(specs, sorted(refused, key=lambda one: one.number), _hints(reading), at, dry_run, progress)


def import_adcodes(
    path: Path,
    *,
    at: datetime,
    datum: Datum = Datum.GCJ02,
    dry_run: bool = False,
    progress: Progress = silent,
) -> RegionsReport:
    """Make China's cities and districts of a table `adcode,name,longitude,latitude`, whose positions are in `datum`.

    They are not in use before one has a shop. A region that is there keeps its names, place and settings. The same
    table again changes nothing. Raises the errors of `source.py` for a file that cannot be read at all.
    """
    table = read_rows(path)
    progress(READ, len(table), len(table))
    known = {region.slug: region for region in queries.regions()}
    specs, refused = read_adcodes(table, known, datum)
    return _store(specs, refused, [], at, dry_run, progress)


def _store(
    specs: Sequence[RegionSpec],
    refused: Sequence[Refused],
    hints: Sequence[str],
    at: datetime,
    dry_run: bool,
    progress: Progress,
) -> RegionsReport:
    progress(STORE, 0, len(specs))
    with transaction.atomic():
        # A country may take longer than the 3 s that others wait for a lock.
        execute("SET LOCAL lock_timeout = '5min'")
        stored = store_regions(specs=specs, at=at)
        towns = _towns_of(stored)
        if dry_run:
            transaction.set_rollback(True)
        else:
            for region_ref in towns:
                outbox.send(place_stores.JOB, at=at, region_ref=region_ref)
    progress(STORE, len(specs), len(specs))
    return RegionsReport(stored, tuple(refused), tuple(hints), len(towns), dry_run)


def _towns_of(stored: StoredRegions) -> list[str]:
    """The towns that have shops, and districts or circles with other outlines than before."""
    towns = set()
    for slug in stored.outlined:
        region = queries.region_by_slug(slug)
        city = queries.city_of(region.region_id) if region and region.kind is not RegionKind.CITY else None
        if city and city.in_use:
            towns.add(city.ref)
    return sorted(towns)


def _said(feature: object, key: str) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get(key) or "")[:80] if isinstance(properties, dict) else ""


def _hints(reading: Reading) -> list[str]:
    """What is wrong with the datum of the whole file: outlines that lie in their parents only read another way."""
    pairs = [
        (spec.shape, reading.outlines[parent])
        for spec in reading.specs.values()
        if spec.shape and (parent := reading.parent_of(spec)) and parent in reading.outlines
        and parent not in reading.specs
    ]  # fmt: skip
    if not pairs or reading.datum is not Datum.WGS84:
        return []
    wholly = [share_inside(shape, parent) >= WHOLLY for shape, parent in pairs]
    if all(wholly):
        return []
    for datum in (Datum.GCJ02, Datum.BD09):
        if all(share_inside(shape, _drawn(parent, datum)) >= WHOLLY for shape, parent in pairs):
            said = {"number": len(pairs), "datum": datum.value}
            return [
                _("All %(number)s outlines lie in their parents only when they are read as %(datum)s.") % said
                + " "
                + _("If they are that, say --datum %(datum)s.") % said
            ]
    return []


def _drawn(parent: Sequence[Any], datum: Datum) -> list[Any]:
    """A known outline as a file in `datum` has it, to hold against outlines that were read as WGS-84."""
    return moved(parent, partial(to_datum, datum=datum))
