"""One store, one deal."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.flows import count_step
from hutong.flows.groups.asking import zone_of
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
from hutong.web.consumer import coupons, reviews, seeing
from hutong.web.consumer.maps import store_map
from hutong.web.consumer.open_web import about_deal, about_store, deal_path, store_path
from hutong.web.consumer.place import whereabouts
from hutong.web.consumer.together import on_deal
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, wants_part
from hutong.web.shell.shopfront import deal_context, store_context

SIMILAR = 4


@public
@require_GET
def store(request: HttpRequest, store_ref: str, slug: str = "") -> HttpResponse:
    """A store: pictures, open or not, hours, where, how to get there, its deals, similar ones nearby.

    With a name in the address it is the one that others link to; an old name leads to the present one.
    """
    where, at = whereabouts(request), clock.now()
    shown = merchants.store_by_ref(store_ref)
    if shown is None or not shown.shown:
        raise NotFound
    if slug and (moved := _moved(request, store_path(store_ref, shown.names))):
        return moved
    there = Place(shown.lon, shown.lat)
    around = search.nearby(place=there, at=at, category=shown.category.slug, limit=SIMILAR + 1).items
    gallery = pictures.shown(store_ref) if shown.claimed else []
    context = store_context(shown.as_seen, gallery, where.place, at) | {
        "tab": "home",
        "region": where.region,
        "claimable": shown.merchant_ref is None and feature_on(shown.region_id, Feature.CLAIMS),
        "similar": [other for other in around if other.ref != store_ref][:SIMILAR],
        **reviews.on_store(request, store_ref),
        "config": store_map(where, shown.lon, shown.lat, pick(shown.names, get_language() or "en")),
    }
    context["open_web"] = about_store(
        request, shown.as_seen, gallery, deals=context["deals"], rating=context["rating"], at=at
    )
    response = page(request, "consumer/store.html", context)
    seeing.note(request, response, store_ref=store_ref, category=shown.category.slug, at=at)
    return response


@public
@require_GET
def deal(request: HttpRequest, offer_ref: str, slug: str = "") -> HttpResponse:
    """A deal: pictures, what is in it, its terms, where it holds, and the bar to buy it. Eight statements,
    nine where groups form.
    """
    where, at = whereabouts(request), clock.now()
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.state in (OfferState.DRAFT, OfferState.SUBMITTED, OfferState.REJECTED):
        raise NotFound
    if slug and (moved := _moved(request, deal_path(offer_ref, offer.titles))):
        return moved
    together = on_deal(offer, at)
    if request.GET.get("part") == "campaign" and wants_part(request):
        return page(request, "consumer/_campaign.html", {"together": together, "zone": zone_of(offer)})
    count_step.seen(offer=offer, agent=request.headers.get("User-Agent", ""), at=at)
    context = deal_context(offer, pictures.shown(offer_ref), where.place, at)
    context |= {"region": where.region, "zone": context["zone"] or where.region.zone, "together": together}
    context["promotions"] = coupons.on_deal(offer, request.user.pk) if context["on_sale"] else []
    context["open_web"] = about_deal(
        request, offer, context["pictures"], on_sale=context["on_sale"], sold_out=context["sold_out"]
    )
    response = page(request, "consumer/deal.html", context)
    if context["stores"]:
        nearest = context["stores"][0].store
        seeing.note(request, response, store_ref=nearest.ref, category=nearest.category_slug, at=at)
    return response


def _moved(request: HttpRequest, path: str) -> HttpResponse | None:
    """The way to `path` for whoever asked at another address, with the same query; None for those who are there."""
    if request.path == path:
        return None
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{path}?{query}" if query else path)
