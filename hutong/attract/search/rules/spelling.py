"""Typing errors: what was probably meant by a word that nothing is called by."""

from collections.abc import Iterable

from hutong.attract.search.rules import sounds

# Shorter words have too many neighbours to guess among.
SHORTEST = 4
# A word up to so long may have one error in it, a longer one two.
ONE_ERROR = 7
# Up to this length every word one error away is looked up; longer ones still share most of their trigrams.
MOST_EDITED = 12
MOST_MEANT = 4
# Joined pinyin of so many letters may have an error in it: shorter ones are the beginning of too much, longer ones
# have too many neighbours.
SPOKEN = range(6, 25)
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщъыьэюя"


def edits(word: str) -> list[str]:
    """Every word one error away: a letter left out, doubled or added, another one, two that changed places."""
    return _edits(word) if SHORTEST <= len(word) <= MOST_EDITED else []


def spoken(word: str) -> list[str]:
    """Every joined pinyin one error away."""
    if len(word) not in SPOKEN or not (word.isascii() and word.isalpha()):
        return []
    return [edit for edit in _edits(word) if sounds.full_pieces(edit)]


def _edits(word: str) -> list[str]:
    letters = _CYRILLIC if any(letter in _CYRILLIC for letter in word) else _LATIN
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = [before + after[1:] for before, after in parts if after]
    found += [before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1]
    found += [before + letter + after[1:] for before, after in parts if after for letter in letters]
    found += [before + letter + after for before, after in parts for letter in letters]
    return list(dict.fromkeys(found))


def errors(typed: str, meant: str) -> int:
    """How many errors lie between two words: one for each letter left out, added or changed, and for two that changed
    places (the restricted distance of Damerau and Levenshtein)."""
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for at, letter in enumerate(typed, start=1):
        row = [at]
        for to, other in enumerate(meant, start=1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == meant[to - 2] and typed[at - 2] == other:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def meant(typed: str, known: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """The words among `known` (each with how many stores have it) that `typed` may stand for, the likeliest first."""
    most = 1 if len(typed) <= ONE_ERROR else 2
    ranked = {}
    for word, stores in known:
        wrong = errors(typed, word)
        if 0 < wrong <= most:
            # The first letter is seldom the wrong one. Of pinyin that may go on, the longer one says more.
            ranked[word] = (wrong, word[:1] != typed[:1], -stores, -len(word), word)
    return tuple(sorted(ranked, key=lambda word: ranked[word]))[:MOST_MEANT]
