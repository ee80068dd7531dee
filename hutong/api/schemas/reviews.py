"""Shapes of reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.attract.reviews.rules import MAX_ANSWER, MAX_NAME, MAX_TEXT
from hutong.attract.reviews.types import Content, ReviewState, ReviewView, Sort, Summary

from .base import ONE_LINE, Ref, said

Star = Annotated[int, Field(ge=1, le=5)]


class ReviewsAsked(Schema):
    """Which reviews of a store, in which order."""

    sort: Sort = Sort.NEWEST
    stars: Star | None = None
    after: Annotated[str, StringConstraints(max_length=60)] = ""
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class ReviewIn(Schema):
    """What somebody says about a visit. Photos are added on the page."""

    stars: Star
    aspects: dict[Annotated[str, StringConstraints(max_length=20)], Star] = Field(
        default_factory=dict, max_length=10, examples=[{"service": 5}]
    )
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] = ""
    language: Literal["en", "zh-hans"] = "en"
    display_name: Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=ONE_LINE)] | Literal[""] = ""

    @property
    def content(self) -> Content:
        """What was said, as a value."""
        return Content(self.stars, dict(self.aspects), self.text, self.language, self.display_name)


class ReviewWritten(ReviewIn):
    """As `ReviewIn`, with the visit: the order, and the store it was enjoyed in."""

    order: Ref
    store: Ref


class ReviewEdited(ReviewIn):
    """As `ReviewIn`; `version` is the one that was read, so that nobody's later change is lost."""

    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class AnswerIn(Schema):
    """What the store says."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ANSWER)]


class AnswerOut(Schema):
    """What the store said."""

    text: str
    at: datetime
    edited_at: datetime | None


class ReviewOut(Schema):
    """A review of a verified visit. `author` is the name the author chose; "" for one who has left."""

    ref: str
    store: str
    deal: str
    title: str
    author: str
    stars: int
    aspects: dict[str, int]
    text: str
    language: str
    visited_at: datetime
    written_at: datetime
    edited_at: datetime | None
    version: int
    helpful: int
    photos: int
    answer: AnswerOut | None

    @staticmethod
    def of(review: ReviewView) -> ReviewOut:
        """The shape of `review`."""
        said_back = review.answer
        return ReviewOut(
            ref=review.ref,
            store=review.store_ref,
            deal=review.offer_ref,
            title=said(review.titles),
            author=review.name,
            stars=review.stars,
            aspects=review.aspects,
            text=review.text,
            language=review.language,
            visited_at=review.visited_at,
            written_at=review.created_at,
            edited_at=review.edited_at,
            version=review.version,
            helpful=review.helpful,
            photos=len(review.photos),
            answer=AnswerOut(text=said_back.text, at=said_back.at, edited_at=said_back.edited_at)
            if said_back
            else None,
        )


class OwnReviewOut(ReviewOut):
    """One's own review, with where it stands; `shown` says whether everybody reads it."""

    state: ReviewState
    shown: bool

    @staticmethod
    def own(review: ReviewView) -> OwnReviewOut:
        """The shape of one's own `review`."""
        return OwnReviewOut(**ReviewOut.of(review).dict(), state=review.state, shown=review.shown)


class RatingOut(Schema):
    """The stars of a store: how many reviews, their sum, how many of one to five stars."""

    count: int
    stars_sum: int
    mean: float | None
    by_star: list[int]
    aspects: dict[str, float]

    @staticmethod
    def of(summary: Summary) -> RatingOut:
        """The shape of `summary`."""
        return RatingOut(
            count=summary.count,
            stars_sum=summary.stars_sum,
            mean=round(summary.mean, 2) if summary.mean is not None else None,
            by_star=list(summary.by_star),
            aspects={name: round(mean, 2) for name, mean, _n in summary.aspect_means},
        )


class StoreReviewsOut(Schema):
    """A page of the reviews of a store, with its stars."""

    rating: RatingOut
    items: list[ReviewOut]
    next: str | None
