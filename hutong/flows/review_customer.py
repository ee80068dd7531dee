"""A shop says how a customer was, after a visit, where the region has that on: `Feature.REVIEW_CUSTOMERS`.

The customer alone reads it, once both sides wrote or the time for it is over; no other shop and no shopper does. The
shop's people see of a visit what was used and when, not who it was.
"""

from dataclasses import dataclass
from datetime import datetime

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.rules import BLIND, GUESTS_A_DAY, is_blind
from hutong.attract.reviews.types import Content, Score, Side, Visited, Written
from hutong.kernel import budget
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants.queries import has_right, store_by_ref
from hutong.town.merchants.types import Right, StoreView
from hutong.town.people.models import Person
from hutong.town.regions.queries import feature_on
from hutong.town.regions.types import Feature
from hutong.visit.vouchers import queries as vouchers

DAY_S = 24 * 60 * 60
MOST_VISITS = 30


@dataclass(frozen=True, slots=True)
class GuestVisit:
    """A visit whose customer may be reviewed: which order, what was used, when last."""

    order_ref: str
    titles: dict[str, str]
    at: datetime


def is_on(region_id: int) -> bool:
    """Whether shops of a region review their customers."""
    return feature_on(region_id, Feature.REVIEW_CUSTOMERS)


def open_visits(*, store_ref: str, at: datetime) -> list[GuestVisit]:
    """The visits of a store whose customers may be reviewed now, the newest first. Two statements."""
    served = vouchers.served_in(store_ref, since=at - BLIND, limit=2 * MOST_VISITS)
    closed = queries.guests_reviewed(store_ref, [one.order_ref for one in served])
    found = [one for one in served if one.order_ref not in closed and is_blind(one.at, at)]
    return [GuestVisit(one.order_ref, one.titles, one.at) for one in found[:MOST_VISITS]]


def visit(*, order_ref: str, store_ref: str) -> Visited:
    """A visit of a store by its order. Raises `NotFound`."""
    for one in vouchers.served_of_order(order_ref):
        if one.store_ref == store_ref:
            return Visited(one.order_ref, one.person_ref, one.store_ref, one.offer_ref, one.titles, one.at)
    raise NotFound


def write(
    *, order_ref: str, store_ref: str, stars: int, text: str, language: str, by: Person, at: datetime
) -> Written:
    """Keep what the shop says of a customer: sealed, opened at once where the customer wrote, or waiting to be looked at.

    Who writes has `Right.ANSWER_REVIEWS` in the store. Raises `NotFound` where it is off or there was no such visit,
    `Forbidden`, `TooMany`, and what `reviews.services.write` raises. Must not run inside a transaction.
    """
    store = _store(store_ref)
    if not has_right(by, Right.ANSWER_REVIEWS, store.merchant_ref or "", store_ref):
        raise Forbidden
    about = visit(order_ref=order_ref, store_ref=store_ref)
    budget.spend(f"reviews.guest:{store_ref}", limit=GUESTS_A_DAY, window_s=DAY_S, at=at)
    return services.write(
        visit=about,
        content=Content(stars=stars, text=text, language=language),
        score=Score(0, ()),
        looks_first=feature_on(store.region_id, Feature.REVIEW_REVIEWS),
        both_review=True,
        side=Side.MERCHANT,
        by=by,
        at=at,
    )


def _store(store_ref: str) -> StoreView:
    store = store_by_ref(store_ref)
    if store is None or not is_on(store.region_id):
        raise NotFound
    return store
