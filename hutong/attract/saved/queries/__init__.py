"""Reads of `saved`."""

from hutong.attract.saved.queries.lists import (
    deleted_list,
    entries_of,
    lists_of,
    removed_entry,
    saved_refs,
    shared_list,
)
from hutong.attract.saved.queries.seen import everything_about, likings_of, remembers, seen_of

__all__ = [
    "deleted_list",
    "entries_of",
    "everything_about",
    "likings_of",
    "lists_of",
    "remembers",
    "removed_entry",
    "saved_refs",
    "seen_of",
    "shared_list",
]
