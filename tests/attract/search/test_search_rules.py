"""Folding, pieces of words, patterns and cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.attract.search import rules
from hutong.kernel.text import fold


def test_the_words_of_a_query_are_folded_bounded_and_each_once() -> None:
    assert rules.words("  KAHVILA  Ääni kahvila ") == ("kahvila", "aani")
    assert rules.words(None) == rules.words("") == rules.words(" \t\x00 ") == ()
    assert len(rules.words(" ".join(f"w{number}" for number in range(50)))) == rules.MAX_WORDS
    assert rules.words("x" * 10_000) == ("x" * rules.MAX_WORD,)


def test_a_chinese_name_is_found_by_its_sound() -> None:
    text = rules.searchable([{"name": "兰州拉面", "en": "Lanzhou Noodles"}])
    assert text.split() == ["兰州拉面", "lanzhoulamian", "lzlm", "lanzhou", "noodles"]


def test_the_text_of_a_row_is_bounded_and_names_count_once() -> None:
    assert rules.searchable([{"name": "Kahvila", "fi": "Kahvila"}, {"en": "Café"}]) == "kahvila cafe"
    assert len(rules.searchable([{"name": "x" * 10_000}])) == rules.MAX_TEXT


def test_grams_are_the_pieces_of_each_word() -> None:
    assert rules.grams("ab 火锅") == ["a", "ab", "b", "火", "火锅", "锅"]
    assert rules.grams("") == []


@given(st.text(max_size=40), st.text(min_size=1, max_size=2))
def test_a_gram_is_there_exactly_when_it_is_part_of_a_word(text: str, piece: str) -> None:
    folded = fold(text)
    part = fold(piece).replace(" ", "")
    if 0 < len(part) <= rules.LONGEST_GRAM:
        assert (part in rules.grams(folded)) == any(part in word for word in folded.split())


def test_a_pattern_takes_its_wildcards_as_they_stand() -> None:
    assert rules.like_pattern("50%_\\") == "%50\\%\\_\\\\%"


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
