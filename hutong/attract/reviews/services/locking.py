"""Finding a review to change: its row is locked, and where two sides seal each other, so is the visit."""

from hutong.attract.reviews.models import Review
from hutong.attract.reviews.types import ReviewState
from hutong.kernel.errors import NotFound
from hutong.kernel.locking import advisory


def lock_visit(visit_ref: str, store_ref: str) -> None:
    """Let nobody else write about this visit, from either side, until the transaction ends."""
    advisory("reviews.visit", f"{visit_ref}:{store_ref}")


def locked(review_ref: str) -> Review:
    """The review with its store and merchant, its row locked. Raises `NotFound`, also of one that is withdrawn."""
    found = Review.objects.filter(public_id=review_ref).values_list(
        "visit_ref", "store__public_id", "reveal_at"
    )
    for visit_ref, store_ref, reveal_at in found:
        if reveal_at is not None:
            lock_visit(visit_ref, store_ref)
        review = (
            Review.objects.select_for_update(of=("self",))
            .select_related("store__merchant", "author", "person")
            .get(public_id=review_ref)
        )
        if review.state != ReviewState.WITHDRAWN.value:
            return review
    raise NotFound


def merchant_of(review: Review) -> str:
    """The public id of the merchant whose store it is about; "" where nobody has it any more."""
    merchant = review.store.merchant
    return merchant.public_id if merchant else ""
