"""From rows to values; for the other modules of this package."""

from collections.abc import Iterable

from django.db.models import QuerySet

from hutong.attract.reviews.models import Answer, HelpfulVote, Review
from hutong.attract.reviews.types import AnswerView, Reason, ReviewState, ReviewView, Score, Side, Signal
from hutong.town.people.models import Person
from hutong.town.pictures.queries import shown_of


def whole() -> "QuerySet[Review]":
    """Reviews with everything a view reads of one row."""
    return Review.objects.select_related("store", "author", "answer")


def views(found: Iterable[Review], reader: Person | None = None) -> tuple[ReviewView, ...]:
    """The reviews as `reader` sees them. Two statements however many: photos, and the reader's votes."""
    reviews = list(found)
    if not reviews:
        return ()
    photos = shown_of([review.public_id for review in reviews if review.photos])
    votes: set[int] = set()
    if reader is not None:
        own = HelpfulVote.objects.filter(person=reader, review__in=[review.pk for review in reviews])
        votes = set(own.values_list("review_id", flat=True))
    return tuple(
        ReviewView(
            ref=review.public_id,
            visit_ref=review.visit_ref,
            store_ref=review.store.public_id,
            store_names=review.store.names,
            offer_ref=review.offer_ref,
            titles=review.titles,
            author_ref=review.author.public_id,
            name=review.display_name,
            stars=review.stars,
            aspects=review.aspects,
            text=review.text,
            language=review.language,
            visited_at=review.visited_at,
            created_at=review.created_at,
            edited_at=review.edited_at,
            state=ReviewState(review.state),
            visit_gone=review.visit_gone_at is not None,
            version=review.version,
            helpful=review.helpful,
            answer=_answer(review),
            photos=tuple(photos.get(review.public_id, ())),
            helped=review.pk in votes,
            mine=reader is not None and review.author_id == reader.pk,
            side=Side(review.side),
            reveal_at=review.reveal_at,
        )
        for review in reviews
    )


def score_of(review: Review) -> Score:
    """The score as it was kept with the review."""
    reasons = tuple(
        Reason(Signal(one["signal"]), one["points"], one.get("facts", {})) for one in review.score_reasons
    )
    return Score(review.score, reasons)


def _answer(review: Review) -> AnswerView | None:
    try:
        said: Answer = review.answer
    except Answer.DoesNotExist:
        return None
    return AnswerView(text=said.text, at=said.at, edited_at=said.edited_at, version=said.version)
