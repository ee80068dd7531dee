"""A review is written once a visit, by who was there, in time; what it adds to the stars is exact at every step."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.models import Review
from hutong.attract.reviews.types import Content, Reason, ReviewState, Score, Side, Signal
from hutong.kernel.errors import NotFound
from hutong.kernel.rows import rows
from tests.factories import merchants, people, reviews

pytestmark = pytest.mark.django_db
SUSPECT = Score(80, (Reason(Signal.COPIED, 80, {"like": "rvw_1", "percent": 99}),))


def again(
    made: Review, at: datetime, *, score: Score = reviews.NOTHING_AGAINST, **said: object
) -> ReviewState:
    content = replace(Content(stars=made.stars, text=made.text), **said)  # type: ignore[arg-type]
    return services.edit(
        review_ref=made.public_id, content=content, score=score, looks_first=False, by=made.author, at=at
    ).state


def test_stars_of_store_and_offer_follow_every_change(at: datetime) -> None:
    store = merchants.store()
    made = reviews.review(store=store, stars=5, aspects={"taste": 4, "value": 2})
    reviews.review(store=store, stars=2, aspects={"taste": 1}, offer_ref="off_dinner")
    summed = queries.summary(store.public_id)
    assert (summed.count, summed.stars_sum, summed.by_star) == (2, 7, (0, 1, 0, 0, 1))
    assert summed.aspects == {"taste": (5, 2), "value": (2, 1)}
    assert queries.offer_summaries(["off_lunch", "off_dinner", "off_none"])["off_dinner"].stars_sum == 2
    assert again(made, at, stars=3, aspects={"taste": 5}) is ReviewState.PUBLISHED
    assert queries.summary(store.public_id).aspects == {"taste": (6, 2)}
    assert store.merchant is not None
    assert queries.merchant_summary(store.merchant.public_id).stars_sum == 5
    services.withdraw(review_ref=made.public_id, by=made.author, at=at)
    assert queries.summary(store.public_id).stars_sum == 2
    assert queries.problems() == []


def test_search_is_told_of_what_is_shown_and_of_nothing_else(at: datetime) -> None:
    waiting = reviews.review(looks_first=True)
    sent = "SELECT payload->>'store_ref' AS ref FROM kernel_outboxrow WHERE job = 'index_store'"
    before = len(rows(sent))
    again(waiting, at, stars=1)
    assert len(rows(sent)) == before
    shown = reviews.review(store=waiting.store)
    again(shown, at, text="The same stars")
    assert [entry["ref"] for entry in rows(sent)[before:]] == [waiting.store.public_id]


def test_only_who_was_there_writes_once_and_in_time(at: datetime) -> None:
    store, guest = merchants.store(), people.person()
    there = reviews.visit(store=store, person=guest)
    with pytest.raises(services.NotVisited):
        reviews.review(visited=there, person=people.person())
    with pytest.raises(services.WindowClosed):
        reviews.review(visited=there, person=guest, at=at + timedelta(days=60))
    with pytest.raises(services.StarsInvalid):
        reviews.review(visited=there, person=guest, stars=6)
    with pytest.raises(services.StarsInvalid):
        reviews.review(visited=there, person=guest, aspects={"hygiene": 5})
    made = reviews.review(visited=there, person=guest)
    with pytest.raises(services.AlreadyReviewed):
        reviews.review(visited=there, person=guest)
    services.withdraw(review_ref=made.public_id, by=guest, at=at)
    with pytest.raises(services.AlreadyReviewed):
        reviews.review(visited=there, person=guest)
    assert reviews.review(store=store, person=guest).state == ReviewState.PUBLISHED


def test_every_version_is_kept_and_an_old_page_changes_nothing(at: datetime) -> None:
    made = reviews.review(stars=5, text="Good")
    again(made, at, stars=4, text="Good, but dear")
    kept = queries.versions_of(made.public_id)
    assert [(one.number, one.stars, one.text) for one in kept] == [(2, 4, "Good, but dear"), (1, 5, "Good")]
    with pytest.raises(services.ReviewChanged):
        services.edit(
            review_ref=made.public_id,
            content=Content(stars=1),
            score=reviews.NOTHING_AGAINST,
            looks_first=False,
            by=made.author,
            at=at,
            expected_version=1,
        )
    with pytest.raises(services.WindowClosed):
        again(made, at + timedelta(days=60))


def test_somebody_elses_review_is_not_there(at: datetime) -> None:
    made, stranger = reviews.review(), people.person()
    with pytest.raises(NotFound):
        services.withdraw(review_ref=made.public_id, by=stranger, at=at)
    assert queries.own_review(made.public_id, stranger) is None
    assert queries.own_review(made.public_id, made.author) is not None


def test_a_suspect_review_waits_and_counts_for_nothing(at: datetime) -> None:
    made = reviews.review(score=SUSPECT)
    assert made.state == ReviewState.WAITING
    assert queries.summary(made.store.public_id).count == 0
    (item,) = queries.queue()
    assert (item.score.points, item.score.reasons[0].signal) == (80, Signal.COPIED)
    assert queries.of_store(made.store.public_id).reviews == ()
    shown = reviews.review(store=made.store)
    assert again(shown, at, score=SUSPECT) is ReviewState.WAITING
    assert queries.summary(made.store.public_id).count == 0
    assert queries.problems() == []


def test_where_both_review_each_other_neither_is_read_first(at: datetime) -> None:
    store, guest, host = merchants.store(), people.person(), people.person()
    there = reviews.visit(store=store, person=guest)
    first = reviews.review(visited=there, person=guest, both_review=True)
    assert first.state == ReviewState.SEALED
    assert queries.of_store(store.public_id).reviews == ()
    with pytest.raises(services.NotVisited):
        reviews.review(visited=there, person=guest, both_review=True, side=Side.MERCHANT)
    second = reviews.review(visited=there, person=host, both_review=True, side=Side.MERCHANT)
    first.refresh_from_db()
    assert {first.state, second.state} == {ReviewState.PUBLISHED.value}
    assert queries.summary(store.public_id).count == 1, "what a shop says of a guest is no star of the shop"
    assert [one.ref for one in queries.of_store(store.public_id).reviews] == [first.public_id]
    with pytest.raises(services.ReviewRevealed):
        again(first, at)


def test_a_sealed_review_opens_when_the_window_ends(at: datetime) -> None:
    made = reviews.review(both_review=True)
    assert again(made, at, stars=4) is ReviewState.SEALED
    assert made.reveal_at is not None
    assert services.reveal_due(at=made.reveal_at - timedelta(seconds=1)) == 0
    assert services.reveal_due(at=made.reveal_at) == 1
    assert services.reveal_due(at=made.reveal_at) == 0
    assert queries.summary(made.store.public_id).stars_sum == 4
    assert queries.problems() == []


def test_a_visit_that_does_not_stand_hides_its_review_until_it_does(at: datetime) -> None:
    made = reviews.review()
    store_ref = made.store.public_id
    told: dict[str, Any] = {"visit_ref": made.visit_ref, "reason": "undone", "at": at}
    assert services.visit_changed(**told, standing=[store_ref]) == 0
    assert services.visit_changed(**told, standing=[]) == 1
    assert queries.summary(store_ref).count == 0
    own = queries.own_review(made.public_id, made.author)
    assert own is not None
    assert own.visit_gone
    assert not own.shown
    assert services.visit_changed(**told, standing=[store_ref]) == 1
    assert queries.summary(store_ref).count == 1
    assert queries.problems() == []


def test_where_it_was_sent_from_is_forgotten(at: datetime) -> None:
    from hutong.attract.reviews.types import Origin

    made = reviews.review(origin=Origin(address="a" * 64, device="b" * 64))
    assert services.forget_origins(at=at + timedelta(days=29)) == 0
    assert services.forget_origins(at=at + timedelta(days=31)) == 1
    made.refresh_from_db()
    assert (made.address_hash, made.device_hash) == ("", "")


def test_who_leaves_leaves_stars_and_no_word(at: datetime) -> None:
    guest, store = people.person(name="Anna Berg"), merchants.store()
    shown = reviews.review(person=guest, store=store, text="I am Anna from number 5", stars=4)
    waiting = reviews.review(person=guest, store=store, text="Secret", looks_first=True)
    other = reviews.review(store=store, text="Fine")
    services.vote(review_ref=other.public_id, helpful=True, by=guest, at=at)
    assert set(services.forget_person(person=guest, at=at)) == {shown.public_id, waiting.public_id}
    left = queries.review_by_ref(shown.public_id)
    assert left is not None
    assert (left.text, left.name, left.stars, left.shown) == ("", "", 4, True)
    assert [one.text for one in queries.versions_of(shown.public_id)] == [""]
    waiting.refresh_from_db()
    assert waiting.state == ReviewState.WITHDRAWN
    other.refresh_from_db()
    assert other.helpful == 0
    assert queries.problems() == []
