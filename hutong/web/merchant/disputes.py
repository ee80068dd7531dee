"""Disputes for the shop: what banks took back of its sales, and what it can show to get it again."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.kernel import clock
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeView
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell import disputing


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def dispute_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The shop's disputes, the open ones by their deadline."""
    at = clock.now()
    found = payments.list_disputes(merchant_ref=desk.merchant_ref)
    rows = [disputing.dispute_row(one, at) for one in found]
    return merchant_page(request, desk, "merchant/disputes.html", {"rows": rows}, tab="money")


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def dispute(request: HttpRequest, desk: Desk, dispute_ref: str) -> HttpResponse:
    """One dispute: what it is about, and the evidence."""
    return _show(request, desk, _found(desk, dispute_ref))


@needs(Right.SEE_MONEY, everywhere=True)
@require_POST
def evidence(request: HttpRequest, desk: Desk, dispute_ref: str) -> HttpResponse:
    """Add words or a document to the answer."""
    assert desk.person is not None, "a right is a person's"
    found = _found(desk, dispute_ref)
    wrong = disputing.add_evidence(request, found, desk.person, clock.now())
    if wrong:
        return _show(request, desk, found, error=wrong, status=422)
    messages.success(request, _("Added to the answer."))
    return redirect("merchant_dispute", dispute_ref=found.ref)


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def document(_request: HttpRequest, desk: Desk, evidence_ref: str) -> HttpResponse:
    """A document of the answer, to save."""
    return disputing.document(evidence_ref, merchant_ref=desk.merchant_ref)


def _found(desk: Desk, dispute_ref: str) -> DisputeView:
    found = payments.dispute_by_ref(dispute_ref, merchant_ref=desk.merchant_ref)
    if found is None:
        raise Http404
    return found


def _show(
    request: HttpRequest, desk: Desk, found: DisputeView, *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "row": disputing.dispute_row(found, clock.now()),
        "evidence": payments.evidence_of(found.ref),
        "error": error,
    }
    return merchant_page(request, desk, "merchant/dispute.html", context, tab="money", status=status)
