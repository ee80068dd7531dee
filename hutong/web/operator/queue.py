"""What waits for the operator's word: merchants and deals, each with its facts, its history and a decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import approve
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import MerchantView
from hutong.town.people.services import Person
from hutong.town.regions.queries import region_by_id
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page

MERCHANT_REASONS = (
    gettext_lazy("We could not reach you by phone. Please check the number and apply again."),
    gettext_lazy("The shop could not be found at its address. Please correct it and apply again."),
    gettext_lazy("We list shops where something is enjoyed in person. Yours does not seem to be one."),
    gettext_lazy("This shop is already on the site under another name."),
    gettext_lazy("There were complaints about deals that were not honoured. Please call us."),
)
DEAL_REASONS = (
    gettext_lazy("The list price is higher than what you usually charge. Please give the usual price."),
    gettext_lazy("The text does not say clearly what is in the deal. Please list every part."),
    gettext_lazy("Title and contents do not fit together. Please correct one of them."),
    gettext_lazy("The deal promises something that is not allowed on this site."),
    gettext_lazy("There is a deal of the same kind from your shop already."),
)


class DecisionForm(forms.Form):
    """Yes or no; the ready reason counts where nothing was written."""

    decision = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    ready = forms.CharField(required=False, max_length=500)
    reason = forms.CharField(required=False, max_length=500)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue."""

    ref: str
    kind: str
    names: dict[str, str]
    note: dict[str, str]
    at: datetime
    emoji: str


@operators
@require_safe
def queue(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Everything that waits, the longest first; on a wide screen with the first one open."""
    waiting = _waiting()
    context: dict[str, Any] = {"items": waiting, "chosen": waiting[0].ref if waiting else ""}
    if waiting:
        context |= _facts(waiting[0].ref)
    return operator_page(request, "operator/queue.html", {**context, "preview": True}, tab="queue")


@operators
@require_safe
def item(request: HttpRequest, _operator: Person, ref: str) -> HttpResponse:
    """One merchant or deal, waiting or decided, with all facts, its history and the form."""
    context = {"items": _waiting(), "chosen": ref, **_facts(ref)}
    return operator_page(request, "operator/queue.html", context, tab="queue")


@operators
@require_POST
def decide(request: HttpRequest, operator: Person, ref: str) -> HttpResponse:
    """Say yes, or no with a reason; then on to the next one that waits."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise Http404
    yes = form.cleaned_data["decision"] == "approve"
    reason = form.cleaned_data["reason"].strip() or ("" if yes else form.cleaned_data["ready"].strip())
    try:
        _decide(ref, approve_it=yes, reason=reason, by=operator)
    except NotFound:
        raise
    except DomainError as error:
        # nothing was decided: somebody was first, or the reason is missing
        context = {"items": _waiting(), "chosen": ref, "problem": str(error), "reason": reason, **_facts(ref)}
        return operator_page(request, "operator/queue.html", context, tab="queue", status=error.status)
    messages.success(request, _("Approved.") if yes else _("Refused; the merchant reads the reason."))
    return redirect("operator_queue")


def _decide(ref: str, *, approve_it: bool, reason: str, by: Person) -> None:
    at = clock.now()
    if ref.startswith("mer_"):
        approve.approve_merchant(merchant_ref=ref, approve=approve_it, reason=reason, by=by, at=at)
    else:
        approve.approve_offer(offer_ref=ref, approve=approve_it, reason=reason, by=by, at=at)


def _waiting() -> list[Waiting]:
    found = [
        Waiting(merchant.ref, "merchant", merchant.names, {}, merchant.applied_at, "1f3ee")
        for merchant in merchants.pending_merchants()
    ]
    found += [
        Waiting(offer.ref, "deal", offer.titles, offer.merchant_names, offer.created_at, offer.emoji)
        for offer in catalog.pending_offers()
    ]
    return sorted(found, key=lambda one: one.at)


def _facts(ref: str) -> dict[str, Any]:
    """What the page of one merchant or deal shows; 404 where there is none."""
    merchant = merchants.merchant_by_ref(ref) if ref.startswith("mer_") else None
    if merchant is not None:
        return _merchant_facts(merchant)
    offer = catalog.offer_by_ref(ref)
    if offer is None:
        raise Http404
    return _offer_facts(offer)


def _merchant_facts(merchant: MerchantView) -> dict[str, Any]:
    region = region_by_id(merchant.region_id)
    return {
        "merchant": merchant,
        "zone": region.zone if region else "",
        "region": region,
        "stores": merchants.stores_of_merchant(merchant.ref),
        "staff": merchants.staff_of(merchant.ref),
        "deals": catalog.merchant_offers(merchant.ref),
        "history": merchants.merchant_history(merchant.ref),
        "reasons": MERCHANT_REASONS,
        "may_approve": merchant.state.value != "approved",
        "may_reject": merchant.state.value in ("applied", "approved"),
    }


def _offer_facts(offer: OfferView) -> dict[str, Any]:
    return {
        "offer": offer,
        "zone": offer.stores[0].zone if offer.stores else "",
        "terms": terms_of(offer.ref),
        "stock": stock_of([offer.ref]).get(offer.ref),
        "history": list(reversed(catalog.offer_history(offer.ref))),
        "reasons": DEAL_REASONS,
        "may_approve": offer.state.value == "submitted",
        "may_reject": offer.state.value in ("submitted", "live", "paused"),
    }
