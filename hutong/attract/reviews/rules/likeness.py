"""How alike two texts are: shingles, a sketch of them to find candidates by, and the share in common.

Broder, "On the resemblance and containment of documents" (1997): the share of common shingles, and the k smallest
hashes as a sample of them, which is good enough to find texts that share much.
"""

import hashlib
import unicodedata

from hutong.kernel.text import fold

# Letters a shingle: short enough to survive a changed word, long enough that common words are no match.
LETTERS = 5
SKETCH = 24
# Shorter texts ("very good!") are alike by chance.
MIN_LETTERS = 25


def _letters(text: str) -> str:
    return "".join(symbol for symbol in fold(text) if unicodedata.category(symbol)[0] in "LN")


def shingles(text: str) -> frozenset[int]:
    """The hashes (63 bits) of all runs of `LETTERS` letters, whatever case, accents, spaces and signs are between.

    Chinese carries more in a sign, so runs that hold one are two signs long. Empty for a text too short to say.
    """
    letters = _letters(text)
    chinese = sum("\u4e00" <= symbol <= "\u9fff" for symbol in letters)
    size, least = (2, MIN_LETTERS // 2) if 2 * chinese > len(letters) else (LETTERS, MIN_LETTERS)
    if len(letters) < least:
        return frozenset()
    runs = {letters[start : start + size] for start in range(len(letters) - size + 1)}
    return frozenset(_hash(run) for run in runs)


def sketch(found: frozenset[int]) -> list[int]:
    """The smallest `SKETCH` hashes, sorted: texts that share much share some of these."""
    return sorted(found)[:SKETCH]


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of shingles that two texts have in common, 0 to 1 (Jaccard)."""
    both = len(one | other)
    return len(one & other) / both if both else 0.0


def _hash(run: str) -> int:
    return int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big") >> 1
