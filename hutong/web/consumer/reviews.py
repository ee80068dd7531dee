"""Reviews of a store, for everybody; finding one helpful, reporting one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.attract.reviews import queries as reviews
from hutong.attract.reviews import services
from hutong.attract.reviews.rules import MAX_NOTE
from hutong.attract.reviews.types import ReportReason, ReviewView, Sort
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.merchants import queries as merchants
from hutong.web.consumer.account_access import owner
from hutong.web.consumer.filters import address
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.parts import page, safe_next
from hutong.web.shell.review_words import REPORTS, SORTS

SHOWN_ON_STORE = 3


class ReportForm(forms.Form):
    """Why a review should not be there."""

    reason = forms.ChoiceField(
        label=gettext_lazy("What is wrong with it?"),
        choices=[(reason.value, label) for reason, label in REPORTS.items()],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("What should we know?"),
        max_length=MAX_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def on_store(request: HttpRequest, store_ref: str) -> dict[str, Any]:
    """What the page of a store shows of its reviews: stars, bars, and the newest few."""
    reader = request.user if request.user.is_authenticated else None
    return {
        "rating": reviews.summary(store_ref),
        "newest": reviews.of_store(store_ref, limit=SHOWN_ON_STORE, reader=reader).reviews,
    }


@public
@require_GET
def store_reviews(request: HttpRequest, store_ref: str) -> HttpResponse:
    """All reviews of a store: in an order, of so many stars, page by page."""
    store = merchants.store_by_ref(store_ref)
    if store is None or not store.shown:
        raise NotFound
    sort = _asked(request)
    wanted = request.GET.get("stars", "")
    only = int(wanted) if wanted in {"1", "2", "3", "4", "5"} else None
    reader = request.user if request.user.is_authenticated else None
    found = reviews.of_store(
        store_ref, sort=sort, stars=only, after=request.GET.get("after", ""), reader=reader
    )
    context = {
        "tab": "home",
        "store": store,
        "zone": store.zone,
        "rating": reviews.summary(store_ref),
        "found": found,
        "only": only,
        "all_url": address(request.GET, stars=None),
        "star_urls": {star: address(request.GET, stars=str(star)) for star in range(5, 0, -1)},
        "sort_chips": [
            {"label": label, "url": address(request.GET, sort=one.value), "current": one is sort}
            for one, label in SORTS.items()
        ],
        "next_url": _further(request, found.after),
    }
    return page(request, "consumer/reviews.html", context, part="consumer/_reviews.html")


@signed_in
@require_POST
def helpful(request: HttpRequest, review_ref: str) -> HttpResponse:
    """Find a review helpful, or no longer; back to where the button was."""
    found = _shown(review_ref)
    try:
        wants = request.POST.get("helpful") == "yes"
        services.vote(review_ref=review_ref, helpful=wants, by=owner(request), at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    back = safe_next(request, "") or _list_of(found)
    return redirect(f"{back.partition('#')[0]}#{review_ref}")


@signed_in
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, review_ref: str) -> HttpResponse:
    """Say that a review should not be there, and why."""
    found = _shown(review_ref, request)
    form = ReportForm(request.POST or None, initial={"reason": ReportReason.UNTRUE.value})
    if request.method == "POST" and form.is_valid():
        try:
            is_first = services.report(
                review_ref=review_ref,
                reason=ReportReason(form.cleaned_data["reason"]),
                note=form.cleaned_data["note"],
                by=owner(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            told = _("Thank you. Somebody will look at it.")
            messages.success(request, told if is_first else _("You have reported this review already."))
            return redirect(_list_of(found))
    context = {"tab": "home", "review": found, "form": form, "back_url": _list_of(found)}
    return page(request, "consumer/review_report.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest) -> Sort:
    wanted = request.GET.get("sort", "")
    return Sort(wanted) if wanted in set(Sort) else Sort.NEWEST


def _further(request: HttpRequest, after: str) -> str:
    if not after:
        return ""
    query = request.GET.copy()
    query["after"] = after
    return f"?{query.urlencode()}"


def _shown(review_ref: str, request: HttpRequest | None = None) -> ReviewView:
    found = reviews.read_by(review_ref, owner(request)) if request else reviews.shown_review(review_ref)
    if found is None:
        raise NotFound
    return found


def _list_of(found: ReviewView) -> str:
    return reverse("my_reviews") if found.about_shopper else reverse("store_reviews", args=[found.store_ref])
