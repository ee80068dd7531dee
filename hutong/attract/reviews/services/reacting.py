"""What others do with a review: find it helpful, report it, answer it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from hutong.attract.reviews.models import Answer, AnswerVersion, HelpfulVote, Report, Review
from hutong.attract.reviews.rules import MAX_ANSWER, MAX_NOTE, REPORTS_A_DAY, text_of
from hutong.attract.reviews.services.errors import AnswerEmpty, OwnReview
from hutong.attract.reviews.services.locking import locked, merchant_of
from hutong.attract.reviews.types import ReportReason, ReviewState, Side
from hutong.kernel import audit, budget
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.text import clean
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

DAY_S = 24 * 60 * 60


def vote(*, review_ref: str, helpful: bool, by: Person, at: datetime) -> int:
    """Find a review helpful, or no longer; how many do now. Again: nothing happens.

    Raises `NotFound` where it is not shown, `OwnReview`.
    """
    with transaction.atomic():
        review = _read_by(review_ref, by)
        if helpful:
            made = HelpfulVote.objects.filter(review=review, person=by).exists()
            step = 0 if made else 1
            if step:
                HelpfulVote.objects.create(review=review, person=by, at=at)
        else:
            step = -HelpfulVote.objects.filter(review=review, person=by).delete()[0]
        Review.objects.filter(pk=review.pk).update(helpful=F("helpful") + step)
    return review.helpful + step


def report(*, review_ref: str, reason: ReportReason, note: str, by: Person, at: datetime) -> bool:
    """Say that a review should not be there, once a person; False when one said so before.

    A shopper reports what a store said of them, too. Raises `NotFound` where it is not shown, `OwnReview`, `TooMany`.
    Must not run inside a transaction.
    """
    budget.spend(f"reviews.report:{by.public_id}", limit=REPORTS_A_DAY, window_s=DAY_S, at=at)
    with transaction.atomic():
        review = _read_by(review_ref, by, about_them=True)
        if Report.objects.filter(review=review, person=by).exists():
            return False
        Report.objects.create(
            review=review, person=by, reason=reason.value, note=clean(note, limit=MAX_NOTE), at=at
        )
        Review.objects.filter(pk=review.pk).update(reports_open=F("reports_open") + 1)
        audit.record(
            action="review.reported",
            subject=review.public_id,
            by=by.public_id,
            at=at,
            after={"reason": reason.value},
            merchant=merchant_of(review),
        )
    return True


def answer(*, review_ref: str, text: str, by: Person, at: datetime) -> int:
    """Say something to a review for the store, or say it anew; the number of the version.

    Who answers has `Right.ANSWER_REVIEWS` in the store. Raises `NotFound`, `Forbidden`, `AnswerEmpty`.
    """
    said = text_of(text, limit=MAX_ANSWER)
    if not said:
        raise AnswerEmpty
    return _say(review_ref, said, by, at)


def remove_answer(*, review_ref: str, by: Person, at: datetime) -> int:
    """Take the store's answer away; what it said is kept in its history. Raises `NotFound`, `Forbidden`."""
    return _say(review_ref, "", by, at)


def _say(review_ref: str, said: str, by: Person, at: datetime) -> int:
    with transaction.atomic():
        review = locked(review_ref)
        merchant_ref = merchant_of(review)
        if not has_right(by, Right.ANSWER_REVIEWS, merchant_ref, review.store.public_id):
            raise Forbidden
        _check_shown(review)
        now = Answer.objects.filter(review=review).first()
        if now is None and not said:
            raise NotFound
        number = AnswerVersion.objects.filter(review=review).count() + 1
        if not said:
            Answer.objects.filter(review=review).delete()
        elif now is None:
            Answer.objects.create(review=review, text=said, version=number, at=at)
        else:
            Answer.objects.filter(review=review).update(text=said, version=number, edited_at=at)
        AnswerVersion.objects.create(review=review, number=number, text=said, by=by, at=at)
        audit.record(
            action="review.answered" if said else "review.answer_removed",
            subject=review.public_id,
            by=by.public_id,
            at=at,
            after={"version": number},
            merchant=merchant_ref,
        )
    return number


def _read_by(review_ref: str, by: Person, *, about_them: bool = False) -> Review:
    """A review that everybody reads, for somebody who did not write it; `about_them`: or one about themselves."""
    review = locked(review_ref)
    if review.author_id == by.pk:
        raise OwnReview
    _check_shown(review, to=by if about_them else None)
    return review


def _check_shown(review: Review, *, to: Person | None = None) -> None:
    is_shown = review.state == ReviewState.PUBLISHED.value and review.visit_gone_at is None
    is_theirs = to is not None and review.person_id == to.pk
    if not is_shown or not (review.side == Side.SHOPPER.value or is_theirs):
        raise NotFound
