"""OpenSearch, where a site has it, is fed from the rows of search after they were written, and compared with them.

Each function does nothing where the site has none. What cannot be handed over raises `OpenSearchAway`: the job that
wanted it is tried again by the outbox, and hands over what the rows say then.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from hutong.attract.search.opensearch import calls, index
from hutong.attract.search.services import statements
from hutong.attract.search.types import Checked
from hutong.kernel.rows import rows, scalar

AT_ONCE = 500
_KEYS_AT_ONCE = 10_000
_ROWS = """
SELECT x.store_id, x.store_ref, x.category_id, x.root_category_id, x.lon, x.lat, x.district_id, x.circle_id, x.hours_id,
       x.rating, x.price_band, x.price_from, x.sold, x.deals, x.quality, x.tags,
       coalesce(tsvector_to_array(x.words), '{}') AS words,
       coalesce(tsvector_to_array(ts_filter(x.words, '{a,b,c}')), '{}') AS words_abc,
       coalesce(tsvector_to_array(ts_filter(x.words, '{a,b}')), '{}') AS words_ab,
       coalesce(tsvector_to_array(ts_filter(x.words, '{a}')), '{}') AS words_a
  FROM search_searchstore x WHERE x.store_id = ANY(%s::int8[]) ORDER BY 1
"""
# By the clock of the database, which all that feed share.
_VERSION = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8"
_BETWEEN = """
SELECT x.store_id, x.store_ref FROM search_searchstore x
 WHERE x.store_id > %s AND (%s::int8 IS NULL OR x.store_id <= %s::int8) ORDER BY 1
"""


def _server() -> calls.Server | None:
    return calls.server(settings.HUTONG_SEARCH_URL) if settings.HUTONG_SEARCH_URL else None


def keep_later(store_ids: Sequence[int]) -> None:
    """As `keep`, once what the caller wrote is committed: at once where no transaction is open."""
    if settings.HUTONG_SEARCH_URL and store_ids:
        transaction.on_commit(partial(keep, list(store_ids)))


def keep(store_ids: Sequence[int]) -> int:
    """Hand over the rows of these stores as they are now, or that they are gone; how many documents changed.

    The version is taken before the rows are read. So of two that hand over one store, whoever has the higher version
    read at least what the other one had written, and the order in which they arrive does not matter. Before the first
    rebuild there is no index, and nothing to keep.
    """
    server = _server()
    if server is None or not store_ids:
        return 0
    aliases, changed = sorted(index.aliases(server)), 0
    for start in range(0, len(store_ids), AT_ONCE):
        some = list(store_ids[start : start + AT_ONCE])
        version = int(scalar(_VERSION))
        found = rows(_ROWS, [some])
        gone = sorted(set(some) - {row["store_id"] for row in found})
        changed += index.write(server, version, [index.document(row) for row in found], gone, aliases)
    return changed


def keep_offers(offer_refs: Sequence[str]) -> int:
    """As `keep`, of all stores in which one of these offers holds or was shown until now."""
    if not settings.HUTONG_SEARCH_URL or not offer_refs:
        return 0
    found = rows(statements.STORES_OF_OFFERS, {"refs": list(offer_refs)})
    return keep([row["store_id"] for row in found])


def begin(*, at: datetime) -> str:
    """Make an empty index that everything is handed over to from now on, beside the one in use; its name."""
    server = _server()
    return index.begin(server, at) if server else ""


def finish(name: str) -> None:
    """Put the index that `begin` made in the place of the one in use, now that it has every row."""
    server = _server()
    if server and name:
        index.finish(server, name)


def compare(store_ids: Sequence[int]) -> Checked:
    """Compare the documents of these stores with what their rows make."""
    server = _server()
    if server is None or not store_ids:
        return Checked(0, None)
    there = index.read(server, store_ids)
    found = {row["store_id"]: row for row in rows(_ROWS, [list(store_ids)])}
    names = {key: f"OpenSearch: {row['store_ref']}" for key, row in found.items()}
    return Checked(
        stores=0,
        last_id=None,
        missing=tuple(name for key, name in names.items() if key not in there),
        superfluous=(),  # `strays` finds these, which have no row to be named by
        stale=tuple(
            name for key, name in names.items() if key in there and there[key] != index.document(found[key])
        ),
    )


def strays(*, limit: int) -> Checked:
    """Stores without a document and documents without a store, at most about `limit` of each; every key is looked at."""
    server = _server()
    missing: list[str] = []
    superfluous: list[str] = []
    after: int | None = 0 if server else None
    while server and after is not None and len(missing) < limit and len(superfluous) < limit:
        keys = index.keys_after(server, after, _KEYS_AT_ONCE)
        last = keys[-1] if len(keys) == _KEYS_AT_ONCE else None
        shown = {row["store_id"]: row["store_ref"] for row in rows(_BETWEEN, [after, last, last])}
        missing += [f"OpenSearch: {ref}" for key, ref in shown.items() if key not in set(keys)]
        superfluous += [f"OpenSearch: document {key}" for key in keys if key not in shown]
        after = last
    return Checked(0, None, tuple(missing[:limit]), tuple(superfluous[:limit]), ())
