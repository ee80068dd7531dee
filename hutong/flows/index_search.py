"""What changed in town is made findable: the rows of search are made again, with what was sold.

The outbox runs these after a change, many stores in one job (`index_stores`, `index_offers`, `count_sold_of`); a clock
runs `index_stale` and `renew_hours`; `rebuild` makes everything again. Each may be run again at any time and then
changes nothing.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import OperationalError

from hutong.attract.search import queries as search
from hutong.attract.search import services
from hutong.attract.search.opensearch.calls import OpenSearchAway
from hutong.attract.search.types import Checked, TermKind
from hutong.kernel import budget, outbox
from hutong.kernel.errors import TooMany
from hutong.town.regions.queries import default_region, region_by_ref
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of_all

# One batch takes well under a second, so that no other writer of search waits long for its turn.
BATCH = 250
HOURS_AT_ONCE = 200
_REFS_AT_ONCE = 5_000
NIGHT_FROM = 4
DAY_S = 24 * 60 * 60
# So many stores are compared by a check that is not a full one.
SAMPLE = 1_000

# No store is to blame for these.
_NOBODYS_FAULT = (OperationalError, OpenSearchAway)

Progress = Callable[[int], None]


def index_stores(store_refs: Sequence[str], at: datetime) -> None:
    """Make stores and their deals findable as they are now, or no longer findable when they are closed.

    Where one of many cannot be indexed, each gets a job of its own, so that it holds nobody else up.
    """
    try:
        services.index_stores(store_refs=store_refs, at=at)
        _count_sold(search.offer_refs_of(store_refs=store_refs))
    except _NOBODYS_FAULT:
        raise  # the database or OpenSearch was away or too busy: the whole job is tried again
    except Exception:
        if len(store_refs) == 1:
            raise
        logging.getLogger("hutong.search").exception("%d stores were not indexed at once", len(store_refs))
        for ref in store_refs:
            outbox.send("index_store_alone", at=at, store_ref=ref)


def index_store(store_ref: str, at: datetime) -> None:
    """As `index_stores`, of one."""
    index_stores([store_ref], at)


def index_offers(offer_refs: Sequence[str], at: datetime) -> None:
    """Make offers findable in all their stores, or no longer findable when they are off; else as `index_stores`."""
    try:
        services.index_offers(offer_refs=offer_refs, at=at)
        _count_sold(offer_refs)
    except _NOBODYS_FAULT:
        raise
    except Exception:
        if len(offer_refs) == 1:
            raise
        logging.getLogger("hutong.search").exception("%d offers were not indexed at once", len(offer_refs))
        for ref in offer_refs:
            outbox.send("index_offer_alone", at=at, offer_ref=ref)


def index_offer(offer_ref: str, at: datetime) -> None:
    """As `index_offers`, of one."""
    index_offers([offer_ref], at)


def index_region(region_ref: str, at: datetime, progress: Progress | None = None) -> int:
    """Make all stores of a region findable as they are now; how many were looked at.

    Works in batches, each a transaction of its own; `progress` is called with the number of each.
    """
    if region_by_ref(region_ref) is None:
        return 0
    return _index_all(region_ref, lambda: at, progress)


def rebuild(now: Callable[[], datetime], progress: Progress | None = None) -> int:
    """Make all rows of search again while it is in use; how many stores were looked at.

    A row stays as it was until its batch is written. Then rows and hours of stores that are gone go. `finish` does
    what is left, and `finish_elsewhere` what is to be done at OpenSearch, where there is one.
    """
    return _index_all("", now, progress)


def begin_elsewhere(at: datetime) -> str:
    """Begin to fill a new index at OpenSearch beside the one in use; its name, "" where PostgreSQL answers."""
    return services.begin_elsewhere(at=at)


def finish_elsewhere(name: str) -> None:
    """The index that a rebuild filled is the one in use from now on."""
    services.finish_elsewhere(name)


def index_next(after_id: int, at: datetime) -> None:
    """One batch of a rebuild, as a job that asks for the one after it: it goes on where a stopped worker left it."""
    batch = services.index_next(after_id=after_id, limit=BATCH, at=at)
    _count_sold(batch.offer_refs)
    if batch.last_id is None:
        finish(at)
        mend_squares()
    else:
        outbox.send("index_next", at=at, after_id=batch.last_id)


def finish(at: datetime, progress: Progress | None = None) -> int:
    """What ends a rebuild: rows of stores that are gone go, hours are known again, terms are counted. How many went."""
    gone = services.prune()
    services.prune_hours()
    renew_hours(at)
    for kind in TermKind:
        services.recount_terms(kind)
        if progress:
            progress(1)
    return gone


def wrong_squares() -> int:
    """How many squares of the map say something else than their stores do: 0, or somebody went around the triggers."""
    return services.wrong_cells()


def mend_squares() -> int:
    """Count the squares of the map again where some are wrong; how many were. Who indexes waits meanwhile."""
    wrong = services.wrong_cells()
    if wrong:
        services.rebuild_cells()
    return wrong


def recount_terms(at: datetime) -> None:
    """Ask for the terms to be counted again, once a night by the site's zone; one that no store has any more goes."""
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    if here.hour < NIGHT_FROM:
        return
    try:
        budget.spend(f"terms of {here:%Y-%m-%d}", limit=1, window_s=DAY_S, at=at)
    except TooMany:
        return  # another tick did it today
    for kind in TermKind:
        outbox.send("recount_terms", at=at, kind=kind.value)


def recount(kind: str) -> int:
    """Count one kind of terms again; how many numbers changed. Seconds in a town, a minute at a million stores."""
    return services.recount_terms(TermKind(kind))


def check(*, full: bool, at: datetime, progress: Progress | None = None) -> Checked:
    """Compare the rows of search with what they are made from: all, or those of stores that are drawn.

    Missing rows and such of stores that are gone are found in any case, at most `SAMPLE` of each. Writes nothing.
    """
    found = [services.check_stores(services.left_over(limit=SAMPLE), at=at), services.strays(limit=SAMPLE)]
    drawn = [] if full else services.suspects(sample=SAMPLE, seed=int(at.timestamp()))
    for start in range(0, len(drawn), BATCH):
        found.append(services.check_stores(drawn[start : start + BATCH], at=at))
        if progress:
            progress(found[-1].stores)
    last_id: int | None = 0 if full else None
    while last_id is not None:
        found.append(services.check_next(after_id=last_id, limit=BATCH, at=at))
        last_id = found[-1].last_id
        if progress:
            progress(found[-1].stores)
    return _together(found, stores=sum(one.stores for one in found[1:]))


def check_again(checked: Checked, *, at: datetime) -> Checked:
    """Of the differences that were found, those that are still there: what changed meanwhile was on its way."""
    names = [*checked.missing, *checked.superfluous, *checked.stale]
    ids = services.store_ids(sorted({name.rpartition(" ")[2] for name in names}))
    found = [services.check_stores(ids[start : start + BATCH], at=at) for start in range(0, len(ids), BATCH)]
    found.append(services.strays(limit=SAMPLE))
    return _together(found, stores=checked.stores)


def index_stale(at: datetime) -> int:
    """Make the stores findable again as they are, whose offers began or ended meanwhile; how many."""
    done = 0
    while batch := services.index_stale(limit=BATCH, at=at):
        done += batch
    return done


def renew_hours(at: datetime) -> int:
    """Keep the opening hours of search known for the days around `at`; how many were made again."""
    done = 0
    while batch := services.renew_hours(limit=HOURS_AT_ONCE, at=at):
        done += batch
    return done


def count_sold(offer_ref: str) -> None:
    """As `count_sold_of`, of one."""
    count_sold_of([offer_ref])


def count_sold_of(offer_refs: Sequence[str]) -> None:
    """Show how many of each offer were sold by now, after a sale or a refund: one row a store, nothing else."""
    _count_sold(offer_refs)
    services.keep_offers(
        offer_refs
    )  # also where nothing differs: the last try may have ended between the two


def _index_all(region_ref: str, now: Callable[[], datetime], progress: Progress | None) -> int:
    done, last_id = 0, 0
    while True:
        batch = services.index_next(region_ref=region_ref, after_id=last_id, limit=BATCH, at=now())
        _count_sold(batch.offer_refs)
        done += batch.stores
        if progress:
            progress(batch.stores)
        if batch.last_id is None:
            return done
        last_id = batch.last_id


def _together(found: Sequence[Checked], *, stores: int) -> Checked:
    return Checked(
        stores=stores,
        last_id=None,
        missing=tuple(dict.fromkeys(name for one in found for name in one.missing)),
        superfluous=tuple(dict.fromkeys(name for one in found for name in one.superfluous)),
        stale=tuple(dict.fromkeys(name for one in found for name in one.stale)),
    )


def _count_sold(offer_refs: Sequence[str]) -> None:
    for start in range(0, len(offer_refs), _REFS_AT_ONCE):
        stock = stock_of(offer_refs[start : start + _REFS_AT_ONCE])
        terms = terms_of_all(stock)
        services.set_sold(sold={ref: view.sold // terms[ref].uses for ref, view in stock.items()})
