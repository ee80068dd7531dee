"""Disputes for the operator: what is due, what is sent to the bank, who bears it, and how it ended."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import dispute as flow
from hutong.flows.dispute_facts import facts_of
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import Bearer, DisputeView
from hutong.town.merchants.queries import names_of
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.shell import disputing


class BearerForm(forms.Form):
    """Who bears what was redeemed, and why."""

    borne_by = forms.ChoiceField(choices=[(bearer.value, bearer.value) for bearer in Bearer])
    reason = forms.CharField(required=False, max_length=200)


@operators
@require_safe
def dispute_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Open disputes by their deadline, then those that ended."""
    at = clock.now()
    found = payments.list_disputes()
    names = names_of({one.merchant_ref for one in found})
    rows = [(disputing.dispute_row(one, at), names.get(one.merchant_ref, {})) for one in found]
    context = {
        "open": [row for row in rows if row[0].dispute.open],
        "ended": [row for row in rows if not row[0].dispute.open],
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/disputes.html", context, tab="disputes")


@operators
@require_safe
def dispute(request: HttpRequest, _operator: Person, dispute_ref: str) -> HttpResponse:
    """One dispute: what it is about, the evidence, what to decide, and its outcome."""
    return _show(request, _found(dispute_ref))


@operators
@require_POST
def bearer(request: HttpRequest, operator: Person, dispute_ref: str) -> HttpResponse:
    """Say who bears what was redeemed, should it be lost."""
    found, form = _found(dispute_ref), BearerForm(request.POST)
    if form.is_valid():
        chosen = Bearer(form.cleaned_data["borne_by"])
        try:
            flow.set_bearer(
                ref=found.ref,
                borne_by=chosen,
                reason=form.cleaned_data["reason"],
                by=operator,
                at=clock.now(),
            )
            messages.success(request, _("Saved."))
        except DomainError as error:
            messages.error(request, str(error))
    return redirect("operator_dispute", dispute_ref=found.ref)


@operators
@require_POST
def evidence(request: HttpRequest, operator: Person, dispute_ref: str) -> HttpResponse:
    """Add words or a document to the answer."""
    found = _found(dispute_ref)
    wrong = disputing.add_evidence(request, found, operator, clock.now())
    if wrong:
        return _show(request, found, error=wrong, status=422)
    messages.success(request, _("Added to the answer."))
    return redirect("operator_dispute", dispute_ref=found.ref)


@operators
@require_POST
def answer(request: HttpRequest, operator: Person, dispute_ref: str) -> HttpResponse:
    """Send the answer to the bank, or give the dispute up."""
    found = _found(dispute_ref)
    act = flow.give_up if request.POST.get("do") == "give_up" else flow.answer
    try:
        act(ref=found.ref, by=operator, at=clock.now())
        messages.success(request, _("The payment service has it."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("operator_dispute", dispute_ref=found.ref)


@operators
@require_safe
def document(_request: HttpRequest, _operator: Person, evidence_ref: str) -> HttpResponse:
    """A document of the answer, to save."""
    return disputing.document(evidence_ref)


def _found(dispute_ref: str) -> DisputeView:
    found = payments.dispute_by_ref(dispute_ref)
    if found is None:
        raise Http404
    return found


def _show(request: HttpRequest, found: DisputeView, *, error: str = "", status: int = 200) -> HttpResponse:
    order = orders.order_view(found.order_ref)
    context: dict[str, Any] = {
        "row": disputing.dispute_row(found, clock.now()),
        "order": order,
        "merchant_names": order.merchant_names if order else {},
        "evidence": payments.evidence_of(found.ref),
        "facts": facts_of(found),
        "error": error,
        "zone": order.zone if order else zone_of(request),
        "bearers": [
            (
                Bearer.MERCHANT,
                _("The merchant"),
                _("It earns nothing of what was used; its next payout is lower."),
            ),
            (
                Bearer.PLATFORM,
                _("The platform"),
                _("The merchant keeps what it earned; it is a loss of ours."),
            ),
        ],
    }
    return operator_page(request, "operator/dispute.html", context, tab="disputes", status=status)
