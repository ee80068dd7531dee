"""What the shop says of its customers after a visit, where the region has that on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.attract.reviews import queries as reviews
from hutong.attract.reviews import services
from hutong.attract.reviews.rules import BLIND, MAX_TEXT, STARS, blind_until
from hutong.attract.reviews.types import ReviewState, Written
from hutong.flows import review_customer as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page


class GuestForm(forms.Form):
    """Stars and words."""

    stars = forms.ChoiceField(
        label=gettext_lazy("Stars for the customer"),
        choices=[(str(star), str(star)) for star in STARS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one to five stars.")},
    )
    text = forms.CharField(
        label=gettext_lazy("How was the visit?"),
        required=False,
        max_length=MAX_TEXT,
        help_text=gettext_lazy(
            "Only this customer reads it. Be as polite as at the counter, and name nobody."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@needs(Right.ANSWER_REVIEWS)
@require_safe
def visits(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The visits whose customers can be reviewed, and what was said so far."""
    _require_on(desk)
    context: dict[str, Any] = {
        "visits": flow.open_visits(store_ref=desk.store.ref, at=clock.now()),
        "written": reviews.of_guests(desk.store.ref),
        "own": desk.person.public_id if desk.person else "",
        "days": BLIND.days,
    }
    return merchant_page(request, desk, "merchant/customer_reviews.html", context, tab="reviews")


@needs(Right.ANSWER_REVIEWS)
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, desk: Desk, order_ref: str) -> HttpResponse:
    """Review the customer of one visit."""
    _require_on(desk)
    assert desk.person is not None, "a right is a person's"
    about = flow.visit(order_ref=order_ref, store_ref=desk.store.ref)
    form = GuestForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            written = flow.write(
                order_ref=order_ref,
                store_ref=desk.store.ref,
                stars=int(form.cleaned_data["stars"]),
                text=form.cleaned_data["text"],
                language=get_language() or "en",
                by=desk.person,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _thanks(written))
            return redirect("merchant_customer_reviews")
    context = {"form": form, "visit": about, "until": blind_until(about.visited_at)}
    status = 422 if form.errors else 200
    return merchant_page(
        request, desk, "merchant/customer_review.html", context, tab="reviews", status=status
    )


@needs(Right.ANSWER_REVIEWS)
@require_POST
def remove(request: HttpRequest, desk: Desk, review_ref: str) -> HttpResponse:
    """Take back what one said oneself, for good."""
    assert desk.person is not None, "a right is a person's"
    found = reviews.own_review(review_ref, desk.person)
    if found is None or not found.about_shopper or found.store_ref != desk.store.ref:
        raise NotFound
    services.withdraw(review_ref=review_ref, by=desk.person, at=clock.now())
    messages.success(request, _("It is deleted. This visit cannot be reviewed again."))
    return redirect("merchant_customer_reviews")


def _thanks(written: Written) -> str:
    if written.state is ReviewState.PUBLISHED:
        return _("Thank you. You and the customer can read each other now.")
    if written.state is ReviewState.SEALED:
        return _("Thank you. The customer reads it after writing, too, or when the time for it is over.")
    return _("Thank you. Somebody looks at it before the customer reads it.")


def _require_on(desk: Desk) -> None:
    """Where shops do not review customers there is no such page. Raises `NotFound`."""
    if not flow.is_on(desk.store.region_id):
        raise NotFound
