"""The scan page: camera or typed code in, a big yes or no out; undo."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import redeem as flow
from hutong.flows.terms_words import refusal_words
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.http import client_address
from hutong.kernel.money import Money
from hutong.town.catalog.queries import offers_by_refs
from hutong.town.merchants.types import Right
from hutong.visit.vouchers.rules.terms import MOST_CHOICES, MOST_USES
from hutong.visit.vouchers.services import VoucherAlreadyUsed
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.answers import Answer, no, undone, yes
from hutong.web.merchant.deal_fields import AmountField
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.offline_words import WITHOUT_NETWORK
from hutong.web.merchant.scan_phone import empty_form, waiting
from hutong.web.shell.parts import safe_next, wants_part

# A signed QR has 600 symbols at most.
MOST_CODE = 700


class ScanForm(forms.Form):
    """A code as it was typed or read, and the nonce of this scan. `kernel.codes.parse_code` forgives the rest.

    With `answered` it comes from the question that `_ask` asks, with what is used of the voucher.
    """

    code = forms.CharField(label=_("Code"), max_length=MOST_CODE, strip=True)
    nonce = forms.CharField(min_length=8, max_length=64)
    answered = forms.BooleanField(required=False)
    uses = forms.IntegerField(min_value=1, max_value=MOST_USES, required=False)
    reason = forms.CharField(max_length=200, strip=True, required=False)

    def __init__(self, unit: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.unit = unit
        self.fields["bill"] = AmountField(unit, label=_("Amount of the bill"))

    def wanted(self) -> flow.Wanted:
        """What is asked for. Of choices as many uses as are chosen, else `uses`."""
        data = self.cleaned_data
        chosen = [
            position
            for position in range(MOST_CHOICES)
            for _time in range(_small(self.data.get(f"choice-{position}", "")))
        ]
        bill = data.get("bill")
        return flow.Wanted(
            code=data["code"],
            uses=min(len(chosen), MOST_USES) or data.get("uses") or 1,
            choices=tuple(chosen),
            bill=Money(bill, self.unit) if bill else None,
            override_reason=data.get("reason") or "",
        )


def _small(text: str) -> int:
    """A number of uses as the page sends it; nothing for anything else."""
    return min(int(text), MOST_USES) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


@needs(Right.REDEEM, device=True)
@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: HttpRequest, desk: Desk) -> HttpResponse:
    """GET: the camera and the field. POST: redeem the code; the same nonce gives the same answer."""
    if request.method != "POST":
        return _show(request, desk, None)
    form = ScanForm(desk.store.currency, request.POST)
    if not form.is_valid():
        if "bill" in form.errors and "code" in form.cleaned_data:
            return _ask(request, desk, form)
        return _show(request, desk, None, form=form)
    if not form.cleaned_data["answered"]:
        return _ask(request, desk, form)
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


def _ask(request: HttpRequest, desk: Desk, form: ScanForm) -> HttpResponse:
    """Redeem what needs no word more; else ask how many, what, on which bill, or why against the terms."""
    at, code = clock.now(), form.cleaned_data["code"]
    try:
        prepared = flow.prepare(code=code, actor=_actor(desk), address=client_address(request), at=at)
    except VoucherAlreadyUsed:
        # The same tap may come again: then it gets the answer it had.
        return _show(request, desk, _redeem(request, desk, form))
    except DomainError as error:
        return _show(request, desk, no(error, code=code, zone=desk.store.zone, at=at))
    if not form.errors and prepared.most == 1 and not prepared.asks and prepared.refusal is None:
        return _show(request, desk, _redeem(request, desk, form))
    why, advice = ("", "")
    if prepared.refusal:
        why, advice = refusal_words(prepared.refusal, prepared.terms, zone=desk.store.zone)
    context = {
        "prepared": prepared,
        "choices": [
            (f"choice-{position}", one.names, prepared.left[position])
            for position, one in enumerate(prepared.terms.choices)
        ],
        "why": why,
        "advice": advice,
        "may_override": desk.may(Right.UNDO),
        **WITHOUT_NETWORK,
        "form": form,
        "code": code,
        "nonce": form.cleaned_data.get("nonce") or secrets.token_hex(16),
    }
    status = 422 if form.errors and not wants_part(request) else 200
    return merchant_page(
        request, desk, "merchant/scan.html", context, tab="scan", part="merchant/_scan.html", status=status
    )


def _redeem(request: HttpRequest, desk: Desk, form: ScanForm) -> Answer:
    at = clock.now()
    wanted = form.wanted()
    try:
        result = flow.redeem(
            wanted=wanted,
            actor=_actor(desk),
            nonce=form.cleaned_data["nonce"],
            address=client_address(request),
            at=at,
        )
    except DomainError as error:
        return no(error, code=wanted.code, zone=desk.store.zone, at=at)
    offer = offers_by_refs([result.offer_ref]).get(result.offer_ref)
    return yes(result, includes=offer.includes if offer else (), at=at)


def _actor(desk: Desk) -> flow.Actor:
    device_ref = desk.device.ref if desk.device else None
    return flow.actor_for(device_ref=device_ref, person=desk.person, store_ref=desk.store.ref)


def _show(
    request: HttpRequest, desk: Desk, answer: Answer | None, form: ScanForm | None = None
) -> HttpResponse:
    context = {
        "answer": answer,
        "form": form,
        "nonce": secrets.token_hex(16),
        # A page that is opened again goes on waiting for the answer it asked for.
        "asked": waiting(desk) if answer is None and form is None else None,
        "now": clock.now(),
        "phone_form": empty_form(desk.store.currency),
        **WITHOUT_NETWORK,
    }
    # htmx shows nothing that comes with an error's status; without it the status says what came of the scan
    status = 200 if answer is None or wants_part(request) else answer.status
    return merchant_page(
        request, desk, "merchant/scan.html", context, tab="scan", part="merchant/_scan.html", status=status
    )
