"""The scan page: camera or typed code in, a big yes or no out; undo."""

import secrets

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import redeem as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.http import client_address
from hutong.town.catalog.queries import offers_by_refs
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.answers import Answer, no, undone, yes
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.parts import safe_next, wants_part


class ScanForm(forms.Form):
    """A code as it was typed or read, and the nonce of this scan. `kernel.codes.parse_code` forgives the rest."""

    code = forms.CharField(label=_("Code"), max_length=200, strip=True)
    nonce = forms.CharField(min_length=8, max_length=64)


@needs(Right.REDEEM, device=True)
@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: HttpRequest, desk: Desk) -> HttpResponse:
    """GET: the camera and the field. POST: redeem the code; the same nonce gives the same answer."""
    if request.method != "POST":
        return _show(request, desk, None)
    form = ScanForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, None, form=form)
    return _show(request, desk, _redeem(request, desk, form))


@needs(Right.REDEEM, device=True)
@require_POST
def undo(request: HttpRequest, desk: Desk, redemption_ref: str) -> HttpResponse:
    """Take a redemption back, and show that on the scan page; or go to `next` with a word about it."""
    at = clock.now()
    try:
        answer = undone(flow.undo(redemption_ref=redemption_ref, actor=_actor(desk), at=at))
    except NotFound:
        raise
    except DomainError as error:
        answer = no(error, code="", zone=desk.store.zone, at=at)
    if "next" in request.POST:
        messages.info(request, f"{answer.headline}: {answer.text}")
        return redirect(safe_next(request, "merchant_today"))
    return _show(request, desk, answer)


def _redeem(request: HttpRequest, desk: Desk, form: ScanForm) -> Answer:
    at = clock.now()
    code = form.cleaned_data["code"]
    try:
        result = flow.redeem(
            code=code,
            actor=_actor(desk),
            nonce=form.cleaned_data["nonce"],
            address=client_address(request),
            at=at,
        )
    except DomainError as error:
        return no(error, code=code, zone=desk.store.zone, at=at)
    offer = offers_by_refs([result.offer_ref]).get(result.offer_ref)
    return yes(result, includes=offer.includes if offer else (), at=at)


def _actor(desk: Desk) -> flow.Actor:
    device_ref = desk.device.ref if desk.device else None
    return flow.actor_for(device_ref=device_ref, person=desk.person, store_ref=desk.store.ref)


def _show(
    request: HttpRequest, desk: Desk, answer: Answer | None, form: ScanForm | None = None
) -> HttpResponse:
    context = {"answer": answer, "form": form, "nonce": secrets.token_hex(16)}
    # htmx shows nothing that comes with an error's status; without it the status says what came of the scan
    status = 200 if answer is None or wants_part(request) else answer.status
    return merchant_page(
        request, desk, "merchant/scan.html", context, tab="scan", part="merchant/_scan.html", status=status
    )
