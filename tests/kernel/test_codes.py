"""The typed code: it is what its digest says, it forgives what it can, and it catches slips."""

import os
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.codes import ALPHABET, CODE_LENGTH, code_from_digest, group, parse_code

digests = st.binary(min_size=32, max_size=32)
CODE = code_from_digest(bytes(range(32)))


@given(digests)
def test_a_code_survives_being_shown_and_typed(digest: bytes) -> None:
    code = code_from_digest(digest)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    for written in (
        code,
        group(code),
        group(code).lower(),
        f"  {code[:8]} {code[8:]} ",
        f"hutong:{group(code)}",
    ):
        assert parse_code(written) == code


@given(digests, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_any_single_wrong_symbol_is_caught(digest: bytes, index: int, symbol: str) -> None:
    code = code_from_digest(digest)
    wrong = code[:index] + symbol + code[index + 1 :]
    assert parse_code(wrong) == (code if symbol == code[index] else None)


@given(digests, st.integers(0, CODE_LENGTH - 2))
def test_any_swap_of_neighbours_is_caught(digest: bytes, index: int) -> None:
    code = code_from_digest(digest)
    swapped = code[:index] + code[index + 1] + code[index] + code[index + 2 :]
    assert parse_code(swapped) == (code if swapped == code else None)


@given(digests, st.integers(0, CODE_LENGTH - 1), st.sampled_from("0O1IL"))
def test_one_symbol_outside_the_alphabet_is_read_only_as_its_lookalike(
    digest: bytes, index: int, strange: str
) -> None:
    code = code_from_digest(digest)
    lookalikes = "QDC" if strange in "0O" else "JT7"
    meant = parse_code(code[:index] + strange + code[index + 1 :])
    assert meant == (code if code[index] in lookalikes else None)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser_and_what_it_reads_is_a_code(written: str) -> None:
    code = parse_code(written)
    assert code is None or (len(code) == CODE_LENGTH and parse_code(code) == code)


@pytest.mark.parametrize(
    "written",
    ["", "HUTONG:", CODE[:-1], CODE + "A", "0" * 16, "!" * 16, "O1" + CODE[2:], CODE * 1000, "\x00" * 16],
)
def test_what_cannot_be_a_code_is_none(written: str) -> None:
    assert parse_code(written) is None


def test_full_width_letters_and_odd_dashes_are_forgiven() -> None:
    full_width = "".join(chr(ord(symbol) + 0xFEE0) for symbol in CODE)
    assert parse_code(full_width) == CODE
    assert parse_code("–".join(CODE[start : start + 4] for start in range(0, 16, 4))) == CODE


def test_the_alphabet_has_31_symbols_and_none_that_is_mistaken() -> None:
    assert len(set(ALPHABET)) == 31
    assert set(string.digits + string.ascii_uppercase) - set(ALPHABET) == set("01OIL")


def test_a_random_code_passes_the_check_about_once_in_31() -> None:
    tries = 31 * 400
    passed = sum(
        parse_code("".join(ALPHABET[byte % 31] for byte in os.urandom(CODE_LENGTH))) is not None
        for _try in range(tries)
    )
    assert 250 < passed < 550  # 400 expected, standard deviation 20
