"""Cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.attract.search import rules


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_cursor_keeps_the_exact_distance(value: float) -> None:
    assert rules.read_cursor(rules.cursor_text(value, "sto_1")) == (value, "sto_1")


@pytest.mark.parametrize(
    "cursor",
    ["", "~", "1.5", "1.5~", "nan~sto_1", "inf~sto_1", "x~sto_1", "1~sto_" + "s" * 41, "1~sto_\x00", "1~sto"],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        rules.read_cursor(cursor)
