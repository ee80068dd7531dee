"""Reads for operators: what waits for a look, and everything about one review."""

from django.db.models import Q

from hutong.attract.reviews.models import AnswerVersion, Decision, Report, Review, ReviewVersion
from hutong.attract.reviews.queries.views import score_of, views, whole
from hutong.attract.reviews.types import (
    DecisionView,
    QueueItem,
    ReportReason,
    ReportState,
    ReportView,
    ReviewState,
    VersionView,
)

_WANTS_LOOK = Q(state=ReviewState.WAITING.value) | Q(reports_open__gt=0)


def queue(*, limit: int = 50) -> list[QueueItem]:
    """What waits for a moderator or was reported, the longest waiting first. Four statements."""
    return _items(list(whole().filter(_WANTS_LOOK).order_by("state_at", "pk")[:limit]))


def queue_count(*, most: int = 100) -> int:
    """How many reviews want a look, counted up to `most`."""
    return len(Review.objects.filter(_WANTS_LOOK).values_list("pk", flat=True)[:most])


def decided_lately(*, limit: int = 20) -> list[QueueItem]:
    """The reviews that were decided about last, the newest decision first."""
    refs = list(Decision.objects.order_by("-pk").values_list("review_id", flat=True)[: 2 * limit])
    wanted = list(dict.fromkeys(refs))[:limit]
    by_key = {review.pk: review for review in whole().filter(pk__in=wanted)}
    return _items([by_key[key] for key in wanted])


def item(review_ref: str) -> QueueItem | None:
    """One review with its score and its reports, or None."""
    return next(iter(_items(list(whole().filter(public_id=review_ref)))), None)


def versions_of(review_ref: str) -> list[VersionView]:
    """Every version of a review, the newest first."""
    found = ReviewVersion.objects.filter(review__public_id=review_ref).order_by("-number")
    return [
        VersionView(one.number, one.text, one.at, one.review.author.public_id, one.stars, one.aspects)
        for one in found.select_related("review__author")
    ]


def answers_of(review_ref: str) -> list[VersionView]:
    """Every version of the store's answer, the newest first; an empty text took it away."""
    found = AnswerVersion.objects.filter(review__public_id=review_ref).order_by("-number")
    return [VersionView(one.number, one.text, one.at, one.by.public_id) for one in found.select_related("by")]


def decisions_of(review_ref: str) -> list[DecisionView]:
    """What was decided about a review, the newest first."""
    found = Decision.objects.filter(review__public_id=review_ref).select_related("by").order_by("-pk")
    return [
        DecisionView(
            ref=one.public_id,
            from_state=ReviewState(one.from_state),
            to_state=ReviewState(one.to_state),
            reason=one.reason,
            by_ref=one.by.public_id,
            by_name=one.by.name,
            at=one.at,
            undone_at=one.undone_at,
        )
        for one in found
    ]


def reports_of(review_ref: str) -> list[ReportView]:
    """Every report of a review, the newest first."""
    found = Report.objects.filter(review__public_id=review_ref).select_related("person").order_by("-pk")
    return [_report(one) for one in found]


def _items(found: list[Review]) -> list[QueueItem]:
    shown = {view.ref: view for view in views(found)}
    reports: dict[int, list[ReportView]] = {}
    still_open = Report.objects.filter(review__in=found, state=ReportState.OPEN.value)
    for one in still_open.select_related("person").order_by("pk"):
        reports.setdefault(one.review_id, []).append(_report(one))
    return [
        QueueItem(
            review=shown[review.public_id],
            score=score_of(review),
            reports=tuple(reports.get(review.pk, ())),
            since_at=review.state_at,
        )
        for review in found
    ]


def _report(one: Report) -> ReportView:
    return ReportView(
        ReportReason(one.reason), one.note, ReportState(one.state), one.person.public_id, one.at
    )
