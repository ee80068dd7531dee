"""The vocabulary: terms that stores have, with the keys they are found by, and how many have each."""

from collections.abc import Iterable

from django.db import transaction

from hutong.attract.search.rules.tokens import MAX_KEY, keys
from hutong.attract.search.services.facts import Term
from hutong.attract.search.types import TermKind
from hutong.kernel.rows import execute

# In one order, so that two that add the same terms never wait for each other. A term that no store had comes back.
_ADD = """
INSERT INTO search_searchterm AS t (kind, term, key)
SELECT n.* FROM unnest(%s::text[], %s::text[], %s::text[]) AS n(kind, term, key) ORDER BY 1, 2, 3
ON CONFLICT (kind, key, term) DO UPDATE SET stores = 1 WHERE t.stores = 0
"""

# Each kind is counted where it stands.
_COUNTED = {
    TermKind.WORD: "SELECT word AS term, ndoc AS stores FROM ts_stat('SELECT words FROM search_searchstore')",
    TermKind.NAME: f"""
SELECT left(n.value, {MAX_KEY}) AS term, count(DISTINCT n.store_id) AS stores
  FROM (SELECT s.store_id, e.value FROM search_searchstore s, jsonb_each_text(s.card->'names') e
        UNION ALL SELECT s.id, e.value FROM merchants_store s JOIN merchants_brand b ON b.id = s.brand_id,
               jsonb_each_text(b.names) e) n GROUP BY 1""",  # noqa: S608 - constants only
    TermKind.CATEGORY: f"""
SELECT left(n.value, {MAX_KEY}) AS term, sum(c.stores) AS stores
  FROM (SELECT s.card->'category_names' AS names, count(*) AS stores FROM search_searchstore s GROUP BY 1) c,
       jsonb_each_text(c.names) n GROUP BY 1""",  # noqa: S608 - constants only
    TermKind.DEAL: f"""
SELECT left(n.value, {MAX_KEY}) AS term, count(DISTINCT d.store_id) AS stores
  FROM search_searchdeal d, jsonb_each_text(d.card->'titles') n GROUP BY 1""",  # noqa: S608 - constants only
}
_GONE = """
DELETE FROM search_searchterm t WHERE t.kind = %s AND t.stores = 0
   AND NOT EXISTS (SELECT FROM counted c WHERE c.term = t.term)
"""
_RECOUNT = """
UPDATE search_searchterm t SET stores = n.stores
  FROM (SELECT k.id, coalesce(c.stores, 0) AS stores
          FROM search_searchterm k LEFT JOIN counted c ON c.term = k.term WHERE k.kind = %s) n
 WHERE t.id = n.id AND t.stores <> n.stores
"""


def add_terms(terms: Iterable[Term]) -> None:
    """Put terms into the vocabulary that are not there yet. One statement."""
    found = sorted({(kind.value, term, key) for kind, term in terms for key in keys(term) if key})
    if found:
        execute(_ADD, [list(column) for column in zip(*found, strict=True)])


def recount_terms(kind: TermKind) -> int:
    """Count the stores that have each term of a kind again; how many numbers changed.

    A term that no store has any more gets 0, and goes when the next count finds it so: one that a store gets while
    this counts is not lost. Reads all of the index; nobody waits for it.
    """
    with transaction.atomic():
        execute("SET LOCAL statement_timeout = 0")
        execute(f"CREATE TEMPORARY TABLE counted AS {_COUNTED[kind]}")
        execute("CREATE INDEX ON counted (term)")
        execute("ANALYZE counted")
        execute(_GONE, [kind.value])
        changed = execute(_RECOUNT, [kind.value])
        execute("DROP TABLE counted")
    return changed
