"""Words of one meaning that the operator added: kept, taken away, given back; and the stores that are indexed again.

Every change counts `change` up. Whoever indexes for an older one stops, so that two changes in a row end as the last
one says.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.attract.search.models import OwnWords
from hutong.attract.search.rules import tokens
from hutong.attract.search.rules.own_words import Meaning, Meanings
from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.rows import rows, scalar
from hutong.kernel.text import clean, fold
from hutong.town.merchants.models import Category
from hutong.town.people.models import Person

MAX_WORD, MAX_WORDS, MAX_LINES = 40, 20, 500
_LOAD = """
SELECT o.words, o.category_id FROM search_ownwords o WHERE o.removed_at IS NULL ORDER BY o.id
"""
# The stores that a line changes: of its category, or that have one of the words, also by a deal.
_CONCERNED = """
SELECT x.store_id FROM search_searchstore x
 WHERE %(category)s::int8 IS NOT NULL AND %(category)s::int8 IN (x.category_id, x.root_category_id)
UNION SELECT x.store_id FROM search_searchstore x
 WHERE %(category)s::int8 IS NULL AND x.words @@ %(query)s::tsquery
UNION SELECT d.store_id FROM search_searchdeal d
 WHERE %(category)s::int8 IS NULL AND d.words @@ %(query)s::tsquery
"""
_COUNT = f"SELECT count(*) FROM ({_CONCERNED}) n"  # noqa: S608 - constants only
_AFTER = f"""
SELECT n.store_id FROM ({_CONCERNED}) n WHERE n.store_id > %(after)s::int8 ORDER BY 1 LIMIT %(limit)s::int4
"""  # noqa: S608 - constants only


class WordsInvalid(Invalid):
    """The words cannot be kept so; the message says why."""

    code = "words_invalid"
    message = _("Write at least two words of one meaning.")


class WordsUnknown(NotFound):
    """There are no such words."""

    code = "words_unknown"
    message = _("There are no such words.")


class WordsChanged(Conflict):
    """Somebody else was faster."""

    code = "words_changed"
    message = _("Somebody else has changed these words meanwhile.")


def meanings() -> Meanings:
    """All words that hold. One statement."""
    return Meanings([Meaning(tuple(line["words"]), line["category_id"]) for line in rows(_LOAD)])


def add_words(*, words: Sequence[str], category_slug: str, by: Person, at: datetime) -> str:
    """Keep words of one meaning for a category, "" for all; their public id. Raises `WordsInvalid`.

    One word is enough for a category: it is another name of it. `follow_words` brings the index up to date.
    """
    kept = _readable(words, least=1 if category_slug else 2)
    category = Category.objects.filter(slug=category_slug).first() if category_slug else None
    if category_slug and category is None:
        raise WordsInvalid(_("There is no such category."))
    with transaction.atomic():
        advisory("search", "own words")
        held = OwnWords.objects.filter(removed_at=None)
        if held.count() >= MAX_LINES:
            raise WordsInvalid(_("There is room for 500 lines. Take one away first."))
        _refuse_twice(kept, category, "")
        made = OwnWords.objects.create(words=kept, category=category, added_at=at)
        _begin(made, at)
        audit.record(
            action="words.added",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={"words": ", ".join(kept), "category": category_slug},
        )
    return made.public_id


def remove_words(*, words_ref: str, by: Person, at: datetime) -> None:
    """Words mean nothing beside what is written any more. Raises `WordsUnknown`, `WordsChanged`."""
    _hold(words_ref, False, by, at)


def restore_words(*, words_ref: str, by: Person, at: datetime) -> None:
    """Words that were taken away hold again. Raises `WordsUnknown`, `WordsChanged`, `WordsInvalid`."""
    _hold(words_ref, True, by, at)


def change_of(words_ref: str) -> int:
    """The number of the last change of words, which `next_of_words` is asked with; 0 where there are none."""
    found = OwnWords.objects.filter(public_id=words_ref).values_list("change", flat=True).first()
    return found or 0


def next_of_words(*, words_ref: str, change: int, after_id: int, limit: int) -> list[int]:
    """The keys of the next stores that the words concern, after the store with key `after_id`; [] at the end, and where
    the words have changed again."""
    line = OwnWords.objects.filter(public_id=words_ref, change=change).first()
    if line is None:
        return []
    return [entry["store_id"] for entry in rows(_AFTER, _asked(line) | {"after": after_id, "limit": limit})]


def mark_words(*, words_ref: str, change: int, done: int, ended: bool, at: datetime) -> bool:
    """So many stores were indexed again for these words, and with `ended` these were all; False where they have changed."""
    line = OwnWords.objects.filter(public_id=words_ref, change=change)
    return line.update(done=done, followed_at=at if ended else None) > 0


def _hold(words_ref: str, holds: bool, by: Person, at: datetime) -> None:
    with transaction.atomic():
        advisory("search", "own words")
        line = OwnWords.objects.select_related("category").filter(public_id=words_ref).first()
        if line is None:
            raise WordsUnknown
        if (line.removed_at is None) is holds:
            raise WordsChanged
        if holds:
            _refuse_twice(line.words, line.category, words_ref)
        line.removed_at = None if holds else at
        line.change += 1
        line.save(update_fields=["removed_at", "change"])
        _begin(line, at)
        audit.record(
            action="words.restored" if holds else "words.removed",
            subject=words_ref,
            by=by.public_id,
            at=at,
            before={"words": "" if holds else ", ".join(line.words)},
            after={"words": ", ".join(line.words) if holds else ""},
        )


def _begin(line: OwnWords, at: datetime) -> None:
    line.stores = int(scalar(_COUNT, _asked(line)))
    line.done, line.followed_at = 0, None if line.stores else at
    line.save(update_fields=["stores", "done", "followed_at"])


def _asked(line: OwnWords) -> dict[str, object]:
    """Each word as what a text has that holds it."""
    some = (tokens.lexemes(word, spoken=False) for word in line.words)
    each = (" & ".join(f"'{lexeme}'" for lexeme in lexemes) for lexemes in some if lexemes)
    return {"category": line.category_id, "query": " | ".join(f"({one})" for one in each)}


def _readable(words: Sequence[str], *, least: int) -> list[str]:
    """The words, each once, without space around. Raises `WordsInvalid`."""
    kept: dict[str, str] = {}
    for word in words:
        plain = clean(word, limit=MAX_WORD + 1).strip()
        if not plain:
            continue
        if len(plain) > MAX_WORD:
            raise WordsInvalid(_("A word has 40 characters at most."))
        if not tokens.lexemes(plain, spoken=False):
            raise WordsInvalid(_("“%(word)s” has no letter that anybody could look for.") % {"word": plain})
        kept.setdefault(fold(plain), plain)
    if len(kept) > MAX_WORDS:
        raise WordsInvalid(_("Words of one meaning are 20 at most."))
    if len(kept) < least:
        raise WordsInvalid
    return list(kept.values())


def _refuse_twice(words: Sequence[str], category: Category | None, but: str) -> None:
    """A word has one meaning for a category, and one for all."""
    others = OwnWords.objects.filter(removed_at=None, category=category).exclude(public_id=but)
    taken = {fold(word) for line in others for word in line.words}
    if twice := next((word for word in words if fold(word) in taken), None):
        raise WordsInvalid(_("“%(word)s” is in another line already.") % {"word": twice})
