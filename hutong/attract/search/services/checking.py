"""The check of the rows of search: each is compared with the one that would be made now. Nothing is written."""

from collections.abc import Sequence
from datetime import datetime

from hutong.attract.search.services import feeding, statements
from hutong.attract.search.services.facts import facts_of
from hutong.attract.search.types import Checked
from hutong.kernel.rows import rows


def _compared(table: str, keys: Sequence[str], columns: Sequence[str], fresh: str, name: str) -> str:
    """The rows that are missing or say something else, by `name`, an expression over the fresh row `f`."""
    same = " AND ".join(f"x.{key} = f.{key}" for key in keys)
    there = ", ".join(f"x.{column}" for column in columns)
    new = ", ".join(f"f.{column}" for column in columns)
    return f"""
SELECT {name} AS name, x.{keys[0]} IS NULL AS missing FROM ({fresh}) f LEFT JOIN {table} x ON {same}
 WHERE x.{keys[0]} IS NULL OR ({there}) IS DISTINCT FROM ({new}) ORDER BY 1
"""  # noqa: S608 - constants only


_STORES = _compared(
    "search_searchstore", ["store_id"], statements.STORE_COLUMNS, statements.FRESH_STORES, "f.store_ref"
)
_DEALS = _compared(
    "search_searchdeal",
    ["offer_ref", "store_id"],
    statements.DEAL_COLUMNS,
    statements.FRESH_DEALS,
    "f.offer_ref || ' in ' || f.store_ref",
)
_SUPERFLUOUS = f"""
SELECT x.store_ref AS name FROM search_searchstore x
 WHERE x.store_id = ANY(%(ids)s::int8[]) AND x.store_id <> ALL(%(store_ids)s::int8[])
UNION ALL SELECT d.offer_ref || ' in ' || d.store_ref FROM search_searchdeal d
 WHERE d.store_id = ANY(%(ids)s::int8[]) AND {statements.NOT_SHOWN}
ORDER BY 1
"""  # noqa: S608 - constants only
_ABSENT = f"""
SELECT s.id AS store_id FROM merchants_store s
 WHERE {statements.OPEN_TO_ALL} AND NOT EXISTS (SELECT FROM search_searchstore x WHERE x.store_id = s.id)
 ORDER BY s.id LIMIT %(limit)s::int4
"""  # noqa: S608 - constants only
_LEFT_OVER = f"""
SELECT x.store_id FROM search_searchstore x
 WHERE NOT EXISTS (SELECT FROM merchants_store s WHERE s.id = x.store_id AND {statements.OPEN_TO_ALL})
UNION SELECT d.store_id FROM search_searchdeal d
 WHERE NOT EXISTS (SELECT FROM merchants_store s WHERE s.id = d.store_id)
 ORDER BY 1 LIMIT %(limit)s::int4
"""  # noqa: S608 - constants only
_SAMPLE = """
SELECT s.id AS store_id FROM merchants_store s WHERE s.state = 'open'
 ORDER BY hashint8extended(s.id, %(seed)s::int8) LIMIT %(limit)s::int4
"""


_BY_REFS = """
SELECT s.id AS store_id FROM merchants_store s WHERE s.public_id = ANY(%(refs)s::text[])
UNION SELECT x.store_id FROM search_searchstore x WHERE x.store_ref = ANY(%(refs)s::text[])
UNION SELECT d.store_id FROM search_searchdeal d WHERE d.store_ref = ANY(%(refs)s::text[])
ORDER BY 1
"""


def check_next(*, after_id: int, limit: int, at: datetime) -> Checked:
    """Compare the rows of the next `limit` stores after the store with key `after_id`."""
    found = rows(statements.STORES_AFTER, {"region": "", "after": after_id, "limit": limit})
    ids = [entry["store_id"] for entry in found]
    checked = check_stores(ids, at=at)
    return Checked(
        len(ids), ids[-1] if len(ids) == limit else None, checked.missing, checked.superfluous, checked.stale
    )


def check_stores(ids: Sequence[int], *, at: datetime) -> Checked:
    """Compare the rows of these stores and of their deals, and the documents made of them where there are any."""
    if not ids:
        return Checked(0, None)
    params = facts_of(ids, at=at, make=False).params
    differing = rows(_STORES, params) + rows(_DEALS, params)
    elsewhere = feeding.compare(ids)
    return Checked(
        stores=len(ids),
        last_id=None,
        missing=(*(entry["name"] for entry in differing if entry["missing"]), *elsewhere.missing),
        superfluous=tuple(entry["name"] for entry in rows(_SUPERFLUOUS, params)),
        stale=(*(entry["name"] for entry in differing if not entry["missing"]), *elsewhere.stale),
    )


def suspects(*, sample: int, seed: int) -> list[int]:
    """The keys of stores whose rows are missing or left over, at most `sample` each, and of so many drawn by `seed`."""
    asked = {"limit": sample, "seed": seed}
    return sorted({entry["store_id"] for sql in (_ABSENT, _LEFT_OVER, _SAMPLE) for entry in rows(sql, asked)})


def left_over(*, limit: int) -> list[int]:
    """The keys of stores that are shown and should not be, also of those that are gone from `town`."""
    return [entry["store_id"] for entry in rows(_LEFT_OVER, {"limit": limit})]


def store_ids(store_refs: Sequence[str]) -> list[int]:
    """The keys of stores by their refs, also of those that only search still knows."""
    return [entry["store_id"] for entry in rows(_BY_REFS, {"refs": list(store_refs)})]


def count_stores() -> int:
    """How many stores there are to index or to check."""
    return int(rows("SELECT count(*) AS n FROM merchants_store")[0]["n"])
