"""A real city: places of trade become stores, streets become the basemap.

The whole import happens or nothing does. What is read is proven whole first, the map is drawn beside the old
one, the stores are written in one transaction, and the new map takes its name as the last act.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import osmium
from django.conf import settings
from django.db import transaction

from hutong.flows.import_osm.basemap import ATTRIBUTION, write_basemap
from hutong.flows.import_osm.categories import category_specs
from hutong.flows.import_osm.errors import ExtractElsewhere, ExtractShrunk, ExtractWithoutPlaces
from hutong.flows.import_osm.progress import Progress, Step, silent
from hutong.flows.import_osm.read import Extract, read_extract
from hutong.flows.import_osm.source import readable, whole
from hutong.kernel import outbox
from hutong.kernel.geo import Datum
from hutong.kernel.ids import new_id
from hutong.kernel.locking import advisory
from hutong.kernel.rows import execute
from hutong.town.merchants.services import store_categories, store_imported
from hutong.town.merchants.types import StoredStores
from hutong.town.regions.queries import region_by_slug
from hutong.town.regions.services import check_region, set_basemap, upsert_region

# So many listings may vanish from a city between two extracts without a question.
LOSSES_ALWAYS_ACCEPTED = 20
_LANGUAGES_KEPT = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `skipped` counts places by reason, `cut` names that were too long."""

    region_slug: str
    new: int
    updated: int
    unchanged: int
    closed: int
    skipped: Mapping[str, int]
    cut: int
    basemap_bytes: int
    seconds: float

    def as_text(self) -> str:
        """The report in a few lines, for the command line."""
        lines = [
            f"{self.region_slug}: {self.new} new, {self.updated} updated, {self.unchanged} unchanged, "
            f"{self.closed} closed; map of {self.basemap_bytes / 1000:.0f} kB; {self.seconds:.1f} s"
        ]
        if self.skipped:
            told = ", ".join(
                f"{count} {why.replace('_', ' ')}" for why, count in sorted(self.skipped.items())
            )
            lines.append(f"left out: {told}")
        if self.cut:
            lines.append(f"{self.cut} names were too long and have been cut")
        return "\n".join(lines)


def import_osm(
    path: Path,
    region_slug: str,
    *,
    names: Mapping[str, str],
    zone: str,
    currency: str,
    at: datetime,
    progress: Progress = silent,
    accept_losses: bool = False,
    datum: Datum | None = None,
) -> ImportReport:
    """Bring the region `region_slug` up to date with an extract of OpenStreetMap, made where it is missing.

    Importing the same file again changes nothing. A store that a merchant has claimed is never touched; a
    listing that is no longer in the extract is closed. An extract that lost more than half of the known
    listings is refused unless `accept_losses`. Search follows through the outbox. `datum` is that of the
    region's maps; None leaves it as it is, WGS-84 for a new region.
    Raises the errors of `errors.py`, and `SlugInvalid`, `ZoneUnknown`, `CurrencyUnknown` of regions.
    """
    begun = time.perf_counter()
    check_region(slug=region_slug, zone=zone, currency=currency)
    with readable(path) as (file, texts_cut):
        extract = _read(file, path, region_slug, zone, progress)
        settings.HUTONG_BASEMAPS.mkdir(parents=True, exist_ok=True)
        fresh = settings.HUTONG_BASEMAPS / f".{new_id('map')}.pmtiles"
        try:
            with whole(path):
                write_basemap(file, target=fresh, extent=extract.extent, title=region_slug, progress=progress)
            size = fresh.stat().st_size
            with transaction.atomic():
                stored = _store(
                    extract, region_slug, names=names, zone=zone, currency=currency, datum=datum, at=at,
                    progress=progress,
                )  # fmt: skip
                _check_losses(stored, path, accept_losses)
                filename = f"{region_slug}.pmtiles"
                set_basemap(slug=region_slug, filename=filename)
                fresh.replace(settings.HUTONG_BASEMAPS / filename)
        finally:
            fresh.unlink(missing_ok=True)
    return ImportReport(
        region_slug=region_slug,
        new=stored.new,
        updated=stored.updated,
        unchanged=stored.unchanged,
        closed=stored.closed,
        skipped={why.value: count for why, count in extract.skipped.items()},
        cut=max(extract.cut, texts_cut),
        basemap_bytes=size,
        seconds=time.perf_counter() - begun,
    )


def _read(file: osmium.io.File, path: Path, region_slug: str, zone: str, progress: Progress) -> Extract:
    with whole(path):
        extract = read_extract(file, zone=zone, progress=progress)
    if extract is None or not extract.stores:
        raise ExtractWithoutPlaces(path=str(path))
    known = region_by_slug(region_slug)
    if known and not known.extent.overlaps(extract.extent):
        raise ExtractElsewhere(path=str(path), region=region_slug)
    return extract


def _store(
    extract: Extract,
    region_slug: str,
    *,
    names: Mapping[str, str],
    zone: str,
    currency: str,
    datum: Datum | None,
    at: datetime,
    progress: Progress,
) -> StoredStores:
    # A city may take longer than the 3 s that others wait for a lock; a second import of it waits here.
    execute("SET LOCAL lock_timeout = '10min'")
    advisory("import_osm", region_slug)
    region = upsert_region(
        slug=region_slug,
        names=names,
        extent=extract.extent,
        centre=extract.middle,
        zone=zone,
        currency=currency,
        datum=datum,
        languages=_languages(extract),
        attribution=ATTRIBUTION,
    )
    progress(Step.STORE, 0, len(extract.stores))
    stored = store_imported(
        region_id=region.pk, stores=extract.stores, category_ids=store_categories(category_specs()), at=at
    )
    outbox.send("index_region", at=at, region_ref=region.public_id)
    progress(Step.STORE, len(extract.stores), len(extract.stores))
    return stored


def _languages(extract: Extract) -> list[str]:
    """The languages that most stores have a name in, the most common first."""
    counted = Counter(language for store in extract.stores for language in store.names if language != "name")
    return [language for language, _count in counted.most_common(_LANGUAGES_KEPT)]


def _check_losses(stored: StoredStores, path: Path, accept_losses: bool) -> None:
    kept = stored.updated + stored.unchanged
    if not accept_losses and stored.closed > max(kept, LOSSES_ALWAYS_ACCEPTED):
        raise ExtractShrunk(path=str(path), lost=stored.closed, known=stored.closed + kept)
