"""Pure decisions of search: what is indexed and what typed text looks for (`tokens`, `sounds`, `synonyms`),
cursors and limits (`lists`)."""

from hutong.attract.search.rules.lists import (
    DEFAULT_LIMIT,
    DEFAULT_RADIUS_M,
    MAX_LIMIT,
    OPEN_NOW_FACTOR,
    cursor_text,
    read_cursor,
    scale_at,
)

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_RADIUS_M",
    "MAX_LIMIT",
    "OPEN_NOW_FACTOR",
    "cursor_text",
    "read_cursor",
    "scale_at",
]
