"""200 questions in words, drawn from the names of places by a rule with a seed.

The rule was written before anything was tuned by it, and no question is edited: whoever changes this file has new
questions and has to say so. Who asks stands up to 500 m from the place. The question is answered when one of the first
three stores found is the place, or has the very same name (a chain's next shop is as good).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin

from hutong.kernel.geo import Place
from hutong.kernel.text import fold

SEED = 20261122
AS_NEAR_AS_M = 500.0
FIRST = 3
METRES_A_DEGREE = 111_320.0

# Which key of a phone's or a computer's keyboard is beside which: what a finger hits instead.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True, slots=True)
class Named:
    """A place that questions are drawn from: its name is in one language, as its source has it."""

    ref: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question: what is typed, where, and which place it means. `kind` names the rule it was made by."""

    kind: str
    text: str
    asked_at: Place
    ref: str
    name: str


def chinese(named: Sequence[Named]) -> list[Drawn]:
    """100 questions about places with Chinese names: 25 whole names, 15 beginnings, 30 in pinyin, 30 by initials."""
    chance = random.Random(f"{SEED} chinese")
    usable = [one for one in named if sum(_is_han(symbol) for symbol in one.name) >= 3]
    makers: list[tuple[str, int, Callable[[str], str]]] = [
        ("Chinese, whole", 25, lambda name: name),
        ("Chinese, its beginning", 15, lambda name: name[: max(3, math.ceil(len(name) * 2 / 3))]),
        ("pinyin", 30, lambda name: "".join(lazy_pinyin(_han(name)))),
        ("initials", 30, lambda name: "".join(lazy_pinyin(_han(name), style=Style.FIRST_LETTER))),
    ]
    return [drawn for kind, count, make in makers for drawn in _draw(kind, usable, count, make, chance)]


def imported(kind: str, named: Sequence[Named], *, whole: int, mistyped: int) -> list[Drawn]:
    """Questions about places with names in Latin letters: `whole` names, and `mistyped` ones with one typing error."""
    chance = random.Random(f"{SEED} {kind}")
    usable = [one for one in named if max((len(word) for word in _words(one.name)), default=0) >= 5]
    return [
        *_draw(kind, usable, whole, lambda name: name, chance),
        *_draw(f"{kind}, mistyped", usable, mistyped, lambda name: mistype(name, chance), chance),
    ]


def mistype(name: str, chance: random.Random) -> str:
    """The name with one error in one of its words of five letters or more, never in the word's first letter.

    Two letters change places, one is left out, is doubled, or is its neighbour on the keyboard.
    """
    words = name.split()
    index = chance.choice([number for number, word in enumerate(words) if _is_long(word)])
    word = words[index]
    at = chance.randrange(1, len(word) - 1)
    error = chance.randrange(4)
    if error == 0:
        changed = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif error == 1:
        changed = word[:at] + word[at + 1 :]
    elif error == 2:
        changed = word[:at] + word[at] + word[at:]
    else:
        changed = word[:at] + _beside(word[at], chance) + word[at + 1 :]
    return " ".join([*words[:index], changed, *words[index + 1 :]])


def answered(drawn: Drawn, found: Sequence[Named]) -> bool:
    """Whether one of the first three found is the place, or has its very name."""
    return any(one.ref == drawn.ref or fold(one.name) == fold(drawn.name) for one in found[:FIRST])


def _draw(
    kind: str, named: Sequence[Named], count: int, make: Callable[[str], str], chance: random.Random
) -> list[Drawn]:
    """So many of different names, each asked about from somewhere near it."""
    by_name = {fold(one.name): one for one in sorted(named, key=lambda one: one.ref)}
    chosen = chance.sample([by_name[name] for name in sorted(by_name)], count)
    return [Drawn(kind, make(one.name), _near(one.place, chance), one.ref, one.name) for one in chosen]


def _near(place: Place, chance: random.Random) -> Place:
    away, towards = AS_NEAR_AS_M * math.sqrt(chance.random()), 2 * math.pi * chance.random()
    lat = place.lat + away * math.sin(towards) / METRES_A_DEGREE
    return Place(
        place.lon + away * math.cos(towards) / (METRES_A_DEGREE * math.cos(math.radians(place.lat))), lat
    )


def _beside(letter: str, chance: random.Random) -> str:
    for row in _ROWS:
        at = row.find(letter.lower())
        if at >= 0:
            return chance.choice([row[near] for near in (at - 1, at + 1) if 0 <= near < len(row)])
    return ""  # no letter of that keyboard: it is left out


def _words(name: str) -> list[str]:
    return [word for word in name.split() if _is_long(word)]


def _is_long(word: str) -> bool:
    return len(word) >= 5 and word.isalpha()


def _han(name: str) -> str:
    return "".join(symbol for symbol in name if _is_han(symbol))


def _is_han(symbol: str) -> bool:
    return "\u4e00" <= symbol <= "\u9fff"
