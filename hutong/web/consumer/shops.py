"""One store, one deal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import get_day_names
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place, distance_m
from hutong.kernel.text import pick
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.rules import may_be_bought
from hutong.town.catalog.types import Include, OfferState, OfferStoreView, OfferView
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import open_state, week_hours
from hutong.town.merchants.types import OpenState, StoreState, StoreView
from hutong.visit.stock import queries as stock
from hutong.visit.vouchers import queries as vouchers
from hutong.web.consumer.maps import store_map
from hutong.web.consumer.place import Whereabouts, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page

SIMILAR = 4
# Stock is shown when it runs low; "1,204 left" helps nobody.
FEW_LEFT = 20


@dataclass(frozen=True, slots=True)
class StoreLine:
    """A store of a deal, with how far it is and whether it is open."""

    store: OfferStoreView
    distance_m: float
    open: OpenState


def week(store: StoreView, at: datetime) -> list[dict[str, Any]] | None:
    """Seven lines from today: the day's name and its spans; None when the hours are not known."""
    today = clock.local(at, store.zone).date()
    days = week_hours(store.opening_hours, zone=store.zone, first_on=today, lon=store.lon, lat=store.lat)
    if days is None:
        return None
    names = get_day_names("wide", locale="zh_Hans_CN" if get_language() == "zh-hans" else "en")
    return [
        {
            "day": names[day.on.weekday()],
            "spans": [f"{start:%H:%M}–{end:%H:%M}" for start, end in day.spans],
            "today": day.on == today,
        }
        for day in days
    ]


@public
@require_GET
def store(request: HttpRequest, store_ref: str) -> HttpResponse:
    """A store: open or not, hours, where, how to get there, its deals, similar ones nearby."""
    where, at = whereabouts(request), clock.now()
    shown = merchants.store_by_ref(store_ref)
    if shown is None or shown.state is not StoreState.OPEN:
        raise NotFound
    there = Place(shown.lon, shown.lat)
    around = search.nearby(place=there, at=at, category=shown.category.slug, limit=SIMILAR + 1).items
    context = {
        "tab": "home",
        "region": where.region,
        "zone": shown.zone,
        "store": shown,
        "open": open_state(shown.opening_hours, zone=shown.zone, at=at, lon=shown.lon, lat=shown.lat),
        "week": week(shown, at),
        "distance_m": distance_m(where.place, there),
        "deals": search.deals_of_store(store_ref=store_ref, at=at),
        "similar": [other for other in around if other.ref != store_ref][:SIMILAR],
        "config": store_map(where, shown.lon, shown.lat, pick(shown.names, get_language() or "en")),
        "worker": static("dist/map_worker.js"),
    }
    return page(request, "consumer/store.html", context)


def _lines(offer: OfferView, where: Whereabouts, at: datetime) -> list[StoreLine]:
    lines = [
        StoreLine(
            store=one,
            distance_m=distance_m(where.place, Place(one.lon, one.lat)),
            open=open_state(one.opening_hours, zone=one.zone, at=at, lon=one.lon, lat=one.lat),
        )
        for one in offer.stores
        if one.open
    ]
    return sorted(lines, key=lambda line: line.distance_m)


def _part(item: Include) -> dict[str, Any]:
    """A thing the deal contains, with what all pieces of it together cost by themselves."""
    total = item.value * item.quantity if item.value else None
    return {"names": item.names, "quantity": item.quantity, "total": total}


@public
@require_GET
def deal(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """A deal: what is in it, its terms, where it holds, and the bar to buy it. Four statements."""
    where, at = whereabouts(request), clock.now()
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.state in (OfferState.DRAFT, OfferState.SUBMITTED, OfferState.REJECTED):
        raise NotFound
    counters = stock.stock_of([offer_ref]).get(offer_ref)
    left = counters.left if counters else None
    context = {
        "region": where.region,
        "zone": offer.stores[0].zone if offer.stores else where.region.zone,
        "deal": offer,
        "includes": [_part(item) for item in offer.includes],
        "stores": _lines(offer, where, at),
        "sold": counters.sold if counters else 0,
        "left": left if left is not None and left <= FEW_LEFT else None,
        "sold_out": left == 0,
        "on_sale": may_be_bought(offer, at),
        "terms": vouchers.terms_of(offer_ref),
    }
    return page(request, "consumer/deal.html", context)
