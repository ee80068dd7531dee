"""Buying a gift card for somebody: how much, paid as any order is, then a code to hand on."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.flows import gift_cards as flow
from hutong.flows import payment_received
from hutong.kernel import clock
from hutong.kernel.codes import group
from hutong.kernel.errors import DomainError
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.giftcards import rules, services
from hutong.pay.giftcards.types import CardState, CardView
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import RefundState
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.consumer.place import whereabouts
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.ways_to_pay import REMEMBERED, payer_of


class BuyForm(forms.Form):
    """How much, and a line for whoever gets it."""

    amount = forms.TypedChoiceField(coerce=int)
    message = forms.CharField(
        label=gettext_lazy("A line for whoever gets it"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
    )
    provider = forms.CharField(max_length=20, required=False)
    client_key = forms.CharField(max_length=40)

    def __init__(self, choices: list[Money], data: Any = None) -> None:
        super().__init__(data)
        self.fields["amount"].choices = [(one.minor, str(one.minor)) for one in choices]  # type: ignore[attr-defined]


@signed_in
@require_http_methods(["GET", "POST"])
def buy(request: HttpRequest) -> HttpResponse:
    """Choose an amount of the town's money and pay it. Safe to tap twice."""
    region = whereabouts(request).region
    choices = rules.choices(region.currency)
    form, problem, status = BuyForm(choices, request.POST or None), "", 200
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            card_ref = flow.buy(
                person=owner(request),
                amount=Money(wanted["amount"], region.currency),
                region_id=region.region_id,
                message=wanted["message"],
                client_key=wanted["client_key"],
                provider=wanted["provider"] or None,
                at=clock.now(),
            )
            if wanted["provider"]:
                request.session[REMEMBERED] = wanted["provider"]
            return HttpResponseRedirect(_payment_page(request, card_ref))
        except DomainError as error:
            problem, status = str(error), error.status
    elif request.method == "POST":
        problem, status = _("Choose an amount."), 422
    context = {
        "tab": "me",
        "form": form,
        "choices": choices,
        "chosen": request.POST.get("amount") or str(choices[1].minor),
        "unit": region.currency,
        "problem": problem,
        "client_key": request.POST.get("client_key") or new_id("key"),
    }
    return page(request, "consumer/gift_card_buy.html", context, status=status)


def _payment_page(request: HttpRequest, card_ref: str) -> str:
    return flow.pay(
        card_ref=card_ref,
        person=owner(request),
        return_url=f"{settings.HUTONG_SITE_URL}{reverse('gift_card', args=[card_ref])}",
        payer=payer_of(request),
        language=get_language() or "en",
        at=clock.now(),
    )


def _own(request: HttpRequest, card_ref: str) -> CardView:
    card = giftcards.card_view(card_ref, bought_by_id=owner(request).pk)
    if card is None:
        raise services.CardUnknown
    return card


@signed_in
@require_GET
def gift_card(request: HttpRequest, card_ref: str) -> HttpResponse:
    """A card that one bought: waiting for its money, a code to hand on, or opened by somebody."""
    at, card = clock.now(), _own(request, card_ref)
    if card.state is CardState.WAITING:
        payment_received.look(order_ref=card_ref, at=at)
        card = _own(request, card_ref)
    payment = payments.payment_for_order(card_ref)
    code = group(giftcards.code_of(card_ref)) if card.state is CardState.OPEN else ""
    context = {
        "tab": "me",
        "zone": zone_here(),
        "card": card,
        "payment": payment,
        "waiting": card.state is CardState.WAITING and card.expires_at is not None and card.expires_at > at,
        "to_scan": payment.redirect_url if payment and payment.to_scan else "",
        "code": code,
        "link": f"{settings.HUTONG_SITE_URL}{reverse('balance_claim')}?code={code}" if code else "",
        "refresh": request.path,
    }
    return page(request, "consumer/gift_card.html", context, part="consumer/_gift_card.html")


@signed_in
@require_POST
def pay_again(request: HttpRequest, card_ref: str) -> HttpResponse:
    """To the payment page of a card that still waits for its money."""
    try:
        return HttpResponseRedirect(_payment_page(request, card_ref))
    except services.CardUnknown:
        raise
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("gift_card", card_ref)


@signed_in
@require_POST
def take_back(request: HttpRequest, card_ref: str) -> HttpResponse:
    """Take a card back that nobody has opened: its code is dead, its money goes back."""
    try:
        back = flow.take_back(card_ref=card_ref, person=owner(request), at=clock.now())
    except services.CardUnknown:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    else:
        done = back.state is RefundState.DONE
        messages.success(request, _("Refunded.") if done else _("Your refund is on its way."))
    return redirect("gift_card", card_ref)
