"""Words of one meaning that the operator added: what they add to the texts that a store or a deal is found by.

Words for a category are further names of it: its stores have all of them. Words for all stores stand for each other:
whoever has one of them in a text has the others as well, with the weight of that text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hutong.attract.search.rules.tokens import Source, Weight, lexemes


@dataclass(frozen=True, slots=True)
class Meaning:
    """Words of one meaning, for the stores of a category by its key, or of all."""

    words: tuple[str, ...]
    category_id: int | None = None


class Meanings:
    """All that hold, ready to be asked many times."""

    def __init__(self, every: Sequence[Meaning]) -> None:
        self._of_category: dict[int, list[Source]] = {}
        # Every word by one of its lexemes, so that a text is compared with few of them.
        self._by_lexeme: dict[str, list[tuple[frozenset[str], tuple[str, ...]]]] = {}
        for meaning in every:
            if meaning.category_id is not None:
                sources = [Source(word, Weight.CATEGORY, spoken=False) for word in meaning.words]
                self._of_category.setdefault(meaning.category_id, []).extend(sources)
                continue
            for word in meaning.words:
                if held := _held(word):
                    others = tuple(other for other in meaning.words if other != word)
                    self._by_lexeme.setdefault(max(held, key=len), []).append((held, others))

    def of_categories(self, category_ids: Iterable[int | None]) -> list[Source]:
        """What stores of these categories are found by as well."""
        return [source for key in category_ids if key for source in self._of_category.get(key, ())]

    def beside(self, sources: Iterable[Source]) -> list[Source]:
        """What stands for words in these texts; [] at once where no words are for all."""
        if not self._by_lexeme:
            return []
        found: dict[Source, None] = {}
        for source in sources:
            there = _held(source.text)
            for lexeme in self._by_lexeme.keys() & there:
                for held, others in self._by_lexeme[lexeme]:
                    if held <= there:
                        found.update({Source(word, source.weight, spoken=False): None for word in others})
        return sorted(found, key=lambda one: (one.weight, one.text))


@lru_cache(maxsize=20_000)
def _held(text: str) -> frozenset[str]:
    return frozenset(lexemes(text, spoken=False))
