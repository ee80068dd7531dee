"""What a person has on gift cards: the cards, what came and went, and opening one with its code."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.http import client_address
from hutong.kernel.money import Money, format_money
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.giftcards import services
from hutong.pay.giftcards.types import CardState, CardView
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.templatetags.hutong import locale

MOVED = {
    "goodwill": gettext_lazy("Given to you"),
    "top_up": gettext_lazy("Gift card"),
    "stored_hold": gettext_lazy("Paid with it"),
    "stored_release": gettext_lazy("Not paid for after all"),
    "refund": gettext_lazy("Refunded"),
}


class ClaimForm(forms.Form):
    """The code of a gift card, as it was written or read out; the service forgives case, spaces and dashes."""

    code = forms.CharField(
        label=gettext_lazy("Code of the gift card"),
        max_length=60,
        help_text=gettext_lazy("16 letters and digits in four groups."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


def _sums(cards: list[CardView]) -> list[Money]:
    """What may be spent, one amount a currency."""
    sums: dict[str, Money] = {}
    for card in cards:
        if card.state is CardState.CLAIMED:
            sums[card.left.unit] = sums.get(card.left.unit, Money(0, card.left.unit)) + card.left
    return list(sums.values())


@signed_in
@require_GET
def balance(request: HttpRequest) -> HttpResponse:
    """What is left on one's cards, each card, what came and went."""
    person = owner(request)
    cards = giftcards.cards_of(person.pk)
    context = {
        "tab": "me",
        "zone": zone_here(),
        "sums": _sums(cards),
        "cards": cards,
        "bought": giftcards.bought_by(person.pk),
        "moves": [(one, MOVED.get(one.kind, one.kind)) for one in giftcards.history(person.pk)],
        "form": ClaimForm(),
    }
    return page(request, "consumer/balance.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """Open a card with its code. The address may carry the code; the card changes hands by the button alone."""
    person = owner(request)
    form = ClaimForm(request.POST or None, initial={"code": request.GET.get("code", "")[:60]})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            card_ref = services.claim(
                code=form.cleaned_data["code"],
                person=person,
                address=client_address(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("code", str(error))
            status = error.status
        else:
            card = giftcards.card_view(card_ref)
            assert card is not None, "it was opened just now"
            amount = format_money(card.left, locale())
            messages.success(request, _("%(amount)s is yours now. Use it at checkout.") % {"amount": amount})
            return redirect("balance")
    return page(request, "consumer/balance_claim.html", {"tab": "me", "form": form}, status=status)
