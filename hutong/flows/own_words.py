"""Words of one meaning of the operator's own: kept, taken away, given back, and the index follows, batch by batch."""

from datetime import datetime

from django.db import transaction

from hutong.attract.search import services
from hutong.kernel import outbox
from hutong.town.people.services import Person

JOB = "index_own_words"
# A batch asks for the one after it through the outbox, so that changes of shops are taken in between.
AT_ONCE = 100


def add(*, words: list[str], category_slug: str, by: Person, at: datetime) -> str:
    """As `services.add_words`; the stores that they concern are indexed again."""
    with transaction.atomic():
        ref = services.add_words(words=words, category_slug=category_slug, by=by, at=at)
        _ask(ref, at)
    return ref


def remove(*, words_ref: str, by: Person, at: datetime) -> None:
    """As `services.remove_words`; the stores that they concerned are indexed again."""
    with transaction.atomic():
        services.remove_words(words_ref=words_ref, by=by, at=at)
        _ask(words_ref, at)


def restore(*, words_ref: str, by: Person, at: datetime) -> None:
    """As `services.restore_words`; the stores that they concern are indexed again."""
    with transaction.atomic():
        services.restore_words(words_ref=words_ref, by=by, at=at)
        _ask(words_ref, at)


def follow(*, words_ref: str, change: int, after_id: int, done: int, at: datetime) -> None:
    """One batch of the stores that the words concern; it goes on where a stopped worker left it, and may run twice.

    Nothing happens where the words have changed again: who indexes for that change comes by every store anew.
    """
    batch = services.index_for_words(
        words_ref=words_ref, change=change, after_id=after_id, limit=AT_ONCE, at=at
    )
    done += batch.stores
    with transaction.atomic():
        holds = services.mark_words(
            words_ref=words_ref, change=change, done=done, ended=batch.last_id is None, at=at
        )
        if holds and batch.last_id is not None:
            outbox.send(JOB, at=at, words_ref=words_ref, change=change, after_id=batch.last_id, done=done)


def _ask(words_ref: str, at: datetime) -> None:
    change = services.change_of(words_ref)
    outbox.send(JOB, at=at, words_ref=words_ref, change=change, after_id=0, done=0)
