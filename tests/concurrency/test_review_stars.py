"""64 writers of reviews of one store at once: its stars are exactly their sum; the control loses some."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.models import OfferSummary, Review, ReviewSummary
from hutong.attract.reviews.services import summing
from hutong.attract.reviews.types import Content, ReviewState
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.concurrency.race import race
from tests.factories import merchants, people, reviews

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 64
Act = Callable[[Store, Person, Person, int, datetime], None]


def come_and_change(store: Store, guest: Person, operator: Person, number: int, at: datetime) -> None:
    """Write a review; every second is edited, every third hidden, every fifth loses its visit, every seventh goes."""
    made = reviews.review(store=store, person=guest, stars=1 + number % 5, aspects={"taste": 1 + number % 5})
    if number % 2 == 0:
        content = Content(stars=5 - number % 5, aspects={"value": 3})
        services.edit(
            review_ref=made.public_id,
            content=content,
            score=reviews.NOTHING_AGAINST,
            looks_first=False,
            by=guest,
            at=at,
        )
    if number % 3 == 0:
        services.decide(review_ref=made.public_id, approve=False, reason="rude", by=operator, at=at)
    if number % 5 == 0:
        services.visit_changed(visit_ref=made.visit_ref, standing=[], reason="undone", at=at)
    if number % 7 == 0:
        services.withdraw(review_ref=made.public_id, by=guest, at=at)


def read_then_write(sql: str, values: dict[str, Any]) -> int:
    """The control: what the summary is, is read, added to, and written."""
    store = "reviewsummary" in sql
    found: Any = (ReviewSummary if store else OfferSummary).objects.filter(
        **{"store_ref" if store else "offer_ref": values["key"]}
    )
    now = found.first()
    if now is None:
        return 0
    columns = ("count", "stars_sum", "one", "two", "three", "four", "five")
    return int(found.update(**{name: getattr(now, name) + values[name] for name in columns}))


def everybody(at: datetime, *, come_and_change: Act = come_and_change) -> Store:
    """64 guests of one store, all at once; the store."""
    store, operator = merchants.store(), people.operator()
    guests = [people.person() for _ in range(WRITERS)]
    race([partial(come_and_change, store, guest, operator, n, at) for n, guest in enumerate(guests)])
    return store


def only_write(store: Store, guest: Person, _operator: Person, number: int, _at: datetime) -> None:
    """Write a review and leave it as it is."""
    reviews.review(store=store, person=guest, stars=1 + number % 5)


def test_the_stars_of_a_store_are_the_sum_of_its_reviews_whoever_writes_at_once(at: datetime) -> None:
    store = everybody(at)
    shown = Review.objects.filter(store=store, state=ReviewState.PUBLISHED.value, visit_gone_at=None)
    summed = queries.summary(store.public_id)
    assert Review.objects.filter(store=store).count() == WRITERS
    assert summed.count == shown.count() == sum(1 for n in range(WRITERS) if n % 3 and n % 5 and n % 7)
    assert summed.stars_sum == sum(shown.values_list("stars", flat=True))
    assert queries.problems() == []


def test_control_reading_before_writing_loses_stars(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "execute", read_then_write)
    everybody(at, come_and_change=only_write)
    assert any("stars of a store" in problem.what for problem in queries.problems())


def test_ten_clicks_of_one_person_are_one_vote(at: datetime) -> None:
    made, reader = reviews.review(), people.person()
    race(
        [partial(services.vote, review_ref=made.public_id, helpful=True, by=reader, at=at) for _ in range(10)]
    )
    made.refresh_from_db()
    assert made.helpful == 1
    with transaction.atomic():
        assert services.vote(review_ref=made.public_id, helpful=False, by=reader, at=at) == 0
    assert queries.problems() == []
