"""What an operator decides about a review, and takes back."""

from datetime import datetime

from django.db import transaction

from hutong.attract.reviews.models import Decision, Report, Review
from hutong.attract.reviews.rules import MAX_REASON, may_take_back, next_state
from hutong.attract.reviews.services.errors import ReasonMissing, ReviewChanged, TooLateToTakeBack
from hutong.attract.reviews.services.locking import locked, merchant_of
from hutong.attract.reviews.services.revealing import accepted_state
from hutong.attract.reviews.services.summing import change
from hutong.attract.reviews.types import Event, ReportState, ReviewState
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.kernel.locking import retrying
from hutong.kernel.text import clean
from hutong.town.people.models import Person


@retrying
def decide(
    *,
    review_ref: str,
    approve: bool,
    reason: str,
    by: Person,
    at: datetime,
    expected_state: ReviewState | None = None,
) -> ReviewState:
    """Let a review be read, or hide it for a reason; its new state. Open reports end with it.

    A published one that was reported stays when it is approved. Raises `Forbidden`, `NotFound`, `ReasonMissing`,
    `ReviewChanged` where the state is not `expected_state` any more or there is nothing to decide.
    """
    if not by.is_operator:
        raise Forbidden
    why = clean(reason, limit=MAX_REASON)
    if not approve and not why:
        raise ReasonMissing
    with transaction.atomic():
        review = locked(review_ref)
        before = ReviewState(review.state)
        if expected_state is not None and before is not expected_state:
            raise ReviewChanged
        after = _after(review, before, approve=approve, at=at)
        made = Decision.objects.create(
            review=review, from_state=before.value, to_state=after.value, reason=why, by=by, at=at
        )
        _close_reports(review, made, upheld=not approve)
        change(review, at=at, state=after.value, state_at=at, reports_open=0)
        _audit("review.decided", review, before, after, why, by, at)
    return after


def _after(review: Review, before: ReviewState, *, approve: bool, at: datetime) -> ReviewState:
    stays = (ReviewState.PUBLISHED, ReviewState.SEALED)
    if approve and before in stays:
        if not review.reports_open:
            raise ReviewChanged
        return before
    if approve:
        sealed = accepted_state(review, at=at) is ReviewState.SEALED
        after = next_state(before, Event.SEAL if sealed else Event.APPROVE)
    else:
        after = next_state(before, Event.HIDE)
    if after is None:
        raise ReviewChanged
    return after


@retrying
def take_back(*, review_ref: str, by: Person, at: datetime) -> ReviewState:
    """Undo the last decision about a review within five minutes: its state and its reports; the state it has again.

    Raises `Forbidden`, `NotFound`, `TooLateToTakeBack`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        review = locked(review_ref)
        last = Decision.objects.filter(review=review).order_by("-pk").first()
        if last is None or not may_take_back(
            decided_at=last.at,
            is_last=last.to_state == review.state
            and (review.edited_at is None or review.edited_at < last.at),
            undone=last.undone_at is not None,
            at=at,
        ):
            raise TooLateToTakeBack
        before, after = ReviewState(review.state), ReviewState(last.from_state)
        Decision.objects.filter(pk=last.pk).update(undone_at=at)
        reopened = Report.objects.filter(decision=last).update(state=ReportState.OPEN.value, decision=None)
        change(review, at=at, state=after.value, state_at=at, reports_open=review.reports_open + reopened)
        _audit("review.decision_taken_back", review, before, after, "", by, at)
    return after


def _close_reports(review: Review, decision: Decision, *, upheld: bool) -> None:
    state = ReportState.UPHELD if upheld else ReportState.DISMISSED
    Report.objects.filter(review=review, state=ReportState.OPEN.value).update(
        state=state.value, decision=decision
    )


def _audit(
    action: str,
    review: Review,
    before: ReviewState,
    after: ReviewState,
    reason: str,
    by: Person,
    at: datetime,
) -> None:
    # A review that stays although it was reported has no state that differs; the decision is told all the same.
    told = {"before": {"state": before.value}} if before is not after else {}
    audit.record(
        action=action,
        subject=review.public_id,
        by=by.public_id,
        at=at,
        after={"state": after.value},
        merchant=merchant_of(review),
        reason=reason,
        **told,
    )
