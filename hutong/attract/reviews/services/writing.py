"""Writing, editing and withdrawing a review."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.attract.reviews.models import Review, ReviewVersion
from hutong.attract.reviews.rules import (
    MAX_NAME,
    MAX_PHOTOS,
    aspects_of,
    blind_until,
    faults,
    is_blind,
    is_open,
    must_wait,
    next_state,
    text_of,
)
from hutong.attract.reviews.rules.likeness import shingles, sketch
from hutong.attract.reviews.services.errors import (
    AlreadyReviewed,
    GuestReadFirst,
    GuestWindowClosed,
    NotVisited,
    ReviewChanged,
    ReviewRevealed,
    StarsInvalid,
    TooManyPhotos,
    WindowClosed,
)
from hutong.attract.reviews.services.locking import lock_visit, locked, merchant_of
from hutong.attract.reviews.services.revealing import accepted_state
from hutong.attract.reviews.services.summing import change, counted, recount
from hutong.attract.reviews.types import (
    Content,
    Event,
    Origin,
    ReviewState,
    Score,
    Side,
    Visited,
    Written,
)
from hutong.kernel import audit
from hutong.kernel.errors import NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.locking import retrying
from hutong.kernel.text import clean
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person


def new_review_ref() -> str:
    """A name for a review that is about to be written, under which its photos are kept meanwhile."""
    return new_id("rvw")


@retrying
def write(
    *,
    visit: Visited,
    content: Content,
    score: Score,
    looks_first: bool,
    both_review: bool,
    by: Person,
    at: datetime,
    photo_refs: Sequence[str] = (),
    origin: Origin | None = None,
    review_ref: str = "",
    side: Side = Side.SHOPPER,
) -> Written:
    """Keep what `by` says about a visit: published, waiting for a moderator, or sealed until both sides wrote.

    The visit and the score are the caller's word. The shopper of the visit writes as `Side.SHOPPER`; that somebody
    may speak for the store is the caller's question, too; it writes only where `both_review` and in the time in which
    neither side reads the other. Raises `NotVisited`, `WindowClosed`, `AlreadyReviewed`, `GuestWindowClosed`,
    `GuestReadFirst`, `StarsInvalid`, `TooManyPhotos`.
    """
    if (side is Side.SHOPPER) != (by.public_id == visit.person_ref):
        raise NotVisited
    if not is_open(visit.visited_at, at):
        raise WindowClosed
    blind = both_review and is_blind(visit.visited_at, at)
    if side is Side.MERCHANT and not blind:
        raise GuestWindowClosed
    store = _store(visit.store_ref)
    fields = _fields(content, photo_refs, score, origin, store)
    waits = must_wait(region_looks_first=looks_first, points=score.points)
    with transaction.atomic():
        lock_visit(visit.visit_ref, visit.store_ref)
        if Review.objects.filter(visit_ref=visit.visit_ref, store=store, side=side.value).exists():
            raise AlreadyReviewed
        if side is Side.MERCHANT and _is_read(visit, store):
            raise GuestReadFirst
        review = Review(
            public_id=review_ref or new_review_ref(),
            visit_ref=visit.visit_ref,
            side=side.value,
            person=by if side is Side.SHOPPER else Person.objects.get(public_id=visit.person_ref),
            author=by,
            store=store,
            offer_ref=visit.offer_ref,
            titles=dict(visit.titles),
            visited_at=visit.visited_at,
            reveal_at=blind_until(visit.visited_at) if blind else None,
            created_at=at,
            state_at=at,
            **fields,
        )
        review.state = (ReviewState.WAITING if waits else accepted_state(review, at=at)).value
        review.save(force_insert=True)
        recount(review, None, counted(review), at=at)
        _keep_version(review, photo_refs, at)
        _audit("review.written", review, by, at, after=_facts(review))
    return _written(review, is_new=True)


@retrying
def edit(
    *,
    review_ref: str,
    content: Content,
    score: Score,
    looks_first: bool,
    by: Person,
    at: datetime,
    photo_refs: Sequence[str] = (),
    origin: Origin | None = None,
    expected_version: int | None = None,
) -> Written:
    """Say it anew; the version before is kept. What was hidden, or is held by its score, waits for a moderator.

    Raises `NotFound` of somebody else's, `WindowClosed`, `ReviewChanged` when it is not `expected_version` any
    more, `ReviewRevealed` once both sides read each other, `StarsInvalid`, `TooManyPhotos`.
    """
    with transaction.atomic():
        review = _own(review_ref, by)
        if not is_open(review.visited_at, at):
            raise WindowClosed
        if expected_version is not None and review.version != expected_version:
            raise ReviewChanged
        state = ReviewState(review.state)
        if review.reveal_at is not None and state is ReviewState.PUBLISHED:
            raise ReviewRevealed
        before = _facts(review)
        fields = _fields(content, photo_refs, score, origin, review.store)
        looked_at = must_wait(region_looks_first=looks_first, points=score.points)
        if looked_at or state is ReviewState.HIDDEN:
            held = next_state(state, Event.HOLD)
            fields |= {"state": held.value, "state_at": at} if held else {}
        change(review, at=at, version=review.version + 1, edited_at=at, **fields)
        _keep_version(review, photo_refs, at)
        _audit("review.edited", review, by, at, before=before, after=_facts(review))
    return _written(review, is_new=False)


@retrying
def withdraw(*, review_ref: str, by: Person, at: datetime) -> Written:
    """Take one's own review back, for good, at any time. Its photos go with it. Raises `NotFound`."""
    with transaction.atomic():
        review = _own(review_ref, by)
        before = _facts(review)
        state = next_state(ReviewState(review.state), Event.WITHDRAW)
        assert state is not None, "whatever is not withdrawn can be"
        change(review, at=at, state=state.value, state_at=at, photos=0, sketch=[], reports_open=0)
        _audit("review.withdrawn", review, by, at, before=before, after=_facts(review))
    return _written(review, is_new=False)


def _is_read(visit: Visited, store: Store) -> bool:
    """Whether the store has read what the shopper said of the visit: who has read it does not write blind."""
    said = Review.objects.filter(visit_ref=visit.visit_ref, store=store, side=Side.SHOPPER.value)
    return said.filter(reveal_at__isnull=True).exclude(state=ReviewState.WAITING.value).exists()


def _own(review_ref: str, by: Person) -> Review:
    review = locked(review_ref)
    if review.author_id != by.pk:
        raise NotFound
    return review


def _store(store_ref: str) -> Store:
    store = Store.objects.select_related("merchant", "category__parent").filter(public_id=store_ref).first()
    if store is None:
        raise NotFound
    return store


def _fields(
    content: Content, photo_refs: Sequence[str], score: Score, origin: Origin | None, store: Store
) -> dict[str, Any]:
    """The columns of what was said, checked. Raises `StarsInvalid`, `TooManyPhotos`."""
    category = store.category
    allowed = aspects_of(category.slug, category.parent.slug if category.parent else "")
    if faults(stars=content.stars, aspects=content.aspects, allowed=allowed):
        raise StarsInvalid
    if len(photo_refs) > MAX_PHOTOS:
        raise TooManyPhotos
    text = text_of(content.text)
    return {
        "stars": content.stars,
        "aspects": dict(content.aspects),
        "text": text,
        "language": content.language[:10],
        "display_name": clean(content.display_name, limit=MAX_NAME),
        "photos": len(photo_refs),
        "score": score.points,
        "score_reasons": [asdict(reason) for reason in score.reasons],
        "sketch": sketch(shingles(text)),
        "address_hash": origin.address if origin else "",
        "device_hash": origin.device if origin else "",
    }


def _keep_version(review: Review, photo_refs: Sequence[str], at: datetime) -> None:
    ReviewVersion.objects.create(
        review=review,
        number=review.version,
        stars=review.stars,
        aspects=review.aspects,
        text=review.text,
        display_name=review.display_name,
        photo_refs=list(photo_refs),
        at=at,
    )


def _facts(review: Review) -> dict[str, Any]:
    """What the audit log may hold of a review: never its words."""
    return {
        "stars": review.stars,
        "state": review.state,
        "version": review.version,
        "photos": review.photos,
        "store": review.store.public_id,
    }


def _audit(action: str, review: Review, by: Person, at: datetime, **told: Any) -> None:
    audit.record(
        action=action,
        subject=review.public_id,
        by=by.public_id,
        at=at,
        merchant=merchant_of(review),
        **told,
    )


def _written(review: Review, *, is_new: bool) -> Written:
    return Written(review.public_id, review.store.public_id, ReviewState(review.state), is_new)
