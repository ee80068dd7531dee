"""A shop asks, by a phone number, for leave to redeem: confirm it with one of one's vouchers, or say no."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import redeem_by_phone as flow
from hutong.flows.terms_words import refusal_of, refusal_words
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.people.services import Person
from hutong.visit.vouchers.queries import requests as requests_read
from hutong.visit.vouchers.rules.terms import MOST_CHOICES, MOST_USES
from hutong.visit.vouchers.services import TermsRefuse, requests
from hutong.visit.vouchers.types.requests import RequestForOwner, RequestState, Usable
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page


@signed_in
@require_safe
def list_asked(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, for the wallet that is open, which reads it again when a shop asks."""
    assert request.user.is_authenticated
    context = {"asked": requests_read.to_answer(request.user, at=clock.now())}
    return render(request, "consumer/_asked.html", context)


@signed_in
@require_safe
def request_page(request: HttpRequest, request_ref: str) -> HttpResponse:
    """Which shop asks, for how many uses, and what of one's own could be used there."""
    assert request.user.is_authenticated
    at = clock.now()
    found = requests_read.for_owner(request_ref, request.user, at=at)
    if found is None:
        raise NotFound
    waits = found.state is RequestState.WAITING
    context = {
        "tab": "wallet",
        "asked": found,
        "now": at,
        "zone": found.zone,
        "choosable": [_choosable(one, found) for one in flow.usable(found, by=request.user, at=at)]
        if waits
        else [],
    }
    return page(request, "consumer/asked.html", context, part="consumer/_asked_one.html")


def _choosable(one: Usable, asked: RequestForOwner) -> dict[str, Any]:
    """A voucher with its choices, and why it cannot be used for this, in words; "" where it can."""
    prepared, why = one.prepared, ""
    if prepared.refusal:
        why = " ".join(refusal_words(prepared.refusal, prepared.terms, zone=asked.zone))
    elif prepared.most < asked.uses:
        why = _("%(n)s of it can be used now.") % {"n": prepared.most}
    elif prepared.terms.least_bill and asked.bill is None:
        why = _("The shop has to say what the bill comes to. Ask them to do it again, with the amount.")
    choices = [
        (f"choice-{position}", thing.names, prepared.left[position])
        for position, thing in enumerate(prepared.terms.choices)
    ]
    return {"one": one, "prepared": prepared, "why": why.strip(), "choices": choices}


@signed_in
@require_POST
def confirm(request: HttpRequest, request_ref: str) -> HttpResponse:
    """Let the shop redeem the chosen voucher."""
    person = _person(request)
    try:
        done = flow.confirm(
            request_ref=request_ref,
            voucher_ref=request.POST.get("voucher", ""),
            choices=_chosen(request),
            by=person,
            at=clock.now(),
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, _why_not(error, request_ref, person))
        return redirect("voucher_request", request_ref)
    messages.success(request, _("Confirmed. The shop sees it now. Enjoy!"))
    return redirect("voucher", done.voucher_ref)


@signed_in
@require_POST
def refuse(request: HttpRequest, request_ref: str) -> HttpResponse:
    """It was not for me, or I do not want it: nothing is used."""
    try:
        requests.refuse(request_ref=request_ref, by=_person(request), at=clock.now())
    except requests.RequestOver as error:
        messages.info(request, str(error))
    else:
        messages.success(request, _("Nothing was used, and the shop learns nothing about you."))
    return redirect("wallet")


def _person(request: HttpRequest) -> Person:
    assert request.user.is_authenticated
    return request.user


def _why_not(error: DomainError, request_ref: str, person: Person) -> str:
    if not isinstance(error, TermsRefuse):
        return str(error)
    asked = requests_read.for_owner(request_ref, person, at=clock.now())
    refused, terms = refusal_of(error.details)
    return " ".join(refusal_words(refused, terms, zone=asked.zone if asked else "UTC")).strip()


def _chosen(request: HttpRequest) -> list[int]:
    """The choices as the page sends them: each position as often as it is taken, and no more than a scan may."""
    chosen: list[int] = []
    for position in range(MOST_CHOICES):
        text = request.POST.get(f"choice-{position}", "")
        if text.isascii() and text.isdecimal() and len(text) < 4:
            chosen += [position] * min(int(text), MOST_USES)
    return chosen[:MOST_USES]
