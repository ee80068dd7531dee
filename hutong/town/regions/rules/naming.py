"""Names of regions: by which words somebody who types finds one, and the short name that stands in addresses."""

import re
import unicodedata
from collections.abc import Mapping

from pypinyin import lazy_pinyin

from hutong.kernel.text import clean, fold

MAX_NAME = 120
MAX_SLUG = 60
MOST_WORDS = 6
# What a Chinese name says of its kind; people leave it out when they type, and so do short names.
_ENDINGS = ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "矿区", "新区")
_ENDING = ("省", "市", "区", "县", "旗", "盟", "州")
# Names of places that sound otherwise than the same characters in other words.
_READINGS = {
    name: tuple(said.split())
    for name, said in {
        "朝阳": "chao yang", "长治": "chang zhi", "长宁": "chang ning", "涡阳": "guo yang", "单县": "shan xian",
        "浚县": "xun xian", "荥经": "ying jing", "洪洞": "hong tong", "繁峙": "fan shi", "大城": "dai cheng",
        "曾都": "zeng du", "阿勒泰": "a le tai", "泊头": "bo tou", "覃塘": "qin tang", "什邡": "shi fang",
    }.items()
}  # fmt: skip


def is_chinese(text: str) -> bool:
    """Whether there is a Han character in it."""
    return any("\u4e00" <= symbol <= "\u9fff" for symbol in text)


def bare(name: str) -> str:
    """A Chinese name without what kind of place it is: 朝阳区 is 朝阳; 忠县 stays, since 忠 alone is no name."""
    for ending in (*_ENDINGS, *_ENDING):
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name[: -len(ending)]
    return name


def syllables(name: str, *, of: str = "") -> list[str]:
    """How a Chinese name sounds, character by character; with `of`, only that beginning of it.

    The whole name is read even so, because what kind of place it is tells how the rest is said: 朝阳区 is Chaoyang.
    """
    said: list[str] = lazy_pinyin(name, errors=list)  # type: ignore[arg-type]  # it takes lists too
    for word, reading in _READINGS.items():
        at = name.find(word)
        if at >= 0 and len(said) == len(name):
            said[at : at + len(word)] = reading
    return said[: len(of)] if of else said


def sound(name: str) -> str:
    """A Chinese name as it sounds without its kind, in one word with a capital: 朝阳区 is Chaoyang."""
    return "".join(syllables(name, of=bare(name))).capitalize()


def sought(names: Mapping[str, str], slug: str, adcode: str | None) -> str:
    """The folded words by which a region is found: names in all languages, their sound, its initials, its codes."""
    parts: dict[str, None] = {}
    for name in names.values():
        folded = fold(name)
        parts[folded] = None
        if is_chinese(folded):
            for said in (syllables(folded), syllables(folded, of=bare(folded))):
                parts[fold("".join(said))] = None
                parts[fold("".join(syllable[:1] for syllable in said))] = None
    parts |= {slug: None, adcode or "": None}
    return f" {' '.join(part for part in parts if part)} "


def words(typed: str) -> list[str]:
    """The folded words of what somebody typed; each must be found. Bounded, so that their cost is too."""
    return list(dict.fromkeys(fold(clean(typed, limit=200)).split()))[:MOST_WORDS]


def slug_of(name: str) -> str:
    """A short name for addresses out of a name in any script; "" where nothing of it is left."""
    text = "".join(syllables(name, of=bare(name))) if is_chinese(name) else name
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
