"""Taking over a listing: how it can be proved, the code, the document, and where a claim stands."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, Forbidden, NotFound
from hutong.kernel.http import client_address
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import (
    ClaimMethod,
    ClaimState,
    ClaimView,
    MerchantState,
    StoreState,
    StoreView,
)
from hutong.town.people.services import Person
from hutong.town.regions.queries import feature_on, region_by_id
from hutong.town.regions.types import Feature
from hutong.web.merchant.access import STORE_KEY
from hutong.web.merchant.join_forms import ClaimCodeForm, ClaimForm, DocumentForm, merchant_choices
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, store_ref: str) -> HttpResponse:
    """GET: the ways to prove that a shop is one's own, or what to do where somebody has it. POST: send the code."""
    assert request.user.is_authenticated, "signed_in sees to it"
    store, form = _store(store_ref), ClaimForm(request.POST or None)
    if request.method != "POST":
        return _show(request, store)
    if not form.is_valid():
        return _show(request, store, form=form, status=422)
    try:
        claim_ref = services.start_claim(
            store_ref=store_ref,
            merchant_ref=form.cleaned_data["merchant"] or None,
            method=ClaimMethod(form.cleaned_data["method"]),
            email=form.cleaned_data["email"],
            by=request.user,
            address=client_address(request),
            language=get_language() or "en",
            at=clock.now(),
        )
    except Forbidden:
        raise
    except DomainError as error:
        return _show(request, _store(store_ref), form=form, error=error, status=error.status)
    return redirect("join_claim", claim_ref)


@signed_in
@require_POST
def document(request: HttpRequest, store_ref: str) -> HttpResponse:
    """A document instead of a code; the platform decides. For a store that somebody has, it is a dispute."""
    assert request.user.is_authenticated, "signed_in sees to it"
    store, form = _store(store_ref), DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, store, document_form=form, status=422)
    try:
        claim_ref = services.submit_document(
            store_ref=store_ref,
            merchant_ref=form.cleaned_data["merchant"] or None,
            data=form.cleaned_data["document"].read(),
            note=form.cleaned_data["note"],
            by=request.user,
            address=client_address(request),
            at=clock.now(),
        )
    except Forbidden:
        raise
    except DomainError as error:
        form.add_error("document", str(error))
        return _show(request, _store(store_ref), document_form=form, status=error.status)
    return redirect("join_claim", claim_ref)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, claim_ref: str) -> HttpResponse:
    """Where one's claim stands. POST: the code; a right one makes the shop one's own at once."""
    assert request.user.is_authenticated, "signed_in sees to it"
    found = _own(claim_ref, request.user)
    if found.state is ClaimState.PROVED:
        return _welcome(request, found.store_ref)
    form = ClaimCodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.prove_claim(
                claim_ref=claim_ref, code=form.cleaned_data["code"], by=request.user, at=clock.now()
            )
        except DomainError as error:
            form.add_error("code", str(error))
            found, status = _own(claim_ref, request.user), error.status
        else:
            messages.success(request, _("The shop is yours now. Here is what comes next."))
            return _welcome(request, found.store_ref)
    at = clock.now()
    context = {
        "claim": found,
        "form": form,
        "code_works": bool(
            found.code_expires_at and found.code_expires_at > at and found.tries_left and not found.owner_ref
        ),
        "zone": _zone(found),
    }
    return page(request, "merchant/join_claim.html", context, status=status)


@signed_in
@require_POST
def withdraw(request: HttpRequest, claim_ref: str) -> HttpResponse:
    """Let go of one's claim; the document is deleted."""
    assert request.user.is_authenticated, "signed_in sees to it"
    services.withdraw_claim(claim_ref=claim_ref, by=request.user, at=clock.now())
    messages.success(request, _("Your claim is withdrawn."))
    return redirect("join")


def _store(store_ref: str) -> StoreView:
    """A store that may be claimed: what a merchant signed up itself is nobody else's to see before approval."""
    store = merchants.store_by_ref(store_ref)
    if store is None or not (store.shown or store.state is StoreState.PAUSED):
        raise NotFound
    return store


def _own(claim_ref: str, person: Person) -> ClaimView:
    found = merchants.claim_view(claim_ref)
    if found is None or found.person_ref != person.public_id:
        raise NotFound
    return found


def _zone(found: ClaimView) -> str:
    region = region_by_id(found.region_id)
    return region.zone if region else "UTC"


def _welcome(request: HttpRequest, store_ref: str) -> HttpResponse:
    request.session[STORE_KEY] = store_ref
    return redirect("merchant_today")


def _show(
    request: HttpRequest,
    store: StoreView,
    *,
    form: ClaimForm | None = None,
    document_form: DocumentForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    assert request.user.is_authenticated, "signed_in sees to it"
    if not feature_on(store.region_id, Feature.CLAIMS):
        return page(request, "merchant/join_closed.html", {"store": store}, status=403)
    own = merchants.merchants_of(request.user)
    joinable = [each for each in own if each.state in (MerchantState.APPLIED, MerchantState.APPROVED)]
    context: dict[str, Any] = {
        "store": store,
        "ways": merchants.claim_ways(store.ref),
        "form": form or ClaimForm(),
        "document_form": document_form or DocumentForm(),
        "error": error,
        "is_mine": store.merchant_ref in {merchant.ref for merchant in own},
        "choices": merchant_choices(joinable) if joinable else [],
        "chosen": request.POST.get("merchant") or request.GET.get("merchant", ""),
        "pending": next((one for one in merchants.claims_of(request.user) if _goes_on(one, store)), None),
    }
    return page(request, "merchant/join_listing.html", context, status=status)


def _goes_on(one: ClaimView, store: StoreView) -> bool:
    return one.store_ref == store.ref and one.state in (ClaimState.OPEN, ClaimState.WAITING)
