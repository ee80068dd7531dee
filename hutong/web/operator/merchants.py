"""The list of merchants, and one merchant with everything: facts, stores, deals, orders, people, devices, history."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import approve, commission
from hutong.kernel import audit, clock
from hutong.kernel.errors import DomainError
from hutong.kernel.text import pick
from hutong.pay.orders import queries as orders
from hutong.town.catalog import queries as catalog
from hutong.town.contents.types import ReasonKind
from hutong.town.merchants import queries, services
from hutong.town.merchants.types import MerchantState, MerchantView
from hutong.town.people.services import Person, PhoneInvalid, normalise_phone
from hutong.town.regions import queries as regions
from hutong.visit.vouchers.queries import terms_of_all
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, typed_phone
from hutong.web.operator.queue.reasons import choices
from hutong.web.shell.commission_words import in_words
from hutong.web.shell.history import history

PAGE = 30
ORDERS = 20


class SearchForm(forms.Form):
    """What the list shows; anything unknown counts as nothing."""

    q = forms.CharField(required=False, max_length=80)
    state = forms.ChoiceField(required=False, choices=[(state.value, state.value) for state in MerchantState])
    region = forms.CharField(required=False, max_length=60)
    before = forms.CharField(required=False, max_length=40)


class DecisionForm(forms.Form):
    """Suspend or reinstate, and why."""

    decision = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    ready = forms.CharField(required=False, max_length=60)
    reason = forms.CharField(required=False, max_length=500)


class FactsForm(forms.Form):
    """The facts a merchant is known by, and why they are changed."""

    name = forms.CharField(label=gettext_lazy("Name of the shop"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=120, required=False)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=120, required=False)
    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=200, required=False)
    business_id = forms.CharField(label=gettext_lazy("Business id"), max_length=40, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why you change this"),
        max_length=300,
        help_text=gettext_lazy("The merchant reads it in its own log."),
    )

    @classmethod
    def of(cls, merchant: MerchantView) -> "FactsForm":
        """The form as the merchant is now."""
        return cls(
            initial={
                "name": merchant.names.get("name", pick(merchant.names, "en")),
                "name_en": merchant.names.get("en", ""),
                "name_zh": merchant.names.get("zh-Hans", ""),
                "legal_name": merchant.legal_name,
                "business_id": merchant.business_id,
                "phone": merchant.phone,
                "email": merchant.email,
            }
        )

    def names(self, merchant: MerchantView) -> dict[str, str]:
        """All names of the merchant with those of the form written over them."""
        typed = {"name": "name", "en": "name_en", "zh-Hans": "name_zh"}
        return {**merchant.names, **{key: self.cleaned_data[field] for key, field in typed.items()}}


@operators
@require_safe
def merchant_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Merchants, the newest first, by state and region, by part of a name, or by a whole number or id."""
    form = SearchForm(request.GET)
    form.is_valid()
    wanted = {name: str(form.cleaned_data.get(name) or "") for name in form.fields}
    every = regions.towns()
    region = next((each for each in every if each.slug == wanted["region"]), None)
    found = queries.merchant_list(
        text=wanted["q"].strip(),
        phone=typed_phone(wanted["q"]),
        state=MerchantState(wanted["state"]) if wanted["state"] else None,
        region_id=region.region_id if region else None,
        before_ref=wanted["before"] or None,
        limit=PAGE + 1,
    )
    more = len(found) > PAGE
    context = {
        "merchants": found[:PAGE],
        "wanted": wanted,
        "regions": every,
        "chips": _chips(wanted),
        "next_url": _address(wanted, before=found[PAGE - 1].ref) if more else "",
    }
    part = "operator/_merchant_rows.html" if wanted["before"] else ""
    return operator_page(request, "operator/merchants.html", context, tab="merchants", part=part)


@operators
@require_safe
def merchant(request: HttpRequest, _operator: Person, merchant_ref: str) -> HttpResponse:
    """One merchant, one of its sides at a time (`show`)."""
    found = _merchant(merchant_ref)
    show = request.GET.get("show", "facts")
    if show not in SIDES:
        raise Http404
    return _show(request, found, show, SIDES[show](request, found))


@operators
@require_POST
def decide(request: HttpRequest, operator: Person, merchant_ref: str) -> HttpResponse:
    """Suspend an approved merchant, or reinstate a suspended one, with the reason it reads."""
    found, form = _merchant(merchant_ref), DecisionForm(request.POST)
    if not form.is_valid():
        raise Http404
    yes = form.cleaned_data["decision"] == "approve"
    ready = {each.key: each.text for each in _reasons(found)}
    reason = form.cleaned_data["reason"].strip() or ready.get(form.cleaned_data["ready"], "")
    try:
        approve.decide(ref=merchant_ref, approve=yes, reason=reason, by=operator, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done. The merchant can read the reason."))
    return redirect("operator_merchant", merchant_ref=merchant_ref)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: HttpRequest, operator: Person, merchant_ref: str) -> HttpResponse:
    """Correct the names and legal facts of a merchant, with a reason; the log keeps what they were."""
    found = _merchant(merchant_ref)
    form = FactsForm(request.POST) if request.method == "POST" else FactsForm.of(found)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and _corrected(form, found, operator):
            messages.success(request, _("The facts are changed. The merchant sees what and why."))
            return redirect("operator_merchant", merchant_ref=merchant_ref)
    context = {"merchant": found, "form": form}
    return operator_page(request, "operator/merchant_facts.html", context, tab="merchants", status=status)


def _corrected(form: FactsForm, found: MerchantView, operator: Person) -> bool:
    """Whether the service took the facts; what it says is put on the form."""
    told = form.cleaned_data
    try:
        phone = (
            normalise_phone(told["phone"])
            if told["phone"] and told["phone"] != found.phone
            else told["phone"]
        )
        services.correct_merchant(
            merchant_ref=found.ref,
            names=form.names(found),
            facts={
                "legal_name": told["legal_name"],
                "business_id": told["business_id"],
                "phone": phone,
                "email": told["email"],
            },
            reason=told["reason"],
            by=operator,
            at=clock.now(),
        )
    except PhoneInvalid as error:
        form.add_error("phone", str(error))
        return False
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    return True


def _facts(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    return {
        "moves": queries.merchant_history(found.ref),
        "alike": queries.alike(found.ref),
        "choices": _reasons(found),
        **_commission(found),
    }


def _commission(found: MerchantView) -> dict[str, Any]:
    """Which rule counts for a new deal of the merchant, and for which of its deals another one does."""
    at, titles = clock.now(), {offer.ref: offer.titles for offer in catalog.merchant_offers(found.ref)}
    new = commission.of_deal(found.ref, "", "", "", at=at)
    others = [
        each for each in commission.of_offers(titles, at=at) if new is None or each.rule.ref != new[0].ref
    ]
    words = in_words([*([new[0]] if new else []), *(each.rule for each in others)])
    told = [[titles[ref] for ref in each.offer_refs] for each in others]
    return {
        "new_deal": words[0] if new else None,
        "commission": list(zip(words[1:] if new else words, told, strict=True)),
    }


def _stores(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    return {"stores": queries.stores_of_merchant(found.ref)}


def _deals(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    sales = orders.sold_by_offer(found.merchant_id)
    deals = catalog.merchant_offers(found.ref)
    return {"deals": [(offer, sales[offer.ref].sold if offer.ref in sales else 0) for offer in deals]}


def _orders(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    newest = orders.order_list(merchant_id=found.merchant_id, limit=ORDERS)
    return {"orders": newest, "terms": terms_of_all({order.offer_ref for order in newest})}


def _people(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    return {"staff": queries.staff_of(found.ref)}


def _devices(_request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    return {"devices": queries.devices_of(found.ref)}


def _history(request: HttpRequest, found: MerchantView) -> dict[str, Any]:
    page = audit.search(merchant=found.ref, before=request.GET.get("before"), limit=PAGE)
    region = regions.region_by_id(found.region_id)
    entries = history(
        page.entries,
        zone=region.zone if region else "",
        unit=region.currency if region else "",
        for_merchant=False,
    )
    here = reverse("operator_merchant", kwargs={"merchant_ref": found.ref})
    next_url = f"{here}?{urlencode({'show': 'history', 'before': page.before})}" if page.before else ""
    return {"entries": entries, "next_url": next_url}


SIDES = {
    "facts": _facts,
    "stores": _stores,
    "deals": _deals,
    "orders": _orders,
    "people": _people,
    "devices": _devices,
    "history": _history,
}


def _show(request: HttpRequest, found: MerchantView, show: str, side: dict[str, Any]) -> HttpResponse:
    region = regions.region_by_id(found.region_id)
    context = {
        "merchant": found,
        "region": region,
        "zone": region.zone if region else "",
        "show": show,
        "sides": _sides(found, show),
        "may_suspend": found.state is MerchantState.APPROVED,
        "may_reinstate": found.state is MerchantState.SUSPENDED,
        **side,
    }
    part = "operator/_history_rows.html" if request.GET.get("before") else ""
    return operator_page(request, "operator/merchant.html", context, tab="merchants", part=part)


def _sides(found: MerchantView, show: str) -> list[dict[str, Any]]:
    labels = {
        "facts": _("Facts"),
        "stores": _("Stores"),
        "deals": _("Deals"),
        "orders": _("Orders"),
        "people": _("Team"),
        "devices": _("Devices"),
        "history": _("History"),
    }
    here = reverse("operator_merchant", kwargs={"merchant_ref": found.ref})
    return [
        {"url": f"{here}?show={key}", "label": label, "current": key == show, "count": None}
        for key, label in labels.items()
    ]


def _reasons(found: MerchantView) -> list[Any]:
    language = queries.owner_language(found.ref)
    names = {"name": found.names, "merchant": found.names}
    return choices(ReasonKind.MERCHANT, language=language, names=names)


def _merchant(ref: str) -> MerchantView:
    found = queries.merchant_by_ref(ref)
    if found is None:
        raise Http404
    return found


def _address(wanted: dict[str, str], **changes: str) -> str:
    query = {**wanted, "before": "", **changes}
    named = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('operator_merchants')}?{named}"


def _chips(wanted: dict[str, str]) -> list[dict[str, Any]]:
    labels = {
        "": _("All"),
        MerchantState.APPLIED: _("Waiting"),
        MerchantState.APPROVED: _("Approved"),
        MerchantState.SUSPENDED: _("Suspended"),
        MerchantState.REJECTED: _("Refused"),
    }
    return [
        {
            "url": _address(wanted, state=state),
            "label": label,
            "current": wanted["state"] == state,
            "count": None,
        }
        for state, label in labels.items()
    ]
