"""The map: its page, the card of a pin."""

import json
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place, distance_m
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import open_state
from hutong.town.merchants.types import CategoryView
from hutong.web.consumer.asking import Asking, active_filters, read
from hutong.web.consumer.filters import OF_THE_MOMENT, address, category_chips, find_category
from hutong.web.consumer.place import HERE_COOKIE, Whereabouts, read_place, whereabouts
from hutong.web.consumer.tiles import tiles_address
from hutong.web.shell.access import public
from hutong.web.shell.maps import map_config
from hutong.web.shell.parts import page, wants_part

# A map opened over a whole town shows its middle this close; a store's own map is closer.
ZOOM = 14.0
STORE_ZOOM = 16.2
# What the list and the map have both, so that it goes along.
_OF_BOTH = (
    "category",
    "area",
    "show",
    "open",
    "open_at",
    "price",
    "rating",
    "deal",
    "bookable",
    "tag",
    "sort",
)


def _zoom(text: str) -> float:
    try:
        return min(18.5, max(8.0, float(text)))
    except ValueError:
        return ZOOM


def _asking(query: QueryDict, where: Whereabouts, tree: list[CategoryView]) -> Asking:
    """What the tiles are asked: of the list of deals, shops that have one."""
    group, child = find_category(tree, query.get("category", ""))
    asked = query.copy()
    if asked.get("show") == "deals":
        asked["deal"] = "1"
    return read(asked, where, clock.now(), category=child or group, limit=1)


@public
@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    """The map with clusters and price pins; the filters of the list go with it in the address."""
    where = whereabouts(request)
    query = request.GET.copy()
    for name in (*OF_THE_MOMENT, "zoom", "box", "radius"):
        query.pop(name, None)
    tree = merchants.category_tree()
    asking = _asking(query, where, tree)
    # The list corrects words that nothing has; the tiles are asked for what it takes them for.
    meant = search.find(asking.question, facets=False).corrected if asking.question.text else ""
    place = asking.question.place  # as it was meant, where it came the wrong way round
    config = map_config(
        where.region,
        place.lon,
        place.lat,
        _zoom(request.GET.get("zoom", "")),
        tiles=tiles_address(asking.question, where.region, meant or asking.question.text),
        card=reverse("map_card", args=["STORE"]),
        sheet="sheet",
        here=[where.place.lon, where.place.lat] if where.located else None,
    )
    context = {
        "tab": "map",
        "region": where.region,
        "zone": where.region.zone,
        "query": asking.question.text,
        "corrected": meant,
        "config": json.dumps(config),
        "worker": static("dist/map_worker.js"),
        "list_url": f"{reverse('nearby')}?{query.urlencode()}",
        "kept": [(name, value) for name in _OF_BOTH for value in query.getlist(name) if value],
        "category_chips": category_chips(query, tree, query.get("category", "")),
        # A district is where the map opens; pins are those of what is seen, so it is no filter of theirs.
        "active": active_filters(query, replace(asking, area=None), deals=query.get("show") == "deals"),
        "filters_url": f"{reverse('nearby')}{address(query, filters='1')}",
        "open_url": "" if asking.question.open_at else address(query, open="1"),
        "cleared_url": address(query, q=None),
    }
    return page(request, "consumer/map.html", context)


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
