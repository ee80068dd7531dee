"""What shoppers say of the shop, and what it answers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.attract.reviews import queries as reviews
from hutong.attract.reviews import services
from hutong.attract.reviews.rules import MAX_ANSWER
from hutong.attract.reviews.types import ReviewView
from hutong.flows import review_customer
from hutong.flows import write_review as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.merchants.types import Right
from hutong.town.people import queries as people
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page


class AnswerForm(forms.Form):
    """What the shop says."""

    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=MAX_ANSWER,
        help_text=gettext_lazy("Everybody reads it under the review. At most 1,000 characters."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@needs(Right.ANSWER_REVIEWS)
@require_safe
def review_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The reviews of the chosen store, those that wait for an answer first asked for."""
    waiting, wanted = request.GET.get("show") != "all", request.GET.get("stars", "")
    only = int(wanted) if wanted in {"1", "2", "3", "4", "5"} else None
    found = reviews.of_stores(
        [desk.store.ref], unanswered=waiting, stars=only, after=request.GET.get("after", "")
    )
    unanswered = reviews.unanswered_count([desk.store.ref])
    context: dict[str, Any] = {
        "found": found,
        "rating": reviews.summary(desk.store.ref),
        "waiting": waiting,
        "only": only,
        "show_chips": [
            {"label": _("To answer"), "url": "?", "current": waiting, "count": unanswered},
            {"label": _("All"), "url": "?show=all", "current": not waiting, "count": None},
        ],
        "star_chips": _star_chips(only, waiting=waiting),
        "both_review": review_customer.is_on(desk.store.region_id),
        "next_url": _further(request, found.after),
    }
    return merchant_page(request, desk, "merchant/reviews.html", context, tab="reviews")


@needs(Right.ANSWER_REVIEWS)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, desk: Desk, review_ref: str) -> HttpResponse:
    """One review, its answer with every version, and the field to answer in."""
    found = _found(desk, review_ref)
    assert desk.person is not None, "a right is a person's"
    initial = {"text": found.answer.text if found.answer else ""}
    form = AnswerForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            flow.answer(review_ref=review_ref, text=form.cleaned_data["text"], by=desk.person, at=clock.now())
        except DomainError as error:
            form.add_error("text", str(error))
        else:
            messages.success(request, _("Everybody can read your answer now."))
            return redirect("merchant_reviews")
    versions = reviews.answers_of(review_ref)
    names = people.named({one.by_ref for one in versions})
    context = {
        "review": found,
        "form": form,
        "versions": [(one, names[one.by_ref].name if one.by_ref in names else "") for one in versions],
    }
    status = 422 if form.errors else 200
    return merchant_page(request, desk, "merchant/review.html", context, tab="reviews", status=status)


@needs(Right.ANSWER_REVIEWS)
@require_POST
def remove_answer(request: HttpRequest, desk: Desk, review_ref: str) -> HttpResponse:
    """Take the answer away; its history stays."""
    _found(desk, review_ref)
    assert desk.person is not None, "a right is a person's"
    services.remove_answer(review_ref=review_ref, by=desk.person, at=clock.now())
    messages.success(request, _("Your answer is gone."))
    return redirect("merchant_review", review_ref)


def _found(desk: Desk, review_ref: str) -> ReviewView:
    """A review of the chosen store."""
    found = reviews.shown_review(review_ref)
    if found is None or found.store_ref != desk.store.ref:
        raise NotFound
    return found


def _star_chips(only: int | None, *, waiting: bool) -> list[dict[str, Any]]:
    show = "" if waiting else "show=all&"
    chips: list[dict[str, Any]] = [
        {"label": _("All stars"), "url": f"?{show}", "current": only is None, "count": None}
    ]
    return chips + [
        {"label": f"{star} ★", "url": f"?{show}stars={star}", "current": only == star, "count": None}
        for star in range(5, 0, -1)
    ]


def _further(request: HttpRequest, after: str) -> str:
    if not after:
        return ""
    query = request.GET.copy()
    query["after"] = after
    return f"?{query.urlencode()}"
