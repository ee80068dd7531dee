"""How good a find a store is: the parts of its score, what each weighs, and how PostgreSQL works them out.

The score is the sum of its parts, each between 0 and 1, times their weights, which add up to 1. SQL computes the parts
and the sum, so that a page is one statement; `parts` says the same to people. What may be tuned stands at the top.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hutong.attract.search.rules import sounds, tokens
from hutong.attract.search.rules.tokens import How, Wanted
from hutong.attract.search.types import Part

# What each part weighs where words were typed, and where none were.
WITH_TEXT = {"text": 0.55, "near": 0.25, "quality": 0.15, "open": 0.05}
WITHOUT_TEXT = {"near": 0.55, "quality": 0.35, "open": 0.10}
# So far away, nearness counts half.
HALF_M = 1_500.0
# How well words fit: all of them as whole words of the name, as beginnings of its words, together with the category,
# with the deals, and anywhere.
NAME_WHOLE, NAME_BEGINS, NAME_OR_CATEGORY, NAME_TO_DEALS, ANYWHERE = 0.8, 0.65, 0.45, 0.3, 0.15
# What remains to 1 is for how much of the name was typed.
COVERED = 1 - NAME_WHOLE
# A reader's choice of least stars.
LEAST_RATINGS = (4.5, 4.0, 3.5)
# The promise tag of offers for which one books a time.
BOOKABLE = "book_ahead"


def weights(text: bool) -> Mapping[str, float]:
    """The weights in force, with or without words."""
    return WITH_TEXT if text else WITHOUT_TEXT


def parts(values: Mapping[str, Any], text: bool) -> tuple[Part, ...]:
    """The parts of a score out of a row that has `part_` and the name of each."""
    return tuple(Part(name, float(values[f"part_{name}"]), weight) for name, weight in weights(text).items())


def judged(pieces: tuple[Wanted, ...]) -> dict[str, tuple[tuple[Wanted, ...], str]]:
    """What words are judged by: pieces, and the weights with which a row has them ("" for any); "whole" takes no
    beginnings and no other words."""
    as_typed = tuple(_without(one, {How.MEANING}) for one in pieces)
    return {
        "all": (pieces, ""),
        "whole": (tuple(_entire(one) for one in as_typed), "A"),
        "begins": (pieces, "A"),
        "category": (pieces, "AB"),
        "deals": (pieces, "ABC"),
        "written": (tuple(_without(one, {How.SOUND, How.INITIALS}) for one in pieces), "A"),
    }


def queries(pieces: tuple[Wanted, ...]) -> dict[str, str]:
    """The texts of the `tsquery` by which words are judged."""
    return {name: tokens.tsquery(some, weights=weights) for name, (some, weights) in judged(pieces).items()}


def typed_lexemes(text: str, pieces: tuple[Wanted, ...]) -> tuple[int, int]:
    """How many lexemes a name has that is just this text: as it is written, and where it is the sound of a name."""
    written = max(1, len(tokens.lexemes(text)))
    spoken = sum(
        len(one.text) // 3 + 1 if sounds.full_pieces(one.text) else len(one.text)
        for one in pieces
        if one.text.isascii()
    )
    return written, max(1, 4 * spoken - 2)


def _entire(one: Wanted) -> Wanted:
    choices = tuple(
        replace(choice, lexemes=tuple(replace(lexeme, prefix=False) for lexeme in choice.lexemes))
        for choice in one.choices
    )
    return replace(one, choices=choices)


def _without(one: Wanted, hows: set[How]) -> Wanted:
    return replace(one, choices=tuple(choice for choice in one.choices if choice.how not in hows))
