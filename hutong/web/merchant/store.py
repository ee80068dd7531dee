"""The store as shoppers find it: what is said of it, in both languages, and how it will look."""

from dataclasses import replace
from json import dumps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import edit_store, pictures, publish
from hutong.kernel import clock
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Place
from hutong.kernel.text import own_lines, pick
from hutong.town.catalog import queries as catalog
from hutong.town.contents.types import RevisionState
from hutong.town.merchants.queries import category_tree
from hutong.town.merchants.rules import open_state
from hutong.town.merchants.types import MerchantState, Right, StoreFacts, StoreView
from hutong.town.regions.queries import region_by_id
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page, saved_words
from hutong.web.shell.maps import map_config
from hutong.web.shell.parts import page
from hutong.web.shell.shopfront import deal_context, store_context, week

ZOOM = 16.2
MAX_TEXT = 2_000


class FactsForm(forms.Form):
    """What is live at once. `name` is what stands on the door."""

    name = forms.CharField(label=gettext_lazy("Name on the door"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=120, required=False)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=120, required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"))
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=60,
        required=False,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    website = forms.URLField(
        label=gettext_lazy("Website"), max_length=500, required=False, assume_scheme="https"
    )
    address = forms.CharField(label=gettext_lazy("Street and number"), max_length=300, required=False)
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=20, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100, required=False)
    lat = forms.FloatField(label=gettext_lazy("Latitude"), min_value=-85, max_value=85)
    lon = forms.FloatField(label=gettext_lazy("Longitude"), min_value=-180, max_value=180)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        choices = [
            (pick(group.names, language), [(one.slug, pick(one.names, language)) for one in group.children])
            for group in category_tree()
        ]
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField), "declared above"
        field.choices = choices

    def facts(self) -> StoreFacts:
        """What was typed, for the service."""
        typed = dict(self.cleaned_data)
        names = {"name": typed.pop("name"), "en": typed.pop("name_en"), "zh-Hans": typed.pop("name_zh")}
        return StoreFacts(names=names, category_slug=typed.pop("category"), **typed)


class TextsForm(forms.Form):
    """What the store says of itself, side by side."""

    en = forms.CharField(
        label=gettext_lazy("In English"),
        max_length=MAX_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 7, "lang": "en"}),
    )
    zh = forms.CharField(
        label=gettext_lazy("In Chinese"),
        max_length=MAX_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 7, "lang": "zh-Hans"}),
    )


@needs(Right.EDIT_STORE)
@require_safe
def store(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Everything of the chosen store that its people can change."""
    return _show(request, desk)


@needs(Right.EDIT_STORE)
@require_POST
def set_facts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Names, category, contacts and place; shoppers see them at once."""
    assert desk.person is not None, "who edits is signed in"
    form = FactsForm(request.POST)
    if form.is_valid():
        try:
            edit_store.set_facts(store_ref=desk.store.ref, facts=form.facts(), by=desk.person, at=clock.now())
        except Invalid as error:
            name = error.details.get("field")
            form.add_error(name if name in form.fields else None, str(error))
        else:
            messages.success(request, saved_words(desk))
            return redirect("merchant_store")
    return _show(request, desk, facts=form, status=422)


@needs(Right.EDIT_STORE)
@require_POST
def set_texts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A new version of the descriptions: live at once, or when the operator has looked at it."""
    assert desk.person is not None, "who edits is signed in"
    form = TextsForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, texts=form, status=422)
    typed = {"en": form.cleaned_data["en"], "zh-Hans": form.cleaned_data["zh"]}
    body = {"descriptions": {language: own_lines(text) for language, text in typed.items() if text.strip()}}
    made = publish.propose_store(store_ref=desk.store.ref, body=body, by=desk.person, at=clock.now())
    if made.state is RevisionState.WAITING:
        messages.success(request, _("Handed in. Shoppers see it when the operator has looked at it."))
    else:
        messages.success(request, saved_words(desk, told=True))
    return redirect("merchant_store")


@needs(Right.EDIT_STORE)
@require_POST
def withdraw(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take back the texts that wait or were refused."""
    assert desk.person is not None, "who edits is signed in"
    publish.withdraw_store(store_ref=desk.store.ref, by=desk.person, at=clock.now())
    messages.success(request, _("Taken back. Shoppers see what they saw before."))
    return redirect("merchant_store")


@needs(Right.EDIT_STORE)
@require_safe
def preview(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The store's page as shoppers will see it, with the texts and pictures that still wait."""
    region = region_by_id(desk.store.region_id)
    assert region is not None, "a store has a region"
    texts = edit_store.working_texts(desk.store)
    # As shoppers will see it: approved, whatever still waits.
    shown = replace(desk.store, descriptions=texts.descriptions, merchant_state=MerchantState.APPROVED)
    place = Place(shown.lon, shown.lat)
    name = pick(shown.names, get_language() or "en")
    pins = [{"lon": shown.lon, "lat": shown.lat, "name": name, "url": "#", "price": None}]
    context = store_context(shown, pictures.working(shown.ref).pictures, place, clock.now()) | {
        "region": region,
        "preview": True,
        "config": dumps(map_config(region, shown.lon, shown.lat, ZOOM, points=None, pins=pins, still=True)),
    }
    return page(request, "merchant/store_preview.html", context)


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def deal_preview(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """A deal's page as shoppers will see it, on sale or not yet, with the pictures that still wait."""
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != desk.merchant_ref:
        raise Http404
    place = Place(desk.store.lon, desk.store.lat)
    context = deal_context(offer, pictures.working(offer_ref).pictures, place, clock.now())
    context |= {"zone": context["zone"] or desk.store.zone, "preview": True}
    return page(request, "merchant/deal_preview.html", context)


def _show(
    request: HttpRequest,
    desk: Desk,
    *,
    facts: FactsForm | None = None,
    texts: TextsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown, at = desk.store, clock.now()
    working = edit_store.working_texts(shown)
    told = working.descriptions
    context = {
        "facts": facts or FactsForm(initial=_initial(shown)),
        "texts": texts or TextsForm(initial={"en": told.get("en", ""), "zh": told.get("zh-Hans", "")}),
        "working": working,
        "gallery": pictures.working(shown.ref),
        "open": open_state(shown.opening_hours, zone=shown.zone, at=at, lon=shown.lon, lat=shown.lat),
        "week": week(shown.opening_hours, shown, at),
        **_map(shown, facts),
    }
    return merchant_page(request, desk, "merchant/store.html", context, tab="store", status=status)


def _map(store: StoreView, facts: FactsForm | None) -> dict[str, Any]:
    """A map whose middle is the store's position, and writes it into the two fields."""
    region = region_by_id(store.region_id)
    assert region is not None, "a store has a region"
    typed = facts.cleaned_data if facts is not None else {}
    lon, lat = typed.get("lon", store.lon), typed.get("lat", store.lat)
    fields = {"lon": "id_lon", "lat": "id_lat"}
    config = map_config(region, lon, lat, ZOOM, points=None, pins=[], still=True, pick=fields)
    return {"config": dumps(config), "worker": static("dist/map_worker.js")}


def _initial(store: StoreView) -> dict[str, Any]:
    plain = {
        name: getattr(store, name) for name in ("phone", "email", "website", "address", "postcode", "city")
    }
    names = store.names
    return plain | {
        "name": names.get("name") or pick(names, "en"),
        "name_en": names.get("en", ""),
        "name_zh": names.get("zh-Hans", ""),
        "category": store.category.slug,
        "lat": store.lat,
        "lon": store.lon,
    }
