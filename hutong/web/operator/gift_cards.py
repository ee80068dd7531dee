"""Gift cards: what is owed on them, giving one for a reason, and blocking one that was lost."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows.gift_cards import unblock as unblock_card
from hutong.kernel import clock
from hutong.kernel.codes import group
from hutong.kernel.errors import DomainError
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money, format_money
from hutong.pay.giftcards import queries, rules, services
from hutong.pay.giftcards.types import CardState, IssuedCard
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.town.regions.types import RegionView
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of, typed_phone, zone_of
from hutong.web.shell.templatetags.hutong import locale
from hutong.web.shell.typed import minor_units

PAGE = 50


class IssueForm(forms.Form):
    """A card to give: how much, why, and to whom (nobody: a code to hand on)."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The audit log keeps it; the shopper does not see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone number of the shopper"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Left empty: you get a code, and whoever opens it first has the card."),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    client_key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, region: RegionView, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.region = region
        self.holder: Person | None = None
        most = format_money(rules.most(region.currency), locale())
        self.fields["amount"].help_text = _("In %(unit)s, at most %(most)s.") % {
            "unit": region.currency,
            "most": most,
        }

    def clean_amount(self) -> Money:
        """The amount in the region's currency."""
        return Money(
            minor_units(self.cleaned_data["amount"], self.region.currency) or 0, self.region.currency
        )

    def clean_phone(self) -> str:
        """A number somebody signs in with, or nothing."""
        typed: str = self.cleaned_data["phone"].strip()
        if typed:
            self.holder = people.person_by_phone(typed_phone(typed))
            if self.holder is None:
                raise ValidationError(_("Nobody has signed in with this number."))
        return typed


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def gift_cards(request: HttpRequest, operator: Person) -> HttpResponse:
    """What is owed on all cards, the newest cards, and giving one. The code is shown to who gave it, until it is opened."""
    region, every = region_of(request)
    form = None
    if region is not None:
        first = {"client_key": new_id("key")}
        form = IssueForm(region, request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form is not None and form.is_valid():
        issued = _issued(form, operator)
        if issued is not None:
            return redirect(f"{reverse('operator_gift_cards')}?given={issued.ref}")
    before = request.GET.get("before", "")[:40]
    cards = queries.card_list(before_ref=before or None, limit=PAGE + 1)
    context = {
        "region": region,
        "regions": every,
        "form": form,
        "given": _given(request.GET.get("given", ""), operator),
        "owed": queries.liability(),
        "cards": cards[:PAGE],
        "next_ref": cards[PAGE - 1].ref if len(cards) > PAGE else "",
        "zone": zone_of(request),
    }
    status = 422 if request.method == "POST" else 200
    return operator_page(request, "operator/gift_cards.html", context, tab="gift_cards", status=status)


def _issued(form: IssueForm, operator: Person) -> IssuedCard | None:
    """The new card; None when it was refused, and the form says why."""
    wanted = form.cleaned_data
    try:
        return services.issue(
            amount=wanted["amount"],
            region_id=form.region.region_id,
            reason=wanted["reason"],
            holder=form.holder,
            by=operator,
            at=clock.now(),
            client_key=wanted["client_key"],
        )
    except services.AmountRefused as error:
        form.add_error("amount", str(error))
    except services.ReasonMissing as error:
        form.add_error("reason", str(error))
    return None


def _given(card_ref: str, operator: Person) -> dict[str, Any] | None:
    """The card this operator has just given, with its code while nobody has opened it."""
    card = queries.card_view(card_ref) if card_ref else None
    if card is None or card.issued_by_ref != operator.public_id:
        return None
    code = group(queries.code_of(card.ref)) if card.state is CardState.OPEN else ""
    return {"card": card, "code": code}


@operators
@require_POST
def block(request: HttpRequest, operator: Person, card_ref: str) -> HttpResponse:
    """Let nothing leave a card any more, for a reason."""
    reason = request.POST.get("reason", "")[:200]
    try:
        services.block(card_ref=card_ref, reason=reason, by=operator, at=clock.now())
    except services.CardUnknown:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The card is blocked. Refunds still come back to it."))
    return redirect("operator_gift_cards")


@operators
@require_POST
def unblock(request: HttpRequest, operator: Person, card_ref: str) -> HttpResponse:
    """Let a blocked card be spent again."""
    try:
        unblock_card(card_ref=card_ref, by=operator, at=clock.now())
    except services.CardUnknown:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The card can be spent again."))
    return redirect("operator_gift_cards")
