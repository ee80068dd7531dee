"""What differs between two texts, word by word."""

from __future__ import annotations

import pytest

from hutong.town.contents.rules import difference


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("Set for two", "Set for two friends", ["=Set for two ", "+friends"]),
        ("Set for two friends", "Set for two", ["=Set for two ", "-friends"]),
        ("best cake.", "best buns.", ["=best ", "-cake.", "+buns."]),
        ("a b c", "a x c", ["=a ", "-b ", "+x ", "=c"]),
        ("双人面套餐", "双人大面套餐", ["=双人", "+大", "=面套餐"]),
        ("", "new text", ["+new text"]),
        ("gone", "", ["-gone"]),
    ],
)
def test_what_stays_is_not_told_as_changed(before: str, after: str, pieces: list[str]) -> None:
    (change,) = difference({"text": before}, {"text": after})
    signs = {"same": "=", "added": "+", "removed": "-"}
    assert [signs[piece.kind.value] + piece.text for piece in change.pieces] == pieces
