"""The words of one meaning that the operator added, and how far the index is with them; and those that come with us."""

from collections.abc import Sequence
from json import loads
from typing import Any

from hutong.attract.search.rules.synonyms import SYNONYMS
from hutong.attract.search.types import OwnWordsView
from hutong.kernel.rows import rows

# Of those that were taken away, so many may be given back.
REMOVED = 20
_WORDS = """
SELECT o.public_id AS ref, o.words, coalesce(c.slug, '') AS category_slug, (c.names || c.own_names)::text AS names,
       o.removed_at IS NULL AS holds, o.stores, o.done, o.followed_at IS NOT NULL AS followed
  FROM search_ownwords o LEFT JOIN merchants_category c ON c.id = o.category_id
 WHERE {which}
"""
_HELD = _WORDS.format(which="o.removed_at IS NULL ORDER BY o.id DESC")
_REMOVED = _WORDS.format(which="o.removed_at IS NOT NULL ORDER BY o.removed_at DESC LIMIT %s::int4")
_ONE = _WORDS.format(which="o.public_id = %s")


def own_words() -> tuple[OwnWordsView, ...]:
    """All that hold, the newest first, and the last ones that were taken away. Two statements."""
    return tuple(_view(line) for line in [*rows(_HELD), *rows(_REMOVED, [REMOVED])])


def own_words_by_ref(ref: str) -> OwnWordsView | None:
    """One line; None where there is no such."""
    found = rows(_ONE, [ref])
    return _view(found[0]) if found else None


def known_words() -> Sequence[Sequence[str]]:
    """The words of one meaning that everybody has."""
    return [same.words for same in SYNONYMS]


def _view(line: dict[str, Any]) -> OwnWordsView:
    names = loads(line.pop("names") or "{}")
    return OwnWordsView(**line | {"words": tuple(line["words"])}, category_names=names)
