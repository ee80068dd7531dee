"""What somebody meant whose words find nothing: the nearest spellings, and other characters of the same sound."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

from hutong.attract.search.rules import sounds, spelling, tokens
from hutong.attract.search.rules.letters import plain
from hutong.attract.search.rules.tokens import Choice, How, Lexeme, Wanted
from hutong.kernel.rows import rows

# Known words one error away by the plain index on keys, those that share many trigrams, a few of each; two known words
# that are this one without a space between them; and pinyin one error away that something known begins with. Words that
# nobody knows are looked at before the others.
_NEAR = """
WITH p AS MATERIALIZED (
  SELECT w.typed FROM unnest(%(typed)s::text[]) WITH ORDINALITY AS w(typed, n)
   ORDER BY EXISTS (SELECT FROM search_searchterm t WHERE t.kind = 'word' AND t.key = w.typed), w.n LIMIT %(most)s)
SELECT p.typed, v.key, max(v.stores) AS stores
  FROM p CROSS JOIN LATERAL (
    (SELECT t.key, t.stores FROM search_searchterm t
      WHERE t.kind = 'word' AND t.key %% p.typed ORDER BY similarity(t.key, p.typed) DESC LIMIT 40)
    UNION ALL
    (SELECT t.key, t.stores FROM unnest(%(of)s::text[], %(edited)s::text[]) AS e(typed, word)
       JOIN search_searchterm t ON t.kind = 'word' AND t.key = e.word WHERE e.typed = p.typed LIMIT 400)
    UNION ALL
    (SELECT b.key || ' ' || a.key, least(b.stores, a.stores) FROM generate_series(2, length(p.typed) - 2) AS s(at)
       JOIN search_searchterm b ON b.kind = 'word' AND b.key = left(p.typed, s.at)
       JOIN search_searchterm a ON a.kind = 'word' AND a.key = substr(p.typed, s.at + 1))
    UNION ALL
    (SELECT e.word, t.stores FROM unnest(%(spoken_of)s::text[], %(spoken)s::text[]) AS e(typed, word)
      CROSS JOIN LATERAL (
        SELECT k.stores FROM search_searchterm k
         WHERE k.key ~>=~ e.word AND k.key ~<~ (e.word || '~') LIMIT 1) t WHERE e.typed = p.typed)) v
 GROUP BY p.typed, v.key
"""
# The beginning of a word, for somebody who is not done with it, is judged like a whole one.
_MOST_WORDS = 4
_MOST_SPOKEN = 2


def near(pieces: tuple[Wanted, ...]) -> dict[str, tuple[str, ...]]:
    """For each word that may be misspelt, what may be meant by it, the likeliest first. At most one statement."""
    typed = [one.text for one in pieces if _has_letters(one.text)]
    if not typed:
        return {}
    edits = [(one, word) for one in typed for word in spelling.edits(one)]
    spoken = [(one, word) for one in typed[:_MOST_SPOKEN] for word in spelling.spoken(one)]
    values = {
        "typed": typed,
        "of": [of for of, _word in edits],
        "edited": [word for _of, word in edits],
        "spoken_of": [of for of, _word in spoken],
        "spoken": [word for _of, word in spoken],
        "most": _MOST_WORDS,
    }
    known: dict[str, list[tuple[str, int]]] = {}
    for entry in rows(_NEAR, values):
        known.setdefault(entry["typed"], []).append((entry["key"], entry["stores"]))
    found = {word: spelling.meant(word, known.get(word, ())) for word in typed}
    return {word: words for word, words in found.items() if words}


def widened(pieces: tuple[Wanted, ...], meant: Mapping[str, tuple[str, ...]]) -> tuple[Wanted, ...]:
    """The pieces as they are or as they may be meant; the same pieces where there is nothing to add.

    Characters that stand for others of their sound are also cut into other words than those, so pieces that follow one
    another are looked for by the sound of them all.
    """
    return tuple(
        _widened(one, meant.get(one.text, ()), together if len(group) > 1 else "")
        for group, together in _groups(pieces)
        for one in group
    )


def in_words(
    text: str, pieces: tuple[Wanted, ...], meant: Mapping[str, tuple[str, ...]], names: Mapping[str, str]
) -> str:
    """The text as it was probably meant, judged by the names of the first store that was found so."""
    lexemes = {lexeme for name in names.values() for lexeme in tokens.lexemes(name)}
    changed = plain(text)
    for _group, together in _groups(pieces):
        better = _same_sound(together, names)
        changed = changed.replace(together, better, 1) if better else changed
    for one in pieces:
        words = meant.get(one.text, ())
        if words and one.text not in lexemes:
            better = next((word for word in words if lexemes.issuperset(word.split())), words[0])
        else:
            better = _same_sound(one.text, names)
        if better:
            changed = changed.replace(one.text, better, 1)
    return "" if changed == plain(text) else changed


def _groups(pieces: tuple[Wanted, ...]) -> list[tuple[tuple[Wanted, ...], str]]:
    """The pieces in groups of those in Han that follow one another, and what each such group says; "" of others."""
    found = []
    for han, group in groupby(pieces, key=lambda one: len(sounds.syllables(one.text)) == len(one.text)):
        some = tuple(group)
        found.append((some, "".join(one.text for one in some) if han else ""))
    return found


def _has_letters(word: str) -> bool:
    return len(word) >= spelling.SHORTEST and word.isalpha() and not sounds.syllables(word)


def _widened(one: Wanted, words: tuple[str, ...], together: str) -> Wanted:
    choices = [choice for word in words for choice in _as_meant(word)]
    for han in (one.text, together):
        spoken = sounds.syllables(han)
        if len(spoken) > 1:
            sound = tokens.SOUND + "".join(spoken)[: sounds.FULL]
            choices.append(Choice(How.SOUND, (Lexeme(sound, prefix=True),)))
    return replace(one, choices=(*one.choices, *choices))


def _as_meant(words: str) -> list[Choice]:
    """The choices of a word, or the one of several words that were typed as one."""
    pieces = tokens.typed(words)
    if len(pieces) == 1:
        return [replace(choice, how=How.WRITTEN) for choice in pieces[0].choices]
    lexemes = tuple(lexeme for piece in pieces for lexeme in piece.choices[0].lexemes)
    return [Choice(How.WRITTEN, lexemes)] if lexemes else []


def _same_sound(han: str, names: Mapping[str, str]) -> str:
    """The part of one of the names that sounds as `han`, where that is written otherwise; "" where there is none."""
    spoken = sounds.syllables(han)
    if len(spoken) < 2:
        return ""
    for name in names.values():
        folded = plain(name)
        for at in range(len(folded) - len(han) + 1):
            part = folded[at : at + len(han)]
            if part != han and sounds.syllables(part) == spoken:
                return part
    return ""
