"""The moderator's queue of reviews: what waits or was reported, why, and what is decided."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.attract.reviews import queries as reviews
from hutong.attract.reviews.rules import TAKEN_BACK_WITHIN
from hutong.attract.reviews.types import QueueItem, ReviewState
from hutong.flows import write_review as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.shell.review_words import REPORTS, linked_refs, reason_words


class DecisionForm(forms.Form):
    """Yes or no; `state` is what the review was when it was looked at."""

    decision = forms.ChoiceField(choices=[("approve", "approve"), ("hide", "hide")])
    state = forms.ChoiceField(choices=[(state.value, state.value) for state in ReviewState])
    reason = forms.CharField(required=False, max_length=500)


@operators
@require_safe
def review_queue(request: HttpRequest, _operator: Person) -> HttpResponse:
    """What wants a look, the longest waiting first, and what was decided last."""
    context = {
        "waiting_reviews": [_told(item) for item in reviews.queue()],
        "decided": [_told(item) for item in reviews.decided_lately()],
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/reviews.html", context, tab="reviews")


@operators
@require_safe
def review(request: HttpRequest, _operator: Person, review_ref: str) -> HttpResponse:
    """One review with its score, its reports, its versions and its history."""
    return _show(request, review_ref)


@operators
@require_POST
def decide(request: HttpRequest, operator: Person, review_ref: str) -> HttpResponse:
    """Let it be read, or hide it for a reason; back to the queue."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise NotFound
    try:
        after = flow.decide(
            review_ref=review_ref,
            approve=form.cleaned_data["decision"] == "approve",
            reason=form.cleaned_data["reason"],
            by=operator,
            at=clock.now(),
            expected_state=ReviewState(form.cleaned_data["state"]),
        )
    except NotFound:
        raise
    except DomainError as error:
        return _show(request, review_ref, problem=str(error), status=error.status)
    hidden = after is ReviewState.HIDDEN
    messages.success(request, _("The review is hidden.") if hidden else _("The review is published."))
    return redirect("operator_review", review_ref)


@operators
@require_POST
def take_back(request: HttpRequest, operator: Person, review_ref: str) -> HttpResponse:
    """Undo the last decision within five minutes."""
    try:
        flow.take_back(review_ref=review_ref, by=operator, at=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. It waits again."))
    return redirect("operator_review", review_ref)


def _show(request: HttpRequest, review_ref: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    item = reviews.item(review_ref)
    if item is None:
        raise NotFound
    decisions, reports = reviews.decisions_of(review_ref), reviews.reports_of(review_ref)
    last = decisions[0] if decisions else None
    versions, answers = reviews.versions_of(review_ref), reviews.answers_of(review_ref)
    refs = {item.review.author_ref, *(one.by_ref for one in reports), *(one.by_ref for one in answers)}
    names = {ref: one.name for ref, one in people.named(refs).items()}
    context: dict[str, Any] = {
        "told": _told(item),
        "review": item.review,
        "author": names.get(item.review.author_ref, ""),
        "versions": versions,
        "answers": [(one, names.get(one.by_ref, "")) for one in answers],
        "decisions": decisions,
        "reports": [(one, REPORTS[one.reason], names.get(one.by_ref, "")) for one in reports],
        "can_approve": item.review.state in (ReviewState.WAITING, ReviewState.HIDDEN) or item.reports,
        "can_hide": item.review.state not in (ReviewState.HIDDEN, ReviewState.WITHDRAWN),
        "can_take_back": bool(last and last.undone_at is None and clock.now() - last.at <= TAKEN_BACK_WITHIN),
        "problem": problem,
        "reason": request.POST.get("reason", ""),
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/review.html", context, tab="reviews", status=status)


def _told(item: QueueItem) -> dict[str, Any]:
    """A line of the queue in words."""
    return {
        "item": item,
        "review": item.review,
        "reasons": [(reason_words(one), one.points, linked_refs(one)) for one in item.score.reasons],
        "reports": [(REPORTS[one.reason], one.note) for one in item.reports],
    }
