"""Writing a review after a visit, changing it, deleting it; one's own reviews."""

from collections.abc import Callable, Iterable
from typing import IO, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.attract.reviews import queries as reviews
from hutong.attract.reviews.rules import (
    MAX_NAME,
    MAX_PHOTOS,
    MAX_PHOTOS_BYTES,
    MAX_TEXT,
    STARS,
    aspects_of,
    blind_until,
    is_blind,
    is_open,
    shown_name,
)
from hutong.attract.reviews.types import Content, Origin, ReviewState, ReviewView, Written
from hutong.flows import review_customer
from hutong.flows import write_review as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.http import client_address
from hutong.town.merchants.queries import store_by_ref
from hutong.town.merchants.types import StoreView
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.review_words import ASPECTS
from hutong.web.shell.uploads import bounded

_STARS = [(str(star), str(star)) for star in STARS]


class ReviewForm(forms.Form):
    """Stars, words, a name, and photos; an aspect is a field of its own, `aspect_taste`."""

    stars = forms.ChoiceField(
        label=gettext_lazy("Your stars"),
        choices=_STARS,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one to five stars.")},
    )
    text = forms.CharField(
        label=gettext_lazy("Your review"),
        required=False,
        max_length=MAX_TEXT,
        help_text=gettext_lazy("What was good, what was not? At most 2,000 characters."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    display_name = forms.CharField(
        label=gettext_lazy("Your name, as others see it"), required=False, max_length=MAX_NAME
    )
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, aspects: Iterable[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in aspects:
            self.fields[f"aspect_{name}"] = forms.ChoiceField(
                label=ASPECTS[name], choices=_STARS, required=False, widget=forms.RadioSelect
            )

    @property
    def aspect_fields(self) -> list[forms.BoundField]:
        """The stars for parts of the visit."""
        return [self[name] for name in self.fields if name.startswith("aspect_")]

    @property
    def content(self) -> Content:
        """What was said; only after `is_valid`."""
        sent = self.cleaned_data
        given = {
            name.removeprefix("aspect_"): int(value)
            for name, value in sent.items()
            if name.startswith("aspect_") and value
        }
        return Content(
            stars=int(sent["stars"]),
            aspects=given,
            text=sent["text"],
            language=get_language() or "en",
            display_name=sent["display_name"],
        )


@csrf_exempt
@bounded(MAX_PHOTOS_BYTES)
@signed_in
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, order_ref: str, store_ref: str) -> HttpResponse:
    """Review a visit: an order in a store."""
    person, at = owner(request), clock.now()
    visit = flow.visit_of(order_ref=order_ref, store_ref=store_ref, person=person)
    known = reviews.written_about(person, [order_ref]).get((order_ref, store_ref))
    if known and known[1] is not ReviewState.WITHDRAWN:
        return redirect("review_edit", known[0])
    store = _store(store_ref)
    initial = {"display_name": shown_name(person.name), "stars": request.GET.get("stars", "")}
    form = ReviewForm(_aspects(store), request.POST or None, initial=initial)
    is_closed = bool(known) or not is_open(visit.visited_at, at)
    if request.method == "POST" and form.is_valid():
        written = _tried(
            form,
            lambda: flow.write(
                order_ref=order_ref,
                store_ref=store_ref,
                content=form.content,
                photos=_photos(request),
                origin=_origin(request),
                by=person,
                at=at,
            ),
        )
        if written:
            messages.success(request, _thanks(written))
            return redirect("my_reviews")
    context = {"form": form, "visit": visit, "closed": is_closed, "deleted": bool(known)}
    if is_blind(visit.visited_at, at) and review_customer.is_on(store.region_id):
        context["blind_until"] = blind_until(visit.visited_at)
    return _show(request, store, context)


@csrf_exempt
@bounded(MAX_PHOTOS_BYTES)
@signed_in
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, review_ref: str) -> HttpResponse:
    """Change one's own review within its window; the version before is kept."""
    person, at = owner(request), clock.now()
    review = _own(request, review_ref)
    store = _store(review.store_ref)
    initial = {
        "stars": str(review.stars),
        "text": review.text,
        "display_name": review.name,
        "version": review.version,
        **{f"aspect_{name}": str(given) for name, given in review.aspects.items()},
    }
    form = ReviewForm(_aspects(store), request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        written = _tried(
            form,
            lambda: flow.edit(
                review_ref=review_ref,
                content=form.content,
                kept_photos=request.POST.getlist("kept"),
                photos=_photos(request),
                origin=_origin(request),
                by=person,
                at=at,
                expected_version=form.cleaned_data["version"],
            ),
        )
        if written:
            messages.success(request, _thanks(written))
            return redirect("my_reviews")
    context = {"form": form, "visit": review, "review": review}
    return _show(request, store, context | {"closed": not is_open(review.visited_at, at)})


@signed_in
@require_POST
def delete(request: HttpRequest, review_ref: str) -> HttpResponse:
    """Take one's own review back, for good."""
    flow.withdraw(review_ref=review_ref, by=owner(request), at=clock.now())
    messages.success(request, _("Your review is deleted."))
    return redirect("my_reviews")


@signed_in
@require_GET
def my_reviews(request: HttpRequest) -> HttpResponse:
    """What somebody wrote, and which visits may still be reviewed."""
    person, at = owner(request), clock.now()
    found = reviews.of_author(person, after=request.GET.get("after", ""))
    context = {
        "tab": "me",
        "found": found,
        "open_refs": {one.ref for one in found.reviews if is_open(one.visited_at, at)},
        "sealed": reviews.sealed_about(person, at=at),
        "about_me": reviews.about(person),
        "prompts": [one for one in flow.prompts(person=person, at=at) if not one.review_ref],
        "next_url": f"?after={found.after}" if found.after else "",
        "zone": zone_here(),
    }
    return page(request, "consumer/my_reviews.html", context)


def _show(request: HttpRequest, store: StoreView, context: dict[str, Any]) -> HttpResponse:
    failed = bool(context["form"].errors)
    more = {"tab": "me", "store": store, "zone": store.zone, "most": MAX_PHOTOS, "failed": failed}
    return page(request, "consumer/review_write.html", context | more, status=422 if failed else 200)


def _tried(form: ReviewForm, act: Callable[[], Written]) -> Written | None:
    """What came of it, or None with the reason on the form."""
    try:
        return act()
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _thanks(written: Written) -> str:
    if written.state is ReviewState.PUBLISHED:
        return _("Thank you. Your review is published.")
    if written.state is ReviewState.SEALED:
        return _("Thank you. It is shown once the other side has written, too, or the time for it is over.")
    return _("Thank you. Somebody looks at your review before it is published.")


def _photos(request: HttpRequest) -> list[IO[bytes]]:
    """What was chosen; a field that was left empty sends nothing."""
    return [one.file for one in request.FILES.getlist("photos") if one.file is not None]


def _origin(request: HttpRequest) -> Origin:
    return flow.origin_of(address=client_address(request), agent=request.headers.get("User-Agent", ""))


def _own(request: HttpRequest, review_ref: str) -> ReviewView:
    found = reviews.own_review(review_ref, owner(request))
    if found is None:
        raise NotFound
    return found


def _store(store_ref: str) -> StoreView:
    store = store_by_ref(store_ref)
    if store is None:
        raise NotFound
    return store


def _aspects(store: StoreView) -> tuple[str, ...]:
    return aspects_of(store.category.slug, store.group.slug if store.group else "")
