"""Reads of lists: a person's own, and shared ones."""

import json
from datetime import datetime
from typing import Any

from hutong.attract.saved.rules.lists import UNDO
from hutong.attract.saved.types import EntryView, ListView, Page, SavedKind
from hutong.kernel.rows import row, rows

_LIST = """
SELECT l.id, l.public_id, l.name, l.is_default, l.share_key, l.shares_notes, l.created_at, l.deleted_at,
       (SELECT count(*) FROM saved_savedentry e WHERE e.list_id = l.id AND e.removed_at IS NULL) AS size
  FROM saved_savedlist l
"""
# The category of a deal is that of the first of its stores.
_ENTRY = """
SELECT e.public_id, e.note, e.added_at, e.removed_at, s.public_id AS store_ref, o.public_id AS offer_ref,
       coalesce(s.names, o.titles) AS names, c.slug AS category, coalesce(o.emoji, c.emoji) AS emoji
  FROM saved_savedentry e
  JOIN saved_savedlist l ON l.id = e.list_id
  LEFT JOIN merchants_store s ON s.id = e.store_id
  LEFT JOIN catalog_offer o ON o.id = e.offer_id
  LEFT JOIN LATERAL (
    SELECT first.category_id FROM catalog_offerstore p JOIN merchants_store first ON first.id = p.store_id
     WHERE p.offer_id = e.offer_id ORDER BY p.id LIMIT 1) held ON true
  LEFT JOIN merchants_category c ON c.id = coalesce(s.category_id, held.category_id)
"""


def saved_refs(person_id: int) -> frozenset[str]:
    """The public ids of all shops and deals in a person's lists; one statement."""
    found = rows(
        "SELECT coalesce(s.public_id, o.public_id) AS ref FROM saved_savedentry e"
        " JOIN saved_savedlist l ON l.id = e.list_id AND l.deleted_at IS NULL"
        " LEFT JOIN merchants_store s ON s.id = e.store_id LEFT JOIN catalog_offer o ON o.id = e.offer_id"
        " WHERE l.person_id = %s::int8 AND e.removed_at IS NULL",
        [person_id],
    )
    return frozenset(entry["ref"] for entry in found)


def lists_of(person_id: int) -> list[ListView]:
    """A person's lists: the default one first, then the newest; one statement."""
    found = rows(
        f"{_LIST} WHERE l.person_id = %s::int8 AND l.deleted_at IS NULL"
        " ORDER BY l.is_default DESC, l.created_at DESC, l.id DESC",
        [person_id],
    )
    return [_list(entry) for entry in found]


def deleted_list(person_id: int, list_ref: str, at: datetime) -> ListView | None:
    """A list that was deleted within `UNDO` and can be had back."""
    found = row(
        f"{_LIST} WHERE l.person_id = %s::int8 AND l.public_id = %s AND l.deleted_at > %s::timestamptz",
        [person_id, list_ref, at - UNDO],
    )
    return _list(found) if found else None


def entries_of(list_id: int) -> tuple[EntryView, ...]:
    """What is in a list, in its order; one statement."""
    found = rows(
        f"{_ENTRY} WHERE e.list_id = %s::int8 AND e.removed_at IS NULL ORDER BY e.position, e.id", [list_id]
    )
    return tuple(_entry(entry) for entry in found)


def removed_entry(person_id: int, entry_ref: str, at: datetime) -> EntryView | None:
    """An entry that was removed within `UNDO` and can be had back."""
    found = row(
        f"{_ENTRY} WHERE l.person_id = %s::int8 AND e.public_id = %s AND e.removed_at > %s::timestamptz",
        [person_id, entry_ref, at - UNDO],
    )
    return _entry(found) if found else None


def shared_list(share_key: str) -> Page | None:
    """The list behind a link with what is in it, or None where there is none any more; two statements.

    Who it belongs to is not told, and notes only where their owner shares them.
    """
    if not share_key.isascii():
        return None
    found = row(f"{_LIST} WHERE l.share_key = %s AND l.deleted_at IS NULL", [share_key[:60]])
    if found is None:
        return None
    shared = _list(found)
    return Page(list=shared, entries=entries_of(shared.list_id))


def _list(found: dict[str, Any]) -> ListView:
    return ListView(
        list_id=found["id"],
        ref=found["public_id"],
        name=found["name"],
        is_default=found["is_default"],
        size=found["size"],
        share_key=found["share_key"],
        shares_notes=found["shares_notes"],
        created_at=found["created_at"],
        deleted_at=found["deleted_at"],
    )


def _entry(found: dict[str, Any]) -> EntryView:
    return EntryView(
        ref=found["public_id"],
        kind=SavedKind.STORE if found["store_ref"] else SavedKind.DEAL,
        subject_ref=found["store_ref"] or found["offer_ref"],
        names=json.loads(found["names"]),
        category=found["category"] or "",
        emoji=found["emoji"] or "",
        note=found["note"],
        added_at=found["added_at"],
        removed_at=found["removed_at"],
    )
