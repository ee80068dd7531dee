"""The stores of a chain with what each still lacks, opened and closed; and the company's own facts."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows.checklist import stores_with_facts
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import Right, StoreState
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page


class StateForm(forms.Form):
    """What a store is to be from now on."""

    to = forms.ChoiceField(choices=[(state.value, state.value) for state in StoreState])


class FactsForm(forms.Form):
    """The company behind the stores."""

    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=200, required=False)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=200, required=False)
    legal_name = forms.CharField(
        label=gettext_lazy("Name of the company"),
        max_length=200,
        help_text=gettext_lazy("As it is registered. It stands on payouts and statements."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    business_id = forms.CharField(label=gettext_lazy("Business ID"), max_length=40)
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        help_text=gettext_lazy("Where the platform reaches you. Shoppers see the phone of each store."),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "inputmode": "email", "autocomplete": "email"}),
    )


@needs(Right.MANAGE_MERCHANT, everywhere=True)
@require_safe
def store_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every store of the merchant, and what it lacks."""
    context = {"rows": stores_with_facts(desk.merchant_ref)}
    return merchant_page(request, desk, "merchant/stores.html", context, tab="stores")


@needs(Right.MANAGE_MERCHANT, everywhere=True)
@require_POST
def set_state(request: HttpRequest, desk: Desk, store_ref: str) -> HttpResponse:
    """Close a store for a while or for good, or open it again."""
    store = merchants.store_by_ref(store_ref)
    form = StateForm(request.POST)
    if store is None or store.merchant_ref != desk.merchant_ref or not form.is_valid():
        raise Http404
    assert desk.person is not None, "owners are signed in"
    state = StoreState(form.cleaned_data["to"])
    services.set_store_state(store_ref=store_ref, state=state, by=desk.person, at=clock.now())
    told = {
        StoreState.OPEN: _("The store is open again."),
        StoreState.PAUSED: _("The store is closed for now. Open it again here when you are back."),
        StoreState.CLOSED: _("The store is closed for good."),
    }
    messages.success(request, told[state])
    return redirect("merchant_stores")


@needs(Right.MANAGE_MERCHANT, everywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The company: its registered name and number, and how it is reached."""
    merchant = merchants.merchant_by_ref(desk.merchant_ref)
    assert merchant is not None, "a desk stands in a merchant's store"
    initial: dict[str, Any] = {
        "name_en": merchant.names.get("en", ""),
        "name_zh": merchant.names.get("zh-Hans", ""),
        "legal_name": merchant.legal_name,
        "business_id": merchant.business_id,
        "phone": merchant.phone,
        "email": merchant.email,
    }
    form = FactsForm(request.POST or None, initial=initial)
    status = 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        assert desk.person is not None, "owners are signed in"
        try:
            services.set_merchant_facts(
                merchant_ref=desk.merchant_ref,
                names={"en": data["name_en"], "zh-Hans": data["name_zh"]},
                legal_name=data["legal_name"],
                business_id=data["business_id"],
                phone=data["phone"],
                email=data["email"],
                by=desk.person,
                at=clock.now(),
            )
        except DomainError as error:
            field = {"phone_invalid": "phone", "email_invalid": "email"}.get(error.code, "name_en")
            form.add_error(field, str(error))
            status = error.status
        else:
            messages.success(request, _("The company's facts are saved."))
            # The checklist says what comes next.
            return redirect("merchant_stores" if desk.approved else "merchant_today")
    context = {"form": form, "merchant": merchant}
    return merchant_page(request, desk, "merchant/facts.html", context, tab="stores", status=status)
