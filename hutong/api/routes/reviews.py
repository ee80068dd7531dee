"""Reviews: read by everybody, written by who was there, answered by the store."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from hutong.api.actors import answerable_of, merchant_actor, person_of
from hutong.api.doors import PUBLIC, ApiRequest, Scope, scope
from hutong.api.schemas.base import Page, RefPath
from hutong.api.schemas.reviews import (
    AnswerIn,
    OwnReviewOut,
    RatingOut,
    ReviewEdited,
    ReviewOut,
    ReviewsAsked,
    ReviewWritten,
    StoreReviewsOut,
)
from hutong.attract.reviews import queries
from hutong.attract.reviews.types import Origin
from hutong.flows import write_review as flow
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.http import client_address
from hutong.town.merchants.queries import store_by_ref
from hutong.town.merchants.types import Right
from hutong.town.people.services import Person

router = Router(tags=["Reviews"])


@router.get("/stores/{ref}/reviews", auth=PUBLIC, response=StoreReviewsOut)
def list_reviews(request: HttpRequest, ref: RefPath, asked: Query[ReviewsAsked]) -> StoreReviewsOut:
    """The reviews of a store with its stars. Each was written after a visit that stands."""
    store = store_by_ref(ref)
    if store is None or not store.shown:
        raise NotFound
    found = queries.of_store(ref, sort=asked.sort, stars=asked.stars, after=asked.after, limit=asked.limit)
    return StoreReviewsOut(
        rating=RatingOut.of(queries.summary(ref)),
        items=[ReviewOut.of(review) for review in found.reviews],
        next=found.after or None,
    )


@router.get("/reviews", auth=scope(Scope.REVIEWS_WRITE), response=Page[OwnReviewOut])
def list_own_reviews(request: ApiRequest, asked: Query[ReviewsAsked]) -> Page[OwnReviewOut]:
    """One's own reviews, the newest first, with where each stands."""
    found = queries.of_author(person_of(request), after=asked.after, limit=asked.limit)
    return Page(items=[OwnReviewOut.own(review) for review in found.reviews], next=found.after or None)


@router.post("/reviews", auth=scope(Scope.REVIEWS_WRITE), response={201: OwnReviewOut})
def write_review(request: ApiRequest, body: ReviewWritten) -> Status[OwnReviewOut]:
    """Review a visit: an order of which something was enjoyed in the store. Once a visit, within 60 days."""
    person = person_of(request)
    written = flow.write(
        order_ref=body.order,
        store_ref=body.store,
        content=body.content,
        photos=(),
        origin=_origin(request),
        by=person,
        at=clock.now(),
    )
    return Status(201, _own(written.review_ref, person))


@router.put("/reviews/{ref}", auth=scope(Scope.REVIEWS_WRITE), response=OwnReviewOut)
def edit_review(request: ApiRequest, ref: RefPath, body: ReviewEdited) -> OwnReviewOut:
    """Say it anew within 60 days of the visit. Photos stay."""
    person = person_of(request)
    now = queries.own_review(ref, person)
    if now is None:
        raise NotFound
    flow.edit(
        review_ref=ref,
        content=body.content,
        kept_photos=[photo.ref for photo in now.photos],
        photos=(),
        origin=_origin(request),
        by=person,
        at=clock.now(),
        expected_version=body.version,
    )
    return _own(ref, person)


@router.delete("/reviews/{ref}", auth=scope(Scope.REVIEWS_WRITE), response={204: None})
def delete_review(request: ApiRequest, ref: RefPath) -> Status[None]:
    """Take one's own review back, for good."""
    flow.withdraw(review_ref=ref, by=person_of(request), at=clock.now())
    return Status(204, None)


@router.put("/reviews/{ref}/answer", auth=scope(Scope.ANSWERS_WRITE), response=ReviewOut)
def answer_review(request: ApiRequest, ref: RefPath, body: AnswerIn) -> ReviewOut:
    """Answer for the store, or say it anew."""
    review = queries.shown_review(ref)
    store = store_by_ref(review.store_ref) if review else None
    if store is None or store.merchant_ref is None:
        raise NotFound
    # The store's own merchant is asked for, so that a stranger gets the answer of a review that does not exist.
    merchant_actor(request, store.merchant_ref, right=Right.ANSWER_REVIEWS)
    flow.answer(review_ref=ref, text=body.text, by=answerable_of(request), at=clock.now())
    answered = queries.shown_review(ref)
    if answered is None:
        raise NotFound
    return ReviewOut.of(answered)


def _own(review_ref: str, person: Person) -> OwnReviewOut:
    found = queries.own_review(review_ref, person)
    if found is None:
        raise NotFound
    return OwnReviewOut.own(found)


def _origin(request: HttpRequest) -> Origin:
    return flow.origin_of(address=client_address(request), agent=request.headers.get("User-Agent", ""))
