"""Redeeming without the code, at the counter: ask by a phone number, wait for the answer, take the question back."""

import secrets
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import redeem_by_phone as flow
from hutong.flows.redeem import Actor, actor_for
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.http import client_address
from hutong.kernel.money import Money
from hutong.town.catalog.queries import offers_by_refs
from hutong.town.merchants.types import Right
from hutong.town.people.services import PhoneInvalid
from hutong.visit.vouchers.queries import requests as requests_read
from hutong.visit.vouchers.rules.terms import MOST_USES
from hutong.visit.vouchers.services.requests import RequestOpen, withdraw
from hutong.visit.vouchers.types.requests import RequestForShop, RequestState
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.answers import Answer, Tone, no, yes
from hutong.web.merchant.deal_fields import AmountField
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.offline_words import WITHOUT_NETWORK
from hutong.web.shell.parts import wants_part


class PhoneForm(forms.Form):
    """A phone number as the shopper says it, how many uses, and what the bill comes to where a voucher asks for it."""

    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        strip=True,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    uses = forms.IntegerField(label=_("How many?"), min_value=1, max_value=MOST_USES, required=False)
    nonce = forms.CharField(min_length=8, max_length=64, widget=forms.HiddenInput)

    def __init__(self, unit: str, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.unit = unit
        self.fields["bill"] = AmountField(unit, label=_("Amount of the bill"))
        self.fields["bill"].help_text = _("Only where a voucher asks for it.")

    @property
    def bill(self) -> Money | None:
        """What the bill comes to, where it was said."""
        amount = self.cleaned_data.get("bill")
        return Money(amount, self.unit) if amount else None


def empty_form(unit: str) -> PhoneForm:
    """The form for the next question."""
    return PhoneForm(unit, initial={"uses": 1, "nonce": secrets.token_hex(16)})


def waiting(desk: Desk) -> RequestForShop | None:
    """The question for whose answer this device or person waits."""
    ref = desk.device.ref if desk.device else desk.person.public_id if desk.person else ""
    return requests_read.open_of(ref, at=clock.now())


@needs(Right.REDEEM, device=True)
@require_POST
def ask(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask whoever signs in with the number. The page then waits, whether or not there is somebody."""
    form = PhoneForm(desk.store.currency, request.POST)
    if not form.is_valid():
        return _form_again(request, desk, form)
    at = clock.now()
    try:
        asked = flow.ask(
            phone=form.cleaned_data["phone"],
            uses=form.cleaned_data["uses"] or 1,
            bill=form.bill,
            actor=_actor(desk),
            nonce=form.cleaned_data["nonce"],
            address=client_address(request),
            at=at,
        )
    except PhoneInvalid as error:
        form.add_error("phone", str(error))
        return _form_again(request, desk, form)
    except RequestOpen as error:
        return redirect("merchant_asked", error.details["request_ref"])
    except DomainError as error:
        answer = no(error, code="", zone=desk.store.zone, at=at)
        return _page(request, desk, {"answer": answer, "nonce": secrets.token_hex(16)}, answer.status)
    return _show(request, desk, asked)


@needs(Right.REDEEM, device=True)
@require_safe
def asked(request: HttpRequest, desk: Desk, request_ref: str) -> HttpResponse:
    """How one's own question stands. The page reads it again by itself when the answer comes."""
    found = flow.answered(request_ref=request_ref, actor=_actor(desk), at=clock.now())
    return _show(request, desk, found.request, whole=not wants_part(request))


@needs(Right.REDEEM, device=True)
@require_POST
def take_back(request: HttpRequest, desk: Desk, request_ref: str) -> HttpResponse:
    """Ask no more; where the answer was faster, it is shown."""
    found = withdraw(request_ref=request_ref, actor_ref=_actor(desk).ref, at=clock.now())
    if found.state is RequestState.CONFIRMED:
        return _show(request, desk, found)
    return redirect("merchant_scan")


def _actor(desk: Desk) -> Actor:
    device_ref = desk.device.ref if desk.device else None
    return actor_for(device_ref=device_ref, person=desk.person, store_ref=desk.store.ref)


def _show(request: HttpRequest, desk: Desk, asked: RequestForShop, *, whole: bool = True) -> HttpResponse:
    """The question while it waits, then what came of it; not `whole` is what the waiting page reads again."""
    at = clock.now()
    waits = asked.state is RequestState.WAITING
    context: dict[str, Any] = {
        "asked": asked if waits else None,
        "answer": None if waits else _answer(desk, asked),
        "now": at,
        "nonce": secrets.token_hex(16),
    }
    part = "merchant/_scan.html" if whole else "merchant/_scan_asked.html"
    return _page(request, desk, context, 200, part=part)


def _answer(desk: Desk, asked: RequestForShop) -> Answer:
    at = clock.now()
    if asked.state is RequestState.CONFIRMED:
        result = flow.answered(request_ref=asked.ref, actor=_actor(desk), at=at).result
        assert result is not None, "what was confirmed was redeemed"
        offer = offers_by_refs([result.offer_ref]).get(result.offer_ref)
        return yes(result, includes=offer.includes if offer else (), at=at)
    if asked.state is RequestState.WITHDRAWN:
        return Answer(Tone.WAIT, str(_("Taken back")), text=str(_("Nothing was redeemed.")))
    return Answer(
        Tone.WAIT,
        str(_("Not confirmed")),
        text=str(_("Nobody confirmed it within five minutes. Nothing was redeemed.")),
        advice=str(_("Check the number with the shopper, or scan the code on their screen.")),
    )


def _form_again(request: HttpRequest, desk: Desk, form: PhoneForm) -> HttpResponse:
    status = 200 if wants_part(request) else 422
    context = {"answer": None, "phone_form": form, "nonce": secrets.token_hex(16)}
    return _page(request, desk, context, status)


def _page(
    request: HttpRequest,
    desk: Desk,
    context: dict[str, Any],
    status: int,
    part: str = "merchant/_scan.html",
) -> HttpResponse:
    if status != 200 and wants_part(request):
        status = 200  # htmx shows nothing that comes with an error's status
    context = {"phone_form": empty_form(desk.store.currency), **WITHOUT_NETWORK, **context}
    return merchant_page(request, desk, "merchant/scan.html", context, tab="scan", part=part, status=status)
