"""Votes, reports, answers, decisions: who may, how often, what comes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.models import Review
from hutong.attract.reviews.types import ReportReason, ReviewState, Sort
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.rows import execute
from hutong.town.merchants.types import Role
from tests.factories import merchants, people, reviews

pytestmark = pytest.mark.django_db


def test_a_vote_is_one_a_person_and_never_ones_own(at: datetime) -> None:
    made, reader = reviews.review(), people.person()
    vote: dict[str, Any] = {"review_ref": made.public_id, "by": reader, "at": at}
    assert services.vote(**vote, helpful=True) == 1
    assert services.vote(**vote, helpful=True) == 1
    assert queries.of_store(made.store.public_id, reader=reader).reviews[0].helped
    assert services.vote(**vote, helpful=False) == 0
    assert services.vote(**vote, helpful=False) == 0
    with pytest.raises(services.OwnReview):
        services.vote(review_ref=made.public_id, helpful=True, by=made.author, at=at)
    with pytest.raises(NotFound):
        services.vote(review_ref=reviews.review(looks_first=True).public_id, helpful=True, by=reader, at=at)


def test_the_store_answers_and_every_version_is_kept(at: datetime) -> None:
    made = reviews.review()
    merchant = made.store.merchant
    assert merchant is not None
    manager = merchants.staff(merchant=merchant, role=Role.MANAGER).person
    cashier = merchants.staff(merchant=merchant, role=Role.CASHIER).person
    assert queries.unanswered_count([made.store.public_id]) == 1
    with pytest.raises(Forbidden):
        services.answer(review_ref=made.public_id, text="Thank you", by=cashier, at=at)
    with pytest.raises(services.AnswerEmpty):
        services.answer(review_ref=made.public_id, text=" \n ", by=manager, at=at)
    services.answer(review_ref=made.public_id, text="Thank you", by=manager, at=at)
    services.answer(review_ref=made.public_id, text="Thank you, Anna", by=manager, at=at)
    (shown,) = queries.of_store(made.store.public_id).reviews
    assert shown.answer is not None
    assert (shown.answer.text, shown.answer.edited_at) == ("Thank you, Anna", at)
    assert queries.unanswered_count([made.store.public_id]) == 0
    services.remove_answer(review_ref=made.public_id, by=manager, at=at)
    assert [one.text for one in queries.answers_of(made.public_id)] == ["", "Thank you, Anna", "Thank you"]
    assert queries.of_stores([made.store.public_id], unanswered=True).reviews


def test_a_report_brings_a_review_to_the_moderator_once_a_person(at: datetime) -> None:
    made, reader = reviews.review(), people.person()
    say: dict[str, Any] = {
        "review_ref": made.public_id,
        "reason": ReportReason.PRIVATE,
        "note": "a phone number",
        "at": at,
    }
    assert services.report(**say, by=reader)
    assert not services.report(**say, by=reader)
    (item,) = queries.queue()
    assert [(one.reason, one.note) for one in item.reports] == [(ReportReason.PRIVATE, "a phone number")]
    assert item.review.shown, "a report alone hides nothing"
    operator = people.operator()
    stays = services.decide(review_ref=made.public_id, approve=True, reason="", by=operator, at=at)
    assert stays is ReviewState.PUBLISHED
    assert queries.queue() == []
    with pytest.raises(services.OwnReview):
        services.report(**say, by=made.author)


def test_a_decision_is_said_why_kept_audited_and_taken_back(at: datetime) -> None:
    made, operator = reviews.review(stars=1), people.operator()
    services.report(review_ref=made.public_id, reason=ReportReason.UNTRUE, note="", by=people.person(), at=at)
    decide: dict[str, Any] = {"review_ref": made.public_id, "by": operator, "at": at}
    with pytest.raises(Forbidden):
        services.decide(**{**decide, "by": made.author}, approve=True, reason="")
    with pytest.raises(services.ReasonMissing):
        services.decide(**decide, approve=False, reason=" ")
    with pytest.raises(services.ReviewChanged):
        services.decide(**decide, approve=False, reason="rude", expected_state=ReviewState.WAITING)
    assert services.decide(**decide, approve=False, reason="rude") is ReviewState.HIDDEN
    assert queries.summary(made.store.public_id).count == 0
    entry = audit.search(action="review.decided").entries[0]
    assert (entry.changes["state"], entry.reason) == (["published", "hidden"], "rude")
    assert services.take_back(review_ref=made.public_id, by=operator, at=at) is ReviewState.PUBLISHED
    assert queries.summary(made.store.public_id).stars_sum == 1
    assert len(queries.queue()[0].reports) == 1
    assert queries.decisions_of(made.public_id)[0].undone_at == at
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back(review_ref=made.public_id, by=operator, at=at)
    services.decide(**decide, approve=False, reason="rude")
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back(review_ref=made.public_id, by=operator, at=at + timedelta(minutes=6))
    assert queries.problems() == []


def test_what_was_hidden_and_mended_is_looked_at_again(at: datetime) -> None:
    from hutong.attract.reviews.types import Content

    made, operator = reviews.review(), people.operator()
    services.decide(review_ref=made.public_id, approve=False, reason="rude", by=operator, at=at)
    mended = services.edit(
        review_ref=made.public_id,
        content=Content(stars=2, text="Slow service"),
        score=reviews.NOTHING_AGAINST,
        looks_first=False,
        by=made.author,
        at=at,
    )
    assert mended.state is ReviewState.WAITING
    services.decide(review_ref=made.public_id, approve=True, reason="", by=operator, at=at)
    assert queries.summary(made.store.public_id).stars_sum == 2


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_in_every_order_neither_repeat_nor_leave_out(sort: Sort) -> None:
    store = merchants.store()
    made = [reviews.review(store=store, stars=1 + number % 3) for number in range(7)]
    for number, one in enumerate(made):
        type(one).objects.filter(pk=one.pk).update(helpful=number // 2, photos=number % 2)
    seen, after = [], ""
    while True:
        page = queries.of_store(store.public_id, sort=sort, after=after, limit=2)
        seen += [one.ref for one in page.reviews]
        after = page.after
        if not after:
            break
    wanted = [one for one in made if sort is not Sort.PHOTOS or made.index(one) % 2]
    keys: dict[Sort, Callable[[Review], Any]] = {
        Sort.NEWEST: lambda one: -one.pk,
        Sort.PHOTOS: lambda one: -one.pk,
        Sort.HELPFUL: lambda one: (-(made.index(one) // 2), -one.pk),
        Sort.LOWEST: lambda one: (one.stars, -one.pk),
    }
    assert seen == [one.public_id for one in sorted(wanted, key=keys[sort])]
    only = queries.of_store(store.public_id, sort=sort, stars=1).reviews
    assert {one.stars for one in only} == {1}


@pytest.mark.parametrize("cursor", ["x", "1", "-1.5", "1.2.3", "9" * 30 + ".1", "1.²"])
def test_a_cursor_of_ones_own_making_is_refused(cursor: str) -> None:
    with pytest.raises(queries.CursorInvalid):
        queries.of_store("sto_1", after=cursor)


@pytest.mark.unbalanced("a summary is changed behind the services")
def test_a_summary_that_is_wrong_is_found(at: datetime) -> None:
    made = reviews.review(aspects={"taste": 5})
    assert queries.problems() == []
    execute("UPDATE reviews_reviewsummary SET aspects = '{}'")
    execute("UPDATE reviews_offersummary SET count = 2, stars_sum = 10, five = 2")
    execute("UPDATE reviews_review SET helpful = 3")
    assert {problem.ref for problem in queries.problems()} == {
        made.store.public_id,
        made.offer_ref,
        made.public_id,
    }
