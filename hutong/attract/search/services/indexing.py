"""Rows of the two projections are made again from `town`, set by set."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.attract.search.rules import standing
from hutong.attract.search.services import feeding, statements
from hutong.attract.search.services.facts import facts_of
from hutong.attract.search.services.own_words import next_of_words
from hutong.attract.search.services.terms import add_terms
from hutong.attract.search.types import Indexed
from hutong.kernel.locking import advisory
from hutong.kernel.rows import execute, rows

# A job has time: many changes at once wait for each other, and giving up would only make more of them.
WAIT_S = 60
_SOLD_OTHERWISE = """
SELECT DISTINCT d.offer_ref FROM unnest(%s::text[], %s::int4[]) AS n(offer_ref, sold)
  JOIN search_searchdeal d ON d.offer_ref = n.offer_ref AND d.sold <> n.sold
"""
_SOLD = """
UPDATE search_searchdeal d SET sold = n.sold
  FROM unnest(%s::text[], %s::int4[]) AS n(offer_ref, sold)
 WHERE d.offer_ref = n.offer_ref AND d.sold <> n.sold
RETURNING d.id, d.store_id
"""
_OFFERS_SHOWN = """
SELECT DISTINCT d.offer_ref FROM search_searchdeal d WHERE d.store_id = ANY(%s::int8[]) ORDER BY 1
"""
# What the quality of a row is of, in both tables.
_STANDING = """
SELECT x.store_id AS id, x.rating, x.reviews, coalesce((
         SELECT sum(d.sold) FROM search_searchdeal d WHERE d.store_id = x.store_id), 0)::int4 AS sold,
       x.deals > 0 AS has_deal, jsonb_typeof(x.card->'cover') = 'object' AS has_cover,
       (x.card->>'claimed')::bool AS claimed, x.hours_id IS NOT NULL AS hours_known
  FROM search_searchstore x WHERE x.store_id = ANY(%s::int8[]) ORDER BY 1
"""
_DEAL_STANDING = """
SELECT d.id, d.rating, d.reviews, d.sold, true AS has_deal, jsonb_typeof(d.card->'cover') = 'object' AS has_cover,
       true AS claimed, d.hours_id IS NOT NULL AS hours_known
  FROM search_searchdeal d WHERE d.id = ANY(%s::int8[]) ORDER BY 1
"""
_SET_STANDING = """
UPDATE search_searchstore x SET sold = n.sold, quality = n.quality
  FROM unnest(%s::int8[], %s::int4[], %s::float8[]) AS n(id, sold, quality) WHERE x.store_id = n.id
"""
_SET_DEAL_STANDING = """
UPDATE search_searchdeal d SET quality = n.quality
  FROM unnest(%s::int8[], %s::float8[]) AS n(id, quality) WHERE d.id = n.id
"""


def index_stores(*, store_refs: Sequence[str], at: datetime) -> int:
    """Make the rows of these stores and of their deals again, as `town` has them now; how many are shown.

    A store that is closed or gone leaves the search. Running it twice changes nothing.
    """
    found = rows(
        "SELECT s.id AS store_id FROM merchants_store s WHERE s.public_id = ANY(%s)", [list(store_refs)]
    )
    return _index(_ids(found), at)


def index_offers(*, offer_refs: Sequence[str], at: datetime) -> int:
    """Make the rows of every store again in which one of these offers holds, or was shown until now."""
    return _index(_ids(rows(statements.STORES_OF_OFFERS, {"refs": list(offer_refs)})), at)


def index_offer(*, offer_ref: str, at: datetime) -> int:
    """As `index_offers`, of one."""
    return index_offers(offer_refs=[offer_ref], at=at)


def index_next(*, region_ref: str = "", after_id: int, limit: int, at: datetime) -> Indexed:
    """Make the rows of the next `limit` stores again, after the store with key `after_id`; "" is every region.

    `last_id` of the answer is where the next batch starts; None when this was the last one.
    """
    asked = {"region": region_ref, "after": after_id, "limit": limit}
    ids = _ids(rows(statements.STORES_AFTER, asked))
    _index(ids, at, whole=True)
    shown = rows(_OFFERS_SHOWN, [ids])
    return Indexed(
        stores=len(ids),
        last_id=ids[-1] if len(ids) == limit else None,
        offer_refs=tuple(entry["offer_ref"] for entry in shown),
    )


def index_region(*, region_ref: str, after_id: int, limit: int, at: datetime) -> Indexed:
    """As `index_next`, of one region."""
    return index_next(region_ref=region_ref, after_id=after_id, limit=limit, at=at)


def index_for_words(*, words_ref: str, change: int, after_id: int, limit: int, at: datetime) -> Indexed:
    """As `index_next`, of the stores that words of the operator's own concern, as they were last changed."""
    ids = next_of_words(words_ref=words_ref, change=change, after_id=after_id, limit=limit)
    _index(ids, at)
    return Indexed(stores=len(ids), last_id=ids[-1] if len(ids) == limit else None)


def index_stale(*, limit: int, at: datetime) -> int:
    """Make the rows again whose offers began or ended meanwhile, at most `limit`; how many there were."""
    ids = _ids(rows(statements.STALE, [at, limit]))
    _index(ids, at)
    return len(ids)


def prune() -> int:
    """Remove the rows of stores that are gone from `town`; how many."""
    with transaction.atomic():
        advisory("search", "index", wait_s=WAIT_S)
        deals, gone = execute(statements.PRUNE_DEALS), _ids(rows(statements.PRUNE_STORES))
        feeding.keep_later(gone)
        return deals + len(gone)


def set_sold(*, sold: Mapping[str, int]) -> int:
    """Set how many of each offer were sold, by offer ref; how many rows of deals changed.

    Their stores have the sum, and both the quality that follows. One statement and no lock where nothing changed.
    """
    if not rows(_SOLD_OTHERWISE, [list(sold.keys()), list(sold.values())]):
        return 0
    with transaction.atomic():
        advisory("search", "index", wait_s=WAIT_S)
        changed = rows(_SOLD, [list(sold.keys()), list(sold.values())])
        if changed:
            deals = rows(_DEAL_STANDING, [[entry["id"] for entry in changed]])
            execute(_SET_DEAL_STANDING, [[entry["id"] for entry in deals], _qualities(deals)])
            stores = rows(_STANDING, [sorted({entry["store_id"] for entry in changed})])
            ids, numbers = [entry["id"] for entry in stores], [entry["sold"] for entry in stores]
            execute(_SET_STANDING, [ids, numbers, _qualities(stores)])
            feeding.keep_later(ids)
    return len(changed)


def _qualities(found: Iterable[Mapping[str, Any]]) -> list[float]:
    return [
        standing.quality(**{name: value for name, value in entry.items() if name != "id"}) for entry in found
    ]


def _ids(found: Iterable[Mapping[str, Any]]) -> list[int]:
    return [entry["store_id"] for entry in found]


def _index(ids: list[int], at: datetime, *, whole: bool = False) -> int:
    """So many statements, whatever the number of stores. One writer at a time, so that the last one read last."""
    if not ids:
        return 0
    with transaction.atomic():
        advisory("search", "index", wait_s=WAIT_S)
        shown = write_rows(ids, at=at, whole=whole)
        feeding.keep_later(ids)
        return shown


def write_rows(ids: Sequence[int], *, at: datetime, whole: bool = False) -> int:
    """Make the rows of stores by their keys, in the caller's transaction; how many are shown.

    Words that would be made of the same texts as last time stay as they are, but with `whole`, which is for a rebuild:
    the way they are made may be another one by now. Only for who has the lock, or is the only writer there is, such
    as a bench that fills a database of its own.
    """
    facts = facts_of(ids, at=at, whole=whole)
    params = facts.params
    execute(statements.DELETE_DEALS, params)
    execute(statements.UPSERT_DEALS, params)
    execute(statements.DELETE_STORES, params)
    execute(statements.UPSERT_STORES, params)
    if facts.terms:
        add_terms(facts.terms)
    return len(facts.stores)
