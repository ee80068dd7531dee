"""What the page of a store and the page of a deal show, for shoppers and for the preview of the shop's people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import get_day_names
from django.templatetags.static import static
from django.utils.translation import get_language

from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.geo import Place, distance_m
from hutong.pay.flashsales.queries import sales_of
from hutong.town.catalog.rules import may_be_bought
from hutong.town.catalog.types import Include, OfferStoreView, OfferView
from hutong.town.merchants.rules import open_state, week_hours
from hutong.town.merchants.types import OpenState, StoreView
from hutong.town.pictures.types import Cover
from hutong.visit.stock import queries as stock
from hutong.visit.vouchers import queries as vouchers

# Stock is shown when it runs low; "1,204 left" helps nobody.
FEW_LEFT = 20


@dataclass(frozen=True, slots=True)
class StoreLine:
    """A store of a deal, with how far it is and whether it is open."""

    store: OfferStoreView
    distance_m: float
    open: OpenState


def week(hours: str, store: StoreView, at: datetime) -> list[dict[str, Any]] | None:
    """Seven lines from today: the day's name and its spans; None when the hours are not known."""
    today = clock.local(at, store.zone).date()
    days = week_hours(hours, zone=store.zone, first_on=today, lon=store.lon, lat=store.lat)
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


def store_context(store: StoreView, pictures: Sequence[Cover], place: Place, at: datetime) -> dict[str, Any]:
    """A store's page but for the map and what is similar; `place` is where distances are counted from."""
    return {
        "zone": store.zone,
        "store": store,
        "pictures": pictures,
        "open": open_state(store.opening_hours, zone=store.zone, at=at, lon=store.lon, lat=store.lat),
        "week": week(store.opening_hours, store, at),
        "distance_m": distance_m(place, Place(store.lon, store.lat)),
        "deals": search.deals_of_store(store_ref=store.ref, at=at),
        "worker": static("dist/map_worker.js"),
    }


def deal_context(offer: OfferView, pictures: Sequence[Cover], place: Place, at: datetime) -> dict[str, Any]:
    """A deal's page. Three statements."""
    flash = sales_of([offer.ref]).get(offer.ref)
    counters = stock.stock_of([offer.ref]).get(offer.ref)
    terms = vouchers.terms_of(offer.ref)
    # Stock counts uses; people count vouchers.
    left = counters.left // terms.uses if counters and counters.left is not None else None
    return {
        "zone": offer.stores[0].zone if offer.stores else "",
        "deal": offer,
        "pictures": pictures,
        "includes": [_part(item) for item in offer.includes],
        "stores": _lines(offer, place, at),
        "sold": counters.sold // terms.uses if counters else 0,
        "left": left if left is not None and (flash or left <= FEW_LEFT) else None,
        "sold_out": left == 0,
        "on_sale": may_be_bought(offer, at),
        "flash": flash,
        "phase": flash.phase(at).value if flash else "",
        "terms": terms,
    }


def _lines(offer: OfferView, place: Place, at: datetime) -> list[StoreLine]:
    lines = [
        StoreLine(
            store=one,
            distance_m=distance_m(place, Place(one.lon, one.lat)),
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
