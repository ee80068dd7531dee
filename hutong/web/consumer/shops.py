"""One store, one deal."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.flows import count_step
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place
from hutong.kernel.text import pick
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.merchants import queries as merchants
from hutong.town.pictures import queries as pictures
from hutong.town.regions.queries import feature_on
from hutong.town.regions.types import Feature
from hutong.web.consumer.maps import store_map
from hutong.web.consumer.place import whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page
from hutong.web.shell.shopfront import deal_context, store_context

SIMILAR = 4


@public
@require_GET
def store(request: HttpRequest, store_ref: str) -> HttpResponse:
    """A store: pictures, open or not, hours, where, how to get there, its deals, similar ones nearby."""
    where, at = whereabouts(request), clock.now()
    shown = merchants.store_by_ref(store_ref)
    if shown is None or not shown.shown:
        raise NotFound
    there = Place(shown.lon, shown.lat)
    around = search.nearby(place=there, at=at, category=shown.category.slug, limit=SIMILAR + 1).items
    gallery = pictures.shown(store_ref) if shown.claimed else []
    context = store_context(shown.as_seen, gallery, where.place, at) | {
        "tab": "home",
        "region": where.region,
        "claimable": shown.merchant_ref is None and feature_on(shown.region_id, Feature.CLAIMS),
        "similar": [other for other in around if other.ref != store_ref][:SIMILAR],
        "config": store_map(where, shown.lon, shown.lat, pick(shown.names, get_language() or "en")),
    }
    return page(request, "consumer/store.html", context)


@public
@require_GET
def deal(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """A deal: pictures, what is in it, its terms, where it holds, and the bar to buy it. Five statements."""
    where, at = whereabouts(request), clock.now()
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.state in (OfferState.DRAFT, OfferState.SUBMITTED, OfferState.REJECTED):
        raise NotFound
    count_step.seen(offer=offer, agent=request.headers.get("User-Agent", ""), at=at)
    context = deal_context(offer, pictures.shown(offer_ref), where.place, at)
    context |= {"region": where.region, "zone": context["zone"] or where.region.zone}
    return page(request, "consumer/deal.html", context)
