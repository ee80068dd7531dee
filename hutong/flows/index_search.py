"""What changed in town is made findable: the rows of search are made again, with what was sold.

The outbox runs these after a change (`index_store`, `index_offer`, `index_region`); a clock runs
`index_stale`; a sale asks for `count_sold` alone. Each may be run again at any time and then changes nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from hutong.attract.search import queries as search
from hutong.attract.search import services
from hutong.town.regions.queries import region_by_ref
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of_all

# One batch takes well under a second, so that no other writer of search waits long for its turn.
BATCH = 500
_REFS_AT_ONCE = 5_000

Progress = Callable[[int], None]


def index_store(store_ref: str, at: datetime) -> None:
    """Make one store and its deals findable as they are now, or no longer findable when it is closed."""
    services.index_stores(store_refs=[store_ref], at=at)
    _count_sold(search.offer_refs_of(store_refs=[store_ref]))


def index_offer(offer_ref: str, at: datetime) -> None:
    """Make an offer findable in all its stores, or no longer findable when it is off."""
    services.index_offer(offer_ref=offer_ref, at=at)
    _count_sold([offer_ref])


def index_region(region_ref: str, at: datetime, progress: Progress | None = None) -> int:
    """Make all stores of a region findable as they are now; how many were looked at.

    Works in batches, each a transaction of its own; `progress` is called with the number of each.
    """
    region = region_by_ref(region_ref)
    if region is None:
        return 0
    done, last_id = 0, 0
    while True:
        batch = services.index_region(region_ref=region_ref, after_id=last_id, limit=BATCH, at=at)
        done += batch.stores
        if progress:
            progress(batch.stores)
        if batch.last_id is None:
            break
        last_id = batch.last_id
    _count_sold(search.offer_refs_of(region_id=region.region_id))
    return done


def index_stale(at: datetime) -> int:
    """Make the stores findable again as they are, whose offers began or ended meanwhile; how many."""
    done = 0
    while batch := services.index_stale(limit=BATCH, at=at):
        done += batch
    return done


def count_sold(offer_ref: str) -> None:
    """Show how many of an offer were sold by now, after a sale or a refund: one row a store, nothing else."""
    _count_sold([offer_ref])


def _count_sold(offer_refs: Sequence[str]) -> None:
    for start in range(0, len(offer_refs), _REFS_AT_ONCE):
        stock = stock_of(offer_refs[start : start + _REFS_AT_ONCE])
        terms = terms_of_all(stock)
        services.set_sold(sold={ref: view.sold // terms[ref].uses for ref, view in stock.items()})
