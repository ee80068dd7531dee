"""One cutting of text for what is indexed and for what is typed: `vector` and `typed`.

| written as | indexed as | looked for as |
| --- | --- | --- |
| words (Latin, Cyrillic, Hangul, ...) | the folded word; parts and whole of one with a hyphen | the beginning of a word |
| Han, kana, Thai (no spaces) | characters, pairs of neighbours, longer words | the pairs of each word, cut by rjieba |
| Han, by sound | `~` and the pinyin, `^` and the initials, from each syllable on | the beginning of one |

Lexemes hold letters, digits and the two signs only, so nothing typed is ever a part of a `tsquery`'s own language.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby, pairwise

import rjieba

from hutong.attract.search.rules import sounds, synonyms
from hutong.attract.search.rules.letters import plain
from hutong.kernel.text import clean

# Of what is typed, no more than these characters are looked at, and no more pieces are looked for.
MAX_TYPED = 400
MAX_PIECES = 8
# Of a text that is indexed.
MAX_TEXT = 1_000
MAX_LEXEME = 60
MAX_JOINED = 4
# Of a key of a term, which PostgreSQL's index has to take whole.
MAX_KEY = 100
# From this length on a word is also the beginning of longer ones although it is one that we know: "bar" is no barber.
# So are two words together.
SHORT_KNOWN = 4
SOUND, INITIALS = "~", "^"

_APOSTROPHES = frozenset("'’ʼ`´")
_JOINERS = frozenset("-‐‑–.&+/·_@")
_FUNCTION_WORDS = frozenset(
    "a an and at by for in me my near nearby of on or the to with is where lahella ja fujin"
    " 的 地 得 了 在 和 与 及 或 是 有 去 找 我 想 要 吗 呢 吧"
    " 附近 周边 周围 旁边 哪里 哪儿 哪家 有没有 最近 一家 这里 这边".split()
)


class Script(StrEnum):
    """How a run of characters is cut: Chinese, another script without spaces, words with spaces between them."""

    HAN = "han"
    CLOSE = "close"
    SPACED = "spaced"
    NONE = "none"


class How(StrEnum):
    """Why a choice is one: as it was written, a word of the same meaning, pinyin in full, initials of pinyin."""

    WRITTEN = "written"
    MEANING = "meaning"
    SOUND = "sound"
    INITIALS = "initials"


class Weight(StrEnum):
    """Where a row has a lexeme: the letters of PostgreSQL's `tsvector`."""

    NAME = "A"
    CATEGORY = "B"
    DEAL = "C"
    AREA = "D"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """What is looked for: a whole lexeme, or with `prefix` every one that begins so."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One way in which a row may have a piece: all of these lexemes."""

    how: How
    lexemes: tuple[Lexeme, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece of what was typed. A row has it by any of the choices, the first one as it is written."""

    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters of one script that stand together; `joined` says that one joiner alone parts it from the run before."""

    text: str
    script: Script
    joined: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A text that is indexed, with what it is worth; `spoken` says whether it is also found by its sound."""

    text: str
    weight: Weight
    spoken: bool = True


def vector(sources: Iterable[Source]) -> str:
    """The text of a `tsvector` with all lexemes of the texts; the place of each is that of its weight.

    A lexeme of several texts stands there several times, and PostgreSQL makes one of them.
    """
    pieces = (_vector(source.text, source.weight.value, source.spoken) for source in sources)
    return " ".join(piece for piece in pieces if piece)


@lru_cache(maxsize=20_000)
def _vector(text: str, weight: str, spoken: bool) -> str:
    place = f"{_LETTERS.index(weight) + 1}{weight}"
    return " ".join(f"'{lexeme}':{place}" for lexeme in _lexemes(text, spoken))


def lexemes(text: str, *, spoken: bool = True) -> tuple[str, ...]:
    """What a text is found by, each once."""
    return _lexemes(text, spoken)


def _lexemes(text: str, spoken: bool) -> tuple[str, ...]:
    found: dict[str, None] = {}
    runs = _runs_of(text, MAX_TEXT)
    for run in runs:
        if run.script is Script.SPACED:
            found[run.text[:MAX_LEXEME]] = None
        else:
            found.update(dict.fromkeys(run.text))
            found.update(dict.fromkeys(_pairs(run.text)))
            if run.script is Script.HAN:
                found.update({word: None for word in _cut(run.text) if len(word) > 2})
    for whole in _joined(runs):
        found[whole] = None
    if spoken:
        for han in _spoken_runs(runs):
            syllables = sounds.syllables(han)
            found.update(dict.fromkeys(SOUND + sound for sound in sounds.full_sounds(syllables)))
            found.update(dict.fromkeys(INITIALS + sound for sound in sounds.short_sounds(syllables)))
    return tuple(found)


def typed(text: str | None) -> tuple[Wanted, ...]:
    """What somebody who typed this looks for: a row has to have every piece; () where nothing in it can be looked for.

    Words that only hold a sentence together are left out unless there is nothing else. Never an error.
    """
    words = _words(text)
    telling = [word for word in words if word not in _FUNCTION_WORDS] or words
    phrases = list(dict.fromkeys(_phrases(telling[: MAX_PIECES * 2])))[:MAX_PIECES]
    return tuple(_beside(phrases, at) for at in range(len(phrases)))


def tsquery(pieces: Iterable[Wanted], *, weights: str = "") -> str:
    """The text of a `tsquery` for rows that have every piece; `weights` are the letters it may be found with, "" all."""
    return " & ".join(
        f"({' | '.join(_of_choice(choice, weights) for choice in one.choices)})" for one in pieces
    )


@lru_cache(maxsize=20_000)
def terms(text: str) -> tuple[str, ...]:
    """The words of a text as one would type them, folded, each once: Chinese ones from two characters on."""
    found: dict[str, None] = {}
    for run in _runs_of(text, MAX_TEXT):
        words = _cut(run.text) if run.script is Script.HAN else [run.text]
        found.update({word[:MAX_LEXEME]: None for word in words if len(word) > 1 and not word.isdecimal()})
    return tuple(found)


@lru_cache(maxsize=20_000)
def keys(term: str) -> tuple[str, ...]:
    """By what a term is found while it is typed: itself folded, its pinyin in full and its initials."""
    folded = plain(clean(term, limit=MAX_KEY))[:MAX_KEY]
    if folded.isascii():
        return (folded,)
    runs = _runs_of(term, MAX_TEXT if len(term) <= MAX_KEY else MAX_KEY)
    spoken = tuple(syllable for han in _spoken_runs(runs) for syllable in sounds.syllables(han))
    if not spoken:
        return (folded,)
    full, short = "".join(spoken), "".join(syllable[0] for syllable in spoken)
    return tuple(
        dict.fromkeys(
            key
            for key in (folded, full[:MAX_KEY], full[:MAX_KEY].replace("v", "u"), short)
            if len(key) > 1 or key == folded
        )
    )


def _wanted(piece: str) -> Wanted:
    """A word, or a phrase of several that has one meaning."""
    written = _written(piece)
    choices = [Choice(How.WRITTEN, written)]
    if synonyms.known(piece):
        others = [Choice(How.MEANING, _written(other)) for other in synonyms.alike(piece)]
        choices += [
            other
            for number, other in enumerate(others)
            if not _covered(other, choices + others[:number], others[number + 1 :])
        ]
    else:
        full, short = sounds.full_pieces(piece), sounds.short_pieces(piece)
        if full:
            choices.append(Choice(How.SOUND, _beginning(SOUND, full)))
        if short:
            choices.append(Choice(How.INITIALS, _beginning(INITIALS, short)))
    return Wanted(piece, tuple(choices))


def _beside(phrases: list[str], at: int) -> Wanted:
    """A piece, which may be written as one word with its neighbour: "burger king" is also looked for as "burgerking"."""
    wanted = _wanted(phrases[at])
    joined = [
        Choice(How.WRITTEN, (Lexeme(before + after, prefix=len(before + after) >= SHORT_KNOWN),))
        for before, after in pairwise(phrases[max(0, at - 1) : at + 2])
        if _is_joinable(before) and _is_joinable(after) and len(before + after) <= MAX_LEXEME
    ]
    new = [choice for choice in joined if not any(_covers(other, choice) for other in wanted.choices)]
    return Wanted(wanted.text, (*wanted.choices, *new)) if new else wanted


def _is_joinable(piece: str) -> bool:
    """One word of a script with spaces, and no number."""
    return not piece.isdecimal() and all(_script(symbol) is Script.SPACED for symbol in piece)


def _covered(choice: Choice, before: list[Choice], after: list[Choice]) -> bool:
    """Whether one of the others finds all that this choice finds; of two that find the same, the first one stays."""
    return any(_covers(other, choice) for other in before) or any(
        _covers(other, choice) and not _covers(choice, other) for other in after
    )


def _covers(wide: Choice, narrow: Choice) -> bool:
    return all(
        any(
            one.text == other.text or (one.prefix and other.text.startswith(one.text))
            for other in narrow.lexemes
            if one.prefix or not other.prefix
        )
        for one in wide.lexemes
    )


def _beginning(sign: str, pieces: tuple[str, ...]) -> tuple[Lexeme, ...]:
    """All pieces as whole sounds but for the last one, which may go on."""
    return (*(Lexeme(sign + piece) for piece in pieces[:-1]), Lexeme(sign + pieces[-1], prefix=True))


def _written(piece: str) -> tuple[Lexeme, ...]:
    known = synonyms.known(piece)
    return tuple(lexeme for run in _runs(piece) for lexeme in _written_run(run, known))


def _written_run(run: _Run, known: bool) -> tuple[Lexeme, ...]:
    if run.script is not Script.SPACED:
        word = run.text[:-1] if len(run.text) > 2 and run.text.endswith("店") else run.text
        return tuple(Lexeme(pair) for pair in _pairs(word)) or (Lexeme(word),)
    word = run.text[:MAX_LEXEME]
    if len(word) == 1 or word.isdecimal() or (known and len(word) <= SHORT_KNOWN):
        return (Lexeme(word),)
    # "noodles" finds a noodle as well.
    plural = word.isascii() and len(word) > SHORT_KNOWN and word.endswith("s") and not word.endswith("ss")
    return (Lexeme(word[:-1] if plural else word, prefix=True),)


def _of_choice(choice: Choice, weights: str) -> str:
    parts = []
    for lexeme in choice.lexemes:
        marks = ("*" if lexeme.prefix else "") + weights
        parts.append(f"'{lexeme.text}'{':' + marks if marks else ''}")
    return " & ".join(parts) if len(parts) == 1 else f"({' & '.join(parts)})"


def _words(text: str | None) -> list[str]:
    found: list[str] = []
    for run in _runs(plain(clean(text or "", limit=MAX_TYPED))):
        found += _cut(run.text) if run.script is Script.HAN else [run.text]
    return found


def _phrases(words: list[str]) -> Iterator[str]:
    """The words, those together that have a meaning only so: the longest first."""
    start = 0
    while start < len(words):
        for length in range(min(synonyms.LONGEST_PHRASE, len(words) - start), 0, -1):
            some = words[start : start + length]
            spaced = " ".join(some)
            phrase = spaced if length == 1 or synonyms.known(spaced) else "".join(some)
            if length == 1 or synonyms.known(phrase):
                yield phrase
                start += length
                break


@lru_cache(maxsize=20_000)
def _cut(han: str) -> list[str]:
    return list(rjieba.cut(han))


def _pairs(text: str) -> list[str]:
    return [first + second for first, second in pairwise(text)]


def _joined(runs: Sequence[_Run]) -> Iterator[str]:
    """Words that stand together but for a joiner, as one: "k-market" is also found by "kmarket"."""
    parts: list[str] = []
    for run in [*runs, _Run("", Script.NONE, False)]:
        if run.joined and run.script is Script.SPACED and parts:
            parts.append(run.text)
            continue
        if 1 < len(parts) <= MAX_JOINED:
            yield "".join(parts)[:MAX_LEXEME]
        parts = [run.text] if run.script is Script.SPACED else []


def _spoken_runs(runs: Sequence[_Run]) -> list[str]:
    """What is said in one breath: Han together, whatever signs are between, until another script begins."""
    return [
        "".join(run.text for run in some)
        for script, some in groupby(runs, key=lambda run: run.script)
        if script is Script.HAN
    ]


@lru_cache(maxsize=4_000)
def _runs_of(text: str, limit: int) -> tuple[_Run, ...]:
    """The runs of a text as it was written. A name is cut once for its lexemes, its terms and their keys."""
    return tuple(_runs(plain(clean(text, limit=limit))))


def _runs(folded: str) -> list[_Run]:
    found: list[_Run] = []
    gap = " "
    bare = "".join(symbol for symbol in folded if symbol not in _APOSTROPHES)
    for script, symbols in groupby(bare, key=_script):
        text = "".join(symbols)
        if script is Script.NONE:
            gap = text
            continue
        found.append(_Run(text, script, joined=gap in _JOINERS))
        gap = ""
    return found


@lru_cache(maxsize=20_000)
def _script(symbol: str) -> Script:
    """Letters with their marks, and digits; signs, emoji and spaces are of no script."""
    if not (symbol.isalnum() or unicodedata.category(symbol).startswith("M")):
        return Script.NONE
    if (
        "\u4e00" <= symbol <= "\u9fff"
        or "\u3400" <= symbol <= "\u4dbf"
        or "\U00020000" <= symbol <= "\U0003ffff"
    ):
        return Script.HAN
    if any(low <= symbol <= high for low, high in _CLOSE):
        return Script.CLOSE
    return Script.SPACED


# Kana, Thai and Lao, Myanmar, Khmer.
_CLOSE = (("\u3040", "\u30ff"), ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))
_LETTERS = "".join(Weight)
