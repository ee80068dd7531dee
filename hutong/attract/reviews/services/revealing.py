"""Accepting a review: it is published, or sealed until the other side of the visit has written as well."""

from datetime import datetime

from django.db import transaction

from hutong.attract.reviews.models import Review
from hutong.attract.reviews.rules import may_reveal, next_state
from hutong.attract.reviews.services.locking import lock_visit
from hutong.attract.reviews.services.summing import change
from hutong.attract.reviews.types import Event, ReviewState

_ACCEPTED = (ReviewState.SEALED.value, ReviewState.PUBLISHED.value)
_BATCH = 500


def accepted_state(review: Review, *, at: datetime) -> ReviewState:
    """The state an accepted review gets, and the other side's is opened with it. The visit is locked if sealed."""
    other = _other_side(review) if review.reveal_at is not None else None
    if not may_reveal(both_wrote=other is not None, reveal_at=review.reveal_at, at=at):
        return ReviewState.SEALED
    if other is not None and other.state == ReviewState.SEALED.value:
        _reveal(other, at)
    return ReviewState.PUBLISHED


def reveal_due(*, at: datetime) -> int:
    """Open the sealed reviews whose time is up; how many. Safe to run several at once."""
    due = Review.objects.filter(state=ReviewState.SEALED.value, reveal_at__lte=at).order_by("pk")
    opened = 0
    for ref, visit_ref, store_ref in due.values_list("public_id", "visit_ref", "store__public_id")[:_BATCH]:
        with transaction.atomic():
            lock_visit(visit_ref, store_ref)
            review = (
                Review.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("store__merchant")
                .filter(public_id=ref, state=ReviewState.SEALED.value)
                .first()
            )
            if review is not None:
                _reveal(review, at)
                opened += 1
    return opened


def _other_side(review: Review) -> Review | None:
    return (
        Review.objects.select_for_update(of=("self",))
        .select_related("store__merchant")
        .filter(visit_ref=review.visit_ref, store=review.store, state__in=_ACCEPTED)
        .exclude(side=review.side)
        .first()
    )


def _reveal(review: Review, at: datetime) -> None:
    state = next_state(ReviewState(review.state), Event.REVEAL)
    assert state is not None, "it is sealed"
    change(review, at=at, state=state.value, state_at=at)
