"""The way in for owners: what it is about, finding one's shop, and signing up a new one."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.geo import Place
from hutong.kernel.text import pick
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import MerchantState, StoreState
from hutong.town.regions import queries as regions
from hutong.town.regions.types import Feature, RegionView
from hutong.web.merchant.access import STORE_KEY
from hutong.web.merchant.join_forms import SignUpForm
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.maps import map_config
from hutong.web.shell.parts import page

# The cookie in which shoppers' pages keep the chosen region.
REGION_COOKIE = "hutong_region"
FOUND = 20
# Owners look in the whole town, not around themselves.
RADIUS_M = 200_000
ZOOM = 15.5


class TownMissing(NotFound):
    """The site has no town that a shop could be in."""

    code = "no_region"
    message = gettext_lazy("This site has no town yet. Its operator imports one with: hutong import osm")


def region_of(request: HttpRequest) -> RegionView:
    """The town a visitor is in: asked for, or chosen earlier, or the site's. Raises `TownMissing`."""
    slug = request.GET.get("region") or request.COOKIES.get(REGION_COOKIE, "")
    region = (regions.region_by_slug(slug) if slug else None) or regions.default_region()
    if region is None:
        raise TownMissing
    return region


@public
@require_safe
def join(request: HttpRequest) -> HttpResponse:
    """What selling here is about, in three steps; and one's shop found by name or address."""
    region = region_of(request)
    query = request.GET.get("q", "").strip()[:80]
    features = regions.features(region.region_id)
    context: dict[str, Any] = {
        "region": region,
        "query": query,
        "found": _found(region, query),
        "can_claim": features[Feature.CLAIMS],
        "can_sign_up": features[Feature.SIGN_UP],
    }
    if request.user.is_authenticated:
        context["roles"] = merchants.staff_roles(request.user)
        context["claims"] = merchants.claims_of(request.user)
    return page(request, "merchant/join.html", context, part="merchant/_join_found.html")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def join_new(request: HttpRequest) -> HttpResponse:
    """A shop that is not in the list: its facts and its place, and it waits for the platform."""
    assert request.user.is_authenticated, "signed_in sees to it"
    region, person = region_of(request), request.user
    if not regions.feature_on(region.region_id, Feature.SIGN_UP):
        return page(request, "merchant/join_closed.html", {"region": region}, status=403)
    own = [
        each
        for each in merchants.merchants_of(person)
        if each.state in (MerchantState.APPLIED, MerchantState.APPROVED)
    ]
    initial = {"city": pick(region.names, "en"), "name_en": request.GET.get("name", "")[:200]}
    form = SignUpForm(request.POST or None, region=region, merchants=own, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            _merchant_ref, store_ref = services.sign_up(
                region_ref=region.ref,
                shop=form.shop(),
                merchant_ref=form.cleaned_data["merchant"] or None,
                legal_name=form.cleaned_data["legal_name"],
                business_id=form.cleaned_data["business_id"],
                email=form.cleaned_data["email"],
                by=person,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(_field_of(error), str(error))
        else:
            request.session[STORE_KEY] = store_ref
            messages.success(request, _("Your shop is signed up. Here is what comes next."))
            return redirect("merchant_today")
    status = 422 if form.errors else 200
    return page(request, "merchant/join_new.html", _map_context(region, form, own), status=status)


@signed_in
@require_POST
def join_again(request: HttpRequest, merchant_ref: str) -> HttpResponse:
    """A refused merchant asks once more."""
    assert request.user.is_authenticated, "signed_in sees to it"
    services.apply_again(merchant_ref=merchant_ref, by=request.user, at=clock.now())
    messages.success(request, _("You have applied again. The platform looks at it anew."))
    return redirect("merchant_today")


@signed_in
@require_POST
def join_reopen(request: HttpRequest, store_ref: str) -> HttpResponse:
    """An owner opens a store again that was closed for good, also when no other one is left."""
    assert request.user.is_authenticated, "signed_in sees to it"
    services.set_store_state(store_ref=store_ref, state=StoreState.OPEN, by=request.user, at=clock.now())
    request.session[STORE_KEY] = store_ref
    messages.success(request, _("The store is open again."))
    return redirect("merchant_today")


def _found(region: RegionView, query: str) -> Any:
    if len(query) < 2:
        return None
    here = Place(region.lon, region.lat)
    return search.nearby(place=here, at=clock.now(), text=query, limit=FOUND, radius_m=RADIUS_M).items


def _field_of(error: DomainError) -> str | None:
    """The field a refusal is about; None where it is about the whole form."""
    fields = {"phone_invalid": "phone", "email_invalid": "email", "shop_elsewhere": "lat"}
    return fields.get(error.code)


def _map_context(region: RegionView, form: SignUpForm, own: list[Any]) -> dict[str, Any]:
    lon, lat = region.lon, region.lat
    if form.is_bound and isinstance(form.cleaned_data.get("lon"), float):
        lon, lat = form.cleaned_data["lon"], form.cleaned_data.get("lat") or lat
    fields = {"lon": "id_lon", "lat": "id_lat"}
    config = map_config(region, lon, lat, ZOOM, points=None, pins=[], still=True, pick=fields)
    return {
        "region": region,
        "form": form,
        "has_merchants": bool(own),
        "config": json.dumps(config),
        "worker": static("dist/map_worker.js"),
        "back_url": reverse("join"),
    }
