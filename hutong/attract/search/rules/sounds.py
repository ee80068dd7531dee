"""The sound of Chinese: pinyin of what is written in Han characters, and what typed letters may be the pinyin of.

A name is found by its sound from each of its syllables on, in full and by initials. What is indexed is cut after
`FULL` letters and `SHORT` initials, so that a city has as many sounds as it has pairs of words, not of names; a
longer typed one is looked for in pieces.
"""

from functools import lru_cache

from pypinyin import lazy_pinyin
from pypinyin.seg import mmseg

FULL = 16
SHORT = 8
# More pieces than these would be a sentence and not a name.
MAX_PIECES = 4
MAX_TYPED = FULL * MAX_PIECES
LONGEST_SYLLABLE = 6

# Every syllable of Hanyu Pinyin by its initial, as the table of GB/T 16159 has them, with v for ü.
_TABLE = """
: a ai an ang ao e ei en eng er o ou
b: a ai an ang ao ei en eng i ian iao ie in ing o u
c: a ai an ang ao e en eng i ong ou u uan ui un uo
ch: a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo
d: a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo
f: a an ang ei en eng iao o ou u
g: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
h: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
j: i ia ian iang iao ie in ing iong iu u uan ue un
k: a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo
l: a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan ue un uo v ve
m: a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u
n: a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan ue un uo v ve
p: a ai an ang ao ei en eng i ian iao ie in ing o ou u
q: i ia ian iang iao ie in ing iong iu u uan ue un
r: an ang ao e en eng i ong ou u ua uan ui un uo
s: a ai an ang ao e en eng i ong ou u uan ui un uo
sh: a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo
t: a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo
w: a ai an ang ei en eng o u
x: i ia ian iang iao ie in ing iong iu u uan ue un
y: a an ang ao e i in ing o ong ou u uan ue un
z: a ai an ang ao e ei en eng i ong ou u uan ui un uo
zh: a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo
"""
SYLLABLES = frozenset(
    initial + final
    for initial, _colon, finals in (line.partition(":") for line in _TABLE.split("\n") if line)
    for final in finals.split()
)
_BEGINNINGS = frozenset(syllable[:length] for syllable in SYLLABLES for length in range(1, len(syllable)))
# No syllable begins with these, so no initials have them.
_NO_INITIALS = frozenset("iuv")


def syllables(han: str) -> tuple[str, ...]:
    """The pinyin of a run of Han characters, one for each that has one; a character of several by its word.

    What `lazy_pinyin` says of the whole run, five times as fast: it is cut into words as there, and words come again.
    """
    return tuple(syllable for word in mmseg.seg.cut(han) for syllable in _of_word(word))


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(word, errors="ignore"))


def full_sounds(spoken: tuple[str, ...]) -> list[str]:
    """The joined pinyin from each syllable on, cut after `FULL` letters; ü is v, and also u, as both are typed."""
    found: dict[str, None] = {}
    for start in range(len(spoken)):
        sound = "".join(spoken[start : start + FULL])[:FULL]
        found[sound] = None
        if "v" in sound:
            found[sound.replace("v", "u")] = None
    return list(found)


def short_sounds(spoken: tuple[str, ...]) -> list[str]:
    """The initials from each syllable on, cut after `SHORT`; one letter alone is none."""
    letters = "".join(syllable[0] for syllable in spoken)
    starts = range(len(letters) - 1)
    return list(dict.fromkeys(letters[start : start + SHORT] for start in starts))


def full_pieces(typed: str) -> tuple[str, ...]:
    """What to look for where `typed` is joined pinyin, the last syllable perhaps not finished; () where it is none.

    Each but the last is a whole entry of `full_sounds`, the last is the beginning of one. They overlap where cutting
    is certain: of several ways to read "xianan", only where all of them end a syllable.
    """
    if not typed.isascii() or len(typed) < 2 or len(typed) > MAX_TYPED:
        return ()
    ways = _ways(typed)
    if not ways:
        return ()
    pieces: list[str] = []
    rest = 0
    while len(typed) - rest > FULL:
        pieces.append(typed[rest : rest + FULL])
        ends = range(rest + FULL, rest, -1)
        certain = (end for end in ends if ways.get(end) == ways[0])
        rest = next(certain, None) or next((end for end in ends if end in ways), rest + FULL)
    return (*pieces, typed[rest:])


def short_pieces(typed: str) -> tuple[str, ...]:
    """What to look for where `typed` may be initials, as `full_pieces` has it; () where it can be none."""
    if not typed.isascii() or not typed.isalpha() or not 2 <= len(typed) <= 3 * SHORT:
        return ()
    if _NO_INITIALS.intersection(typed):
        return ()
    if len(typed) <= SHORT:
        return (typed,)
    middle = [typed[SHORT : 2 * SHORT]] if len(typed) > 2 * SHORT else []
    return (typed[:SHORT], *middle, typed[-SHORT:])


def _ways(typed: str) -> dict[int, int]:
    """How many readings of the whole go through each position at which one of their syllables ends; {} of no pinyin."""
    length = len(typed)
    before, after = [0] * (length + 1), [0] * (length + 1)
    before[0] = after[length] = 1
    for end in range(1, length + 1):
        for start in range(max(0, end - LONGEST_SYLLABLE), end):
            if typed[start:end] in SYLLABLES:
                before[end] += before[start]
    for start in range(length - 1, -1, -1):
        for end in range(start + 1, min(length, start + LONGEST_SYLLABLE) + 1):
            if typed[start:end] in SYLLABLES:
                after[start] += after[end]
        if typed[start:] in _BEGINNINGS and typed[start:] not in SYLLABLES:
            after[start] += 1
    if not after[0]:
        return {}
    through = {place: before[place] * after[place] for place in range(length)}
    return {place: count for place, count in through.items() if count}
