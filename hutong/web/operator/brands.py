"""Brands that imports brought, and whom an operator gives their listings."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.contents.rules import TAKE_BACK_WITHIN
from hutong.town.merchants import queries, services
from hutong.town.merchants.types import BrandLine, MerchantState
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, typed_phone, zone_of

PAGE = 30
MOST_MERCHANTS = 10


class SearchForm(forms.Form):
    """What the list shows; anything that does not fit counts as nothing."""

    q = forms.CharField(required=False, max_length=80)
    after = forms.CharField(required=False, max_length=200)


@operators
@require_safe
def brand_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Brands by name, with how many stores they have and whose they are; by part of a name."""
    wanted = _wanted(request)
    found = queries.brand_list(text=wanted["q"], after=wanted["after"], limit=PAGE + 1)
    more = {**wanted, "after": found[PAGE - 1].key} if len(found) > PAGE else None
    context = {
        "brands": found[:PAGE],
        "wanted": wanted,
        "next_url": f"{reverse('operator_brands')}?{urlencode(more)}" if more else "",
    }
    part = "operator/_brand_rows.html" if wanted["after"] else ""
    return operator_page(request, "operator/brands.html", context, tab="merchants", part=part)


@operators
@require_safe
def brand(request: HttpRequest, _operator: Person, brand_ref: str) -> HttpResponse:
    """One brand: where its stores are, whom it was given, and approved merchants it could be given."""
    found, wanted = _brand(brand_ref), _wanted(request)
    places = queries.brand_places(brand_ref)
    free = {place.region_id: place.free for place in places}
    gifts = queries.brand_gifts(brand_ref)
    last = next((gift for gift in gifts if gift.undone_at is None), None)
    context: dict[str, Any] = {
        "brand": found,
        "places": places,
        "gifts": gifts,
        "may_undo": last.ref if last and clock.now() - last.at <= TAKE_BACK_WITHIN else "",
        "wanted": wanted,
        "merchants": [(each, free.get(each.region_id, 0)) for each in _merchants(found, wanted["q"])],
        "most": services.MOST_AT_ONCE,
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/brand.html", context, tab="merchants")


@operators
@require_POST
def give(request: HttpRequest, operator: Person, brand_ref: str) -> HttpResponse:
    """Give the brand's free listings in a merchant's town to that merchant."""
    _brand(brand_ref)
    number = services.give_brand(
        brand_ref=brand_ref, merchant_ref=request.POST.get("merchant", "")[:40], by=operator, at=clock.now()
    )
    told = ngettext("Given, with %(n)s listing.", "Given, with %(n)s listings.", number) % {"n": number}
    messages.success(request, told)
    return redirect("operator_brand", brand_ref)


@operators
@require_POST
def take_back(request: HttpRequest, operator: Person, brand_ref: str, gift_ref: str) -> HttpResponse:
    """Undo the last gift within five minutes."""
    if gift_ref not in {gift.ref for gift in queries.brand_gifts(brand_ref)}:
        raise NotFound
    try:
        services.take_brand_back(gift_ref=gift_ref, by=operator, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. The listings are nobody's again."))
    return redirect("operator_brand", brand_ref)


def _merchants(found: BrandLine, text: str) -> list[Any]:
    """Approved merchants by what was typed; before anything is, those that are called like the brand."""
    asked = text.strip() or found.names["name"]
    return queries.merchant_list(
        text=asked, phone=typed_phone(asked), state=MerchantState.APPROVED, limit=MOST_MERCHANTS
    )


def _wanted(request: HttpRequest) -> dict[str, str]:
    form = SearchForm(request.GET)
    form.is_valid()
    return {name: str(form.cleaned_data.get(name) or "") for name in form.fields}


def _brand(brand_ref: str) -> BrandLine:
    found = queries.brand_by_ref(brand_ref)
    if found is None:
        raise NotFound
    return found
