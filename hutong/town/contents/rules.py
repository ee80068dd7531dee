"""Pure decisions about contents: what differs between two versions."""

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from hutong.town.contents.types import Change, Piece, PieceKind

# A word with the space behind it; each Chinese character is a word of its own.
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+")


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ, in the order of their names; of nested maps the single fields."""
    flat_before, flat_after = dict(_flat(before)), dict(_flat(after))
    fields = sorted(set(flat_before) | set(flat_after))
    return [
        Change(field=field, before=old, after=new, pieces=_pieces(old, new))
        for field in fields
        if (old := flat_before.get(field)) != (new := flat_after.get(field))
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _pieces(before: Any, after: Any) -> tuple[Piece, ...]:
    """What came and went, word by word, where both sides are texts (or nothing)."""
    if not all(value is None or isinstance(value, str) for value in (before, after)):
        return ()
    old, new = _WORDS.findall(before or ""), _WORDS.findall(after or "")
    pieces: list[Piece] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(
        a=old, b=new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(PieceKind.SAME, "".join(old[old_from:old_to])))
            continue
        if old_to > old_from:
            pieces.append(Piece(PieceKind.REMOVED, "".join(old[old_from:old_to])))
        if new_to > new_from:
            pieces.append(Piece(PieceKind.ADDED, "".join(new[new_from:new_to])))
    return tuple(pieces)
