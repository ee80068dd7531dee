"""Everything that can be found, in order of its key: what a site map lists, part by part."""

import json
from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.rows import row, rows

# A part goes over so many keys, not rows: where it begins does not change when something before it goes.
PART = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A thing with a page of its own: its public id, its names by language, when its page changed last."""

    ref: str
    names: dict[str, str]
    changed_at: datetime


_STORES = """
SELECT t.store_ref AS ref, t.card -> 'names' AS names, t.indexed_at AS changed_at
  FROM search_searchstore t WHERE t.store_id >= %s AND t.store_id < %s ORDER BY t.store_id
"""
# A chain's offer is listed once, by the first of its rows.
_DEALS = """
SELECT t.offer_ref AS ref, t.card -> 'titles' AS names, t.indexed_at AS changed_at
  FROM search_searchdeal t
 WHERE t.id >= %s AND t.id < %s
   AND NOT EXISTS (SELECT FROM search_searchdeal r WHERE r.offer_ref = t.offer_ref AND r.id < t.id)
 ORDER BY t.id
"""
_STORE_KEYS = "SELECT min(store_id) AS first, max(store_id) AS last FROM search_searchstore"
_DEAL_KEYS = "SELECT min(id) AS first, max(id) AS last FROM search_searchdeal"
_STORE_PART = (
    "SELECT EXISTS (SELECT FROM search_searchstore t WHERE t.store_id >= %s AND t.store_id < %s) AS there"
)
_DEAL_PART = "SELECT EXISTS (SELECT FROM search_searchdeal t WHERE t.id >= %s AND t.id < %s) AS there"


def listed_stores(part: int) -> list[Listed]:
    """The stores of a part; one statement, which reads the primary key."""
    return _listed(_STORES, part)


def listed_deals(part: int) -> list[Listed]:
    """The offers of a part, each once over all parts."""
    return _listed(_DEALS, part)


def store_parts() -> list[int]:
    """The numbers of the parts that have a store."""
    return _parts(_STORE_KEYS, _STORE_PART)


def deal_parts() -> list[int]:
    """The numbers of the parts that have a deal in one of its stores."""
    return _parts(_DEAL_KEYS, _DEAL_PART)


def _listed(sql: str, part: int) -> list[Listed]:
    found = rows(sql, [part * PART, (part + 1) * PART])
    return [Listed(entry["ref"], json.loads(entry["names"]), entry["changed_at"]) for entry in found]


def _parts(keys: str, there: str) -> list[int]:
    ends = row(keys)
    if ends is None or ends["first"] is None:
        return []
    numbers = range(ends["first"] // PART, ends["last"] // PART + 1)
    return [number for number in numbers if (row(there, [number * PART, (number + 1) * PART]) or {})["there"]]
