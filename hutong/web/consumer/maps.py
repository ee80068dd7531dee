"""The map: its page, its pins, the card of a pin."""

import json

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.attract.search.types import Bounds
from hutong.kernel import clock
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.geo import Place, distance_m
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import open_state
from hutong.web.consumer.filters import address, category_chips
from hutong.web.consumer.place import HERE_COOKIE, Whereabouts, read_place, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.maps import map_config
from hutong.web.shell.parts import page, wants_part

# A map opened over a whole town shows its middle this close; a store's own map is closer.
ZOOM = 15.0
STORE_ZOOM = 16.2
MOST_PINS = 300


class BoxInvalid(Invalid):
    """The part of the map asked for is not a box in degrees."""

    code = "box_invalid"
    message = _("This part of the map cannot be shown.")


def _zoom(text: str) -> float:
    try:
        return min(18.5, max(10.0, float(text)))
    except ValueError:
        return ZOOM


@public
@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    """The map with price pins; the filters of the list go with it in the address."""
    where = whereabouts(request)
    query = request.GET.copy()
    for name in ("after", "zoom"):
        query.pop(name, None)
    config = map_config(
        where.region,
        where.place.lon,
        where.place.lat,
        _zoom(request.GET.get("zoom", "")),
        points=f"{reverse('map_points')}?{query.urlencode()}",
        card=reverse("map_card", args=["STORE"]),
        sheet="sheet",
        here=[where.place.lon, where.place.lat] if where.located else None,
    )
    context = {
        "tab": "map",
        "region": where.region,
        "zone": where.region.zone,
        "query": query.get("q", ""),
        "config": json.dumps(config),
        "worker": static("dist/map_worker.js"),
        "list_url": f"{reverse('nearby')}?{query.urlencode()}",
        "kept": [(name, query[name]) for name in ("category", "show", "open", "sort") if query.get(name)],
        "category_chips": category_chips(query, merchants.category_tree(), query.get("category", "")),
        "cleared_url": address(query, q=None),
    }
    return page(request, "consumer/map.html", context)


@public
@require_GET
def map_points(request: HttpRequest) -> HttpResponse:
    """The stores in `box=west,south,east,north` as GeoJSON; one statement."""
    try:
        west, south, east, north = (float(part) for part in request.GET.get("box", "").split(","))
    except ValueError as error:
        raise BoxInvalid from error
    body = search.map_points(
        bounds=Bounds(west=west, south=south, east=east, north=north),
        category=request.GET.get("category") or None,
        text=request.GET.get("q", "")[:80] or None,
        limit=MOST_PINS,
    )
    return HttpResponse(
        body, content_type="application/geo+json", headers={"Cache-Control": "private, max-age=30"}
    )


@public
@require_GET
def map_card(request: HttpRequest, store_ref: str) -> HttpResponse:
    """The card of a pin: the store, and the deal that the pin's price is of."""
    store, at = merchants.store_by_ref(store_ref), clock.now()
    if store is None or not store.shown:
        raise NotFound
    if not wants_part(request):
        return HttpResponse(status=302, headers={"Location": reverse("store", args=[store_ref])})
    here = read_place(request.COOKIES.get(HERE_COOKIE, ""))
    context = {
        "store": store,
        "open": open_state(store.opening_hours, zone=store.zone, at=at, lon=store.lon, lat=store.lat),
        "distance_m": distance_m(here, Place(store.lon, store.lat)) if here else None,
        "deals": search.deals_of_store(store_ref=store_ref, at=at),
        "zone": store.zone,
    }
    return page(request, "consumer/_map_card.html", context)


def store_map(where: Whereabouts, lon: float, lat: float, name: str) -> str:
    """The config of the small map on a store's page."""
    pins = [{"lon": lon, "lat": lat, "name": name, "url": "#", "price": None}]
    return json.dumps(map_config(where.region, lon, lat, STORE_ZOOM, points=None, pins=pins, still=True))
