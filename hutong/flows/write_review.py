"""A review from the prompt behind a used voucher to the store's page: who was there writes, and who is to know is told.

A visit is an order in one store: whatever of it was enjoyed there and neither undone nor refunded. So a voucher of
ten uses, or four vouchers for one table, bring one review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.rules import MAX_PHOTOS, REVIEWS_A_DAY, WINDOW, is_open
from hutong.attract.reviews.rules.fraud import score
from hutong.attract.reviews.types import Content, Origin, ReviewState, ReviewView, Score, Visited, Written
from hutong.flows.notify import notify
from hutong.kernel import budget
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.secret import keyed_hex
from hutong.kernel.text import clean
from hutong.town.merchants.queries import store_by_ref
from hutong.town.merchants.types import StoreView
from hutong.town.notifications import services as notifications
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person
from hutong.town.pictures import services as pictures
from hutong.town.regions.queries import feature_on
from hutong.town.regions.types import Feature
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import Served

JOB = "recheck_reviews"
DAY_S = 24 * 60 * 60


class ShopClosed(Conflict):
    """The store is not on the site any more."""

    code = "review_shop_gone"
    message = _("This shop is no longer on the site, so it cannot be reviewed.")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A visit that may be reviewed or was: `review_ref` is "" while nothing was written."""

    visit: Visited
    store_names: dict[str, str]
    review_ref: str


def origin_of(*, address: str, agent: str) -> Origin:
    """Where somebody writes from, as keyed hashes: nothing of it can be read back. "unknown" is nobody's address."""
    if not address or address == "unknown":
        return Origin()
    device = keyed_hex("reviews.device", f"{address} {clean(agent, limit=400)}") if agent else ""
    return Origin(address=keyed_hex("reviews.address", address), device=device)


def prompts(*, person: Person, at: datetime, order_ref: str = "") -> list[Prompt]:
    """What somebody may review now, or has reviewed, of one order or of all; the newest visit first.

    Visits past their window are in it only with the review that was written. Three statements.
    """
    if order_ref:
        served = [one for one in vouchers.served_of_order(order_ref) if one.person_ref == person.public_id]
    else:
        served = vouchers.served_to(person, since=at - WINDOW)
    written = queries.written_about(person, [one.order_ref for one in served])
    found = []
    for one in served:
        review_ref, state = written.get((one.order_ref, one.store_ref), ("", None))
        store = store_by_ref(one.store_ref) if state is not ReviewState.WITHDRAWN else None
        if store is None or not (review_ref or (is_open(one.at, at) and store.shown)):
            continue
        found.append(Prompt(_visited(one), store.names, review_ref))
    return found


def visit_of(*, order_ref: str, store_ref: str, person: Person) -> Visited:
    """The visit somebody wants to review. Raises `NotVisited`, also where it is somebody else's."""
    for one in vouchers.served_of_order(order_ref):
        if one.store_ref == store_ref and one.person_ref == person.public_id:
            return _visited(one)
    raise services.NotVisited


def write(
    *,
    order_ref: str,
    store_ref: str,
    content: Content,
    photos: Sequence[IO[bytes]],
    origin: Origin,
    by: Person,
    at: datetime,
) -> Written:
    """Keep what `by` says about a visit, with its photos; published at once unless somebody is to look first.

    At most `REVIEWS_A_DAY` a day. Raises what `reviews.services.write` and `pictures.services.add_picture` raise,
    `ShopClosed`, `TooMany`. Must not run inside a transaction: the budget has to survive, and photos take seconds.
    """
    visit = visit_of(order_ref=order_ref, store_ref=store_ref, person=by)
    store = _store(store_ref)
    if not is_open(visit.visited_at, at):
        raise services.WindowClosed
    if queries.written_about(by, [order_ref]).get((order_ref, store_ref)):
        raise services.AlreadyReviewed
    budget.spend(f"reviews.write:{by.public_id}", limit=REVIEWS_A_DAY, window_s=DAY_S, at=at)
    review_ref = services.new_review_ref()
    refs = _add_photos(review_ref, store, photos, by, at)
    with transaction.atomic():
        written = services.write(
            visit=visit,
            content=content,
            photo_refs=refs,
            score=_score(store_ref, content, origin, by, at),
            looks_first=feature_on(store.region_id, Feature.REVIEW_REVIEWS),
            both_review=feature_on(store.region_id, Feature.REVIEW_CUSTOMERS),
            origin=origin,
            review_ref=review_ref,
            by=by,
            at=at,
        )
        pictures.show(owner_ref=review_ref, refs=refs, alts={}, at=at)
        if written.state is ReviewState.PUBLISHED:
            _tell_shop(review_ref, at)
    return written


def edit(
    *,
    review_ref: str,
    content: Content,
    kept_photos: Sequence[str],
    photos: Sequence[IO[bytes]],
    origin: Origin,
    by: Person,
    at: datetime,
    expected_version: int | None = None,
) -> Written:
    """Say it anew: `kept_photos` stay in their order, `photos` come behind them, the others go.

    Raises what `reviews.services.edit` and `pictures.services.add_picture` raise. Never inside a transaction.
    """
    before = queries.own_review(review_ref, by)
    if before is None:
        raise NotFound
    store = _store(before.store_ref)
    kept = [one.ref for one in before.photos if one.ref in set(kept_photos)]
    if len(kept) + len(photos) > MAX_PHOTOS:
        raise services.TooManyPhotos
    if photos:
        budget.spend(f"reviews.write:{by.public_id}", limit=REVIEWS_A_DAY, window_s=DAY_S, at=at)
    refs = [*kept, *_add_photos(review_ref, store, photos, by, at)]
    with transaction.atomic():
        written = services.edit(
            review_ref=review_ref,
            content=content,
            photo_refs=refs,
            score=_score(before.store_ref, content, origin, by, at, review_ref),
            looks_first=feature_on(store.region_id, Feature.REVIEW_REVIEWS),
            origin=origin,
            by=by,
            at=at,
            expected_version=expected_version,
        )
        pictures.show(owner_ref=review_ref, refs=refs, alts={}, at=at)
    return written


def withdraw(*, review_ref: str, by: Person, at: datetime) -> Written:
    """Take one's own review back with its photos, for good. Raises `NotFound`."""
    with transaction.atomic():
        written = services.withdraw(review_ref=review_ref, by=by, at=at)
        pictures.show(owner_ref=review_ref, refs=[], alts={}, at=at)
    return written


def answer(*, review_ref: str, text: str, by: Person, at: datetime) -> None:
    """Answer for the store; its author is told of the first one. Raises what `reviews.services.answer` raises."""
    with transaction.atomic():
        version = services.answer(review_ref=review_ref, text=text, by=by, at=at)
        review = queries.shown_review(review_ref)
        if version == 1 and review is not None:
            _tell_author(Kind.REVIEW_ANSWERED, review, {}, at, once=review_ref)


def decide(
    *,
    review_ref: str,
    approve: bool,
    reason: str,
    by: Person,
    at: datetime,
    expected_state: ReviewState | None = None,
) -> ReviewState:
    """The operator's word on a review; its author is told where it changes what others see.

    Raises what `reviews.services.decide` raises.
    """
    with transaction.atomic():
        before = queries.review_by_ref(review_ref)
        after = services.decide(
            review_ref=review_ref, approve=approve, reason=reason, by=by, at=at, expected_state=expected_state
        )
        if before is not None and before.state is not after and not before.about_shopper:
            if after is ReviewState.PUBLISHED:
                _tell_author(Kind.REVIEW_PUBLISHED, before, {}, at)
                _tell_shop(review_ref, at)
            if after is ReviewState.HIDDEN:
                _tell_author(Kind.REVIEW_HIDDEN, before, {"reason": reason}, at)
    return after


def take_back(*, review_ref: str, by: Person, at: datetime) -> ReviewState:
    """Undo the last decision within five minutes, and what was to be told of it. Raises as `services.take_back`."""
    with transaction.atomic():
        state = services.take_back(review_ref=review_ref, by=by, at=at)
        notifications.withdraw(subject_ref=review_ref, at=at)
    return state


def recheck(*, order_ref: str, reason: str, happened_at: str) -> None:
    """The job behind an undone redemption or a refund: reviews of a visit that does not stand are hidden.

    One that stands again (the voucher was redeemed anew) brings its review back. Again: nothing happens.
    """
    standing = {one.store_ref for one in vouchers.served_of_order(order_ref)}
    services.visit_changed(
        visit_ref=order_ref, standing=standing, reason=reason, at=datetime.fromisoformat(happened_at)
    )


def _add_photos(
    review_ref: str, store: StoreView, photos: Sequence[IO[bytes]], by: Person, at: datetime
) -> list[str]:
    """Make uploads pictures of the review; one that is refused leaves the others for the collection of files."""
    if len(photos) > MAX_PHOTOS:
        raise services.TooManyPhotos
    return [
        pictures.add_picture(
            owner_ref=review_ref, merchant_ref=store.merchant_ref or "", stream=stream, by=by, at=at
        ).ref
        for stream in photos
    ]


def _score(
    store_ref: str, content: Content, origin: Origin, by: Person, at: datetime, review_ref: str = ""
) -> Score:
    return score(
        queries.gather(
            store_ref=store_ref, content=content, origin=origin, author=by, at=at, review_ref=review_ref
        )
    )


def _store(store_ref: str) -> StoreView:
    store = store_by_ref(store_ref)
    if store is None or not store.shown:
        raise ShopClosed
    return store


def _visited(one: Served) -> Visited:
    return Visited(one.order_ref, one.person_ref, one.store_ref, one.offer_ref, one.titles, one.at)


def _tell_author(
    kind: Kind, review: ReviewView, params: dict[str, Any], at: datetime, *, once: str = ""
) -> None:
    notify(
        kind,
        at=at,
        people=[review.author_ref],
        subject_ref=review.ref,
        params={"store": review.store_names, **params},
        once=once,
    )


def _tell_shop(review_ref: str, at: datetime) -> None:
    review = queries.shown_review(review_ref)
    store = store_by_ref(review.store_ref) if review else None
    if review is None or store is None or store.merchant_ref is None:
        return
    notify(
        Kind.REVIEW_RECEIVED,
        at=at,
        merchant_ref=store.merchant_ref,
        store_ref=store.ref,
        subject_ref=review_ref,
        params={"store": store.names, "stars": review.stars},
        but=review.author_ref,
        once=review_ref,
    )
