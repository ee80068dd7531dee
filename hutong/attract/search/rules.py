"""Pure decisions of search: the words of a query, the text that is searched, cursors."""

import math
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from pypinyin import Style, lazy_pinyin

from hutong.kernel.text import clean, fold

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
DEFAULT_RADIUS_M = 50_000
# With "open now", this many times the page is looked at in the one statement.
OPEN_NOW_FACTOR = 5
MAX_WORDS = 6
MAX_WORD = 60
MAX_PINS = 500
# PostgreSQL has no trigram of one or two characters, which in Chinese are whole words.
LONGEST_GRAM = 2
MAX_TEXT = 2_000
_REF = re.compile(r"[a-z]{2,5}_[0-9a-z]{1,34}")


def words(query: str | None) -> tuple[str, ...]:
    """The folded words of what somebody typed; each must be part of a name. Bounded, so cost is too."""
    if not query:
        return ()
    return tuple(dict.fromkeys(word[:MAX_WORD] for word in fold(clean(query, limit=400)).split()))[:MAX_WORDS]


def searchable(texts: Iterable[Mapping[str, str]]) -> str:
    """One folded text of names in all their languages, with the sound of the Chinese ones.

    兰州拉面 is also found by "lanzhoulamian" and by the initials "lzlm".
    """
    parts: dict[str, None] = {}
    for names in texts:
        for name in names.values():
            folded = fold(name)
            parts[folded] = None
            if any("\u4e00" <= symbol <= "\u9fff" for symbol in folded):
                parts[fold("".join(lazy_pinyin(folded)))] = None
                parts[fold("".join(lazy_pinyin(folded, style=Style.FIRST_LETTER)))] = None
    return " ".join(part for part in parts if part)[:MAX_TEXT]


def grams(text: str) -> list[str]:
    """Every piece of one and of two characters of the words of a folded text, each once, in order."""
    found: set[str] = set()
    for word in text.split():
        found.update(word)
        found.update(first + second for first, second in pairwise(word))
    return sorted(found)


def like_pattern(word: str) -> str:
    """A LIKE pattern that finds `word` anywhere and takes its %, _ and backslash as they stand."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def cursor_text(value: float, ref: str) -> str:
    """The cursor after a row: its exact sort value and its ref, which breaks ties."""
    return f"{value!r}~{ref}"


def read_cursor(cursor: str) -> tuple[float, str]:
    """The sort value and ref of a cursor. Raises ValueError for what is none."""
    value, separator, ref = cursor.partition("~")
    number = float(value)
    if not separator or not math.isfinite(number) or not _REF.fullmatch(ref):
        raise ValueError("not a cursor")
    return number, ref


def scale_at(lat: float) -> float:
    """How many Web Mercator metres one metre on the ground is at this latitude."""
    return 1 / math.cos(math.radians(lat))
