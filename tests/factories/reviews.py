"""Visits and reviews for tests, without the rooms in which a visit happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.attract.reviews import services
from hutong.attract.reviews.models import Review
from hutong.attract.reviews.types import Content, Origin, Score, Side, Visited
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.factories import merchants, people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
NOTHING_AGAINST = Score(0, ())
_numbers = count(1)


def visit(
    *,
    store: Store,
    person: Person,
    offer_ref: str = "off_lunch",
    visit_ref: str = "",
    at: datetime = NOON - timedelta(hours=1),
) -> Visited:
    """A visit that took place an hour before noon."""
    return Visited(
        visit_ref=visit_ref or f"ord_{next(_numbers)}",
        person_ref=person.public_id,
        store_ref=store.public_id,
        offer_ref=offer_ref,
        titles={"en": "Lunch", "zh-Hans": "午餐"},
        visited_at=at,
    )


def review(
    *,
    store: Store | None = None,
    person: Person | None = None,
    stars: int = 5,
    text: str = "",
    aspects: dict[str, int] | None = None,
    offer_ref: str = "off_lunch",
    score: Score = NOTHING_AGAINST,
    looks_first: bool = False,
    both_review: bool = False,
    origin: Origin | None = None,
    visited: Visited | None = None,
    side: Side = Side.SHOPPER,
    at: datetime = NOON,
) -> Review:
    """A review by a new shopper of a new store, unless told otherwise."""
    by = person or people.person(name="Anna Berg")
    about = visited or visit(
        store=store or merchants.store(), person=by, offer_ref=offer_ref, at=at - timedelta(hours=1)
    )
    written = services.write(
        visit=about,
        content=Content(stars=stars, aspects=aspects or {}, text=text, display_name="Anna B."),
        score=score,
        looks_first=looks_first,
        both_review=both_review,
        origin=origin,
        side=side,
        by=by,
        at=at,
    )
    return Review.objects.select_related("store", "author").get(public_id=written.review_ref)
