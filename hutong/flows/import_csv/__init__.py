"""A table of places: its rows become stores, its brands stand behind them.

The table is read and checked whole before anything is stored. Then it is stored in batches, each with its
checkpoint and its rows of search in one transaction: an import that is killed goes on after its last batch.
"""

import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO

from babel.core import get_global
from django.db import transaction

from hutong.attract.search.services import index_stores
from hutong.flows.import_csv.errors import (
    CategoryNotThere,
    ImportUnderWay,
    NothingToResume,
    ReportOverTable,
    SourceInvalid,
    TableBroken,
    TableShrunk,
)
from hutong.flows.import_csv.here import Here, already_here
from hutong.flows.import_csv.mapping import Categories, TableMapping, columns_of, mapping_of
from hutong.flows.import_csv.proving import Survey, Table, hints, prove, spooled, survey
from hutong.flows.import_csv.report import Findings, ImportReport
from hutong.flows.import_csv.rows import Checker, Reading
from hutong.flows.import_csv.source import source_of
from hutong.flows.import_csv.table import header_of
from hutong.flows.import_osm.categories import category_specs
from hutong.flows.import_osm.progress import Progress, silent
from hutong.kernel.geo import Datum
from hutong.kernel.locking import having
from hutong.town.merchants.queries import category_ids, category_settings, run_of
from hutong.town.merchants.services import (
    begin_run,
    close_vanished,
    end_run,
    move_run,
    store_batch,
    store_categories,
)
from hutong.town.merchants.types import ImportedStore
from hutong.town.regions.queries import region_by_slug
from hutong.town.regions.services import check_region, upsert_region
from hutong.town.regions.types import RegionView

# One batch takes well under a second, so that no other writer of search waits long for its turn.
BATCH = 500
STORE = "Storing the shops and making them findable"
# So many rows may be refused, or listings be missing, without a question.
LOSSES_ALWAYS_ACCEPTED = 20


@dataclass(frozen=True, slots=True)
class Options:
    """How a table is meant, and what is to be done with it. Empty texts mean: find out."""

    columns: str = ""
    source: str = ""
    encoding: str = ""
    delimiter: str = ""
    datum: Datum | None = None
    swapped: bool = False
    category: str = ""
    report: Path | None = None
    dry_run: bool = False
    resume: bool = False
    close_missing: bool = False
    accept_losses: bool = False
    keep_doubles: bool = False


@dataclass(frozen=True, slots=True)
class Town:
    """The region as the caller wants it, where it has to be made."""

    slug: str
    names: Mapping[str, str]
    zone: str
    currency: str


@dataclass(slots=True)
class _Done:
    """What was stored so far."""

    done: int = 0
    new: int = 0
    updated: int = 0
    here: int = 0
    closed: int = 0


def import_csv(
    path: Path, town: Town, *, options: Options, at: datetime, progress: Progress = silent
) -> ImportReport:
    """Bring the listings of one source in a region up to date with a table; the region is made where missing.

    Importing the same table again changes nothing. A store that a merchant has claimed is never touched, nor
    what another source brought; a place that one of those is already is not stored again (`here.py`). A known
    region stays as it is. Raises the errors of `errors.py` and those of regions; then nothing was stored.
    """
    begun = time.perf_counter()
    check_region(slug=town.slug, zone=town.zone, currency=town.currency)
    if options.report and options.report.resolve() == path.resolve():
        raise ReportOverTable(path=str(path))
    mapping = mapping_of(options.columns)
    source = _source(options.source or mapping.source or _stem(path))
    file = source_of(path, encoding=options.encoding)
    header, delimiter = header_of(file, options.delimiter)
    table = Table(file, header, delimiter, columns_of(header, mapping, path=str(path)))
    known, reading = region_by_slug(town.slug), Reading(options.datum or Datum.WGS84, options.swapped)
    surveyed = survey(table, reading, known, progress)
    checker = Checker(
        source=source,
        columns=table.columns,
        categories=_categories(mapping, options.category),
        reading=reading,
        extent=surveyed.extent,
        country=get_global("zone_territories").get(town.zone),
    )
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        found = prove(
            table, checker, spool=spool, report=options.report, progress=progress,
            compare=lambda stores: _compare(stores, known, source, options),
        )  # fmt: skip
        if not (options.dry_run or options.accept_losses):
            _check_refused(found)
        job = _Job(town, known, source, _digest(file.digest, options, mapping, surveyed), mapping, surveyed)
        with _transaction(options.dry_run, town.slug):
            stored, notes = _store(job, checker, spool, options, found, at, progress)
    return ImportReport(
        region_slug=town.slug,
        source=source,
        encoding=file.encoding,
        found=found,
        new=stored.new,
        updated=stored.updated,
        unchanged=stored.done - stored.new - stored.updated - stored.here,
        here=stored.here,
        closed=stored.closed,
        hints=(
            *hints(table, surveyed, asked=options.datum, region_datum=_datum(known), country=checker.country),
            *notes,
        ),
        is_dry=options.dry_run,
        seconds=time.perf_counter() - begun,
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """One import: where to, from which source, and what names it."""

    town: Town
    known: RegionView | None
    source: str
    digest: str
    mapping: TableMapping
    surveyed: Survey


@contextmanager
def _transaction(is_dry: bool, region_slug: str) -> Iterator[None]:
    """Alone in the region; a dry run does all the work and then takes it back."""
    with having("import_csv", region_slug) as is_mine:
        if not is_mine:
            raise ImportUnderWay(region=region_slug)
        if not is_dry:
            yield
            return
        with transaction.atomic():
            yield
            transaction.set_rollback(True)


def _store(
    job: _Job,
    checker: Checker,
    spool: IO[str],
    options: Options,
    found: Findings,
    at: datetime,
    progress: Progress,
) -> tuple[_Done, list[str]]:
    with transaction.atomic():
        region_id = job.known.region_id if job.known else _new_region(job)
        store_categories([*category_specs(), *job.mapping.own])
        ids = category_ids()
        stored = _beginning(job, region_id, options, at)
    total = found.rows - found.refused.total()
    stores = islice(spooled(spool), stored.done, None)
    progress(STORE, stored.done, total)
    while batch := list(islice(stores, BATCH)):
        fresh = [store for line, store in batch if line not in found.here]
        with transaction.atomic():
            written = store_batch(region_id=region_id, stores=fresh, category_ids=ids, at=at)
            if not options.dry_run:
                index_stores(store_refs=written.changed_refs, at=at)
            stored.done += len(batch)
            stored.new += written.new
            stored.updated += written.updated
            stored.here += len(batch) - len(fresh)
            move_run(
                region_id=region_id,
                source=job.source,
                done=stored.done,
                new=stored.new,
                updated=stored.updated,
                here=stored.here,
            )
        progress(STORE, stored.done, total)
    notes = []
    with transaction.atomic():
        if options.close_missing and found.unreadable:
            notes.append(
                "nothing was closed: some rows cannot be read, and nobody knows which places they are"
            )
        elif options.close_missing:
            stored.closed = _close(job, region_id, checker, stored, options, at)
        end_run(region_id=region_id, source=job.source, at=at)
    return stored, notes


def _compare(
    stores: Iterable[tuple[int, ImportedStore]], known: RegionView | None, source: str, options: Options
) -> dict[int, Here]:
    """What other sources have of these places; nothing in a region that is new."""
    if known is None or options.keep_doubles:
        return {}
    return already_here(stores, region_id=known.region_id, source=source)


def _new_region(job: _Job) -> int:
    made = upsert_region(
        slug=job.town.slug,
        names=job.town.names,
        extent=job.surveyed.extent,
        centre=job.surveyed.centre,
        zone=job.town.zone,
        currency=job.town.currency,
        attribution=job.mapping.attribution,
    )
    return int(made.pk)


def _beginning(job: _Job, region_id: int, options: Options, at: datetime) -> _Done:
    """From the start, or after the last batch of an import that was stopped. Raises `NothingToResume`."""
    if options.resume:
        run = run_of(region_id=region_id, source=job.source)
        if run is None or run.is_over or run.digest != job.digest:
            raise NothingToResume
        return _Done(done=run.done, new=run.new, updated=run.updated, here=run.here)
    begin_run(region_id=region_id, source=job.source, digest=job.digest, at=at)
    return _Done()


def _close(job: _Job, region_id: int, checker: Checker, stored: _Done, options: Options, at: datetime) -> int:
    kept = sorted(checker.in_file)
    closed = close_vanished(region_id=region_id, source=job.source, kept=kept, at=at)
    lost, left = len(closed), stored.done - stored.new - stored.here
    if not options.accept_losses and lost > max(left, LOSSES_ALWAYS_ACCEPTED):
        raise TableShrunk(path=job.town.slug, lost=lost, known=lost + left)
    for start in range(0, lost if not options.dry_run else 0, BATCH):
        index_stores(store_refs=closed[start : start + BATCH], at=at)
    return lost


def _check_refused(found: Findings) -> None:
    refused = found.refused.total()
    if refused * 2 > found.rows and (refused > LOSSES_ALWAYS_ACCEPTED or refused == found.rows):
        reason = found.refused.most_common(1)[0][0]
        raise TableBroken(refused=refused, rows=found.rows, reason=reason.value)


def _categories(mapping: TableMapping, default: str) -> Categories:
    """All categories a place may get. Raises `CategoryNotThere`, also for a slug of the mapping."""
    shown = {
        setting.slug: {**setting.names, **setting.own_names}
        for group, inside in category_settings()
        for setting in (group, *inside)
    }
    categories = Categories([*category_specs(), *mapping.own], shown, mapping)
    for slug in mapping.categories.values():
        if not categories.knows(slug):
            raise CategoryNotThere(category=slug)
    if default:
        found = categories.find(default)
        if found is None:
            raise CategoryNotThere(category=default)
        categories.default = found
    return categories


def _datum(known: RegionView | None) -> Datum:
    return known.datum if known else Datum.WGS84


def _source(said: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", said):
        raise SourceInvalid(source=said)
    return said.lower()


def _stem(path: Path) -> str:
    """The name of the file without endings, dates and numbers: next month's file is the same source."""
    words = re.split(r"[^A-Za-z]+", path.name.split(".")[0])
    return "-".join(word for word in words if word)[:40].lower() or "table"


def _digest(file_digest: str, options: Options, mapping: TableMapping, surveyed: Survey) -> str:
    """Names the content, and what decides which stores come of it in which order."""
    meant = {
        "file": file_digest,
        "mapping": repr(mapping),
        "extent": asdict(surveyed.extent),
        "options": [
            options.columns, options.encoding, options.delimiter, str(options.datum), options.swapped,
            options.category, options.keep_doubles,
        ],
    }  # fmt: skip
    return sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()
