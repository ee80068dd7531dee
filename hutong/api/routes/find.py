"""Finding stores and deals near a place."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from hutong.api.doors import PUBLIC
from hutong.api.schemas.base import Page, RefPath
from hutong.api.schemas.search import DealCardOut, Near, NearbyOut, NearDeals
from hutong.api.schemas.town import DealOut
from hutong.attract.search import queries
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Place
from hutong.town.catalog.queries import sellable

router = Router(tags=["Finding"])


@router.get("/stores/nearby", auth=PUBLIC, response=NearbyOut)
def list_nearby(request: HttpRequest, near: Query[Near]) -> HttpResponse:
    """The nearest stores in exact order, by category and part of a name."""
    # PostgreSQL writes this JSON: checking and writing it again here would cost half the rate.
    text = queries.nearby_json(
        place=Place(near.lon, near.lat),
        category=near.category,
        text=near.text,
        limit=near.limit,
        after=near.after,
        radius_m=near.radius_m,
    )
    return HttpResponse(text, content_type="application/json")


@router.get("/deals/near", auth=PUBLIC, response=Page[DealCardOut])
def list_deals(request: HttpRequest, near: Query[NearDeals]) -> Page[DealCardOut]:
    """Deals around a place that can be bought now, each once, at its nearest store."""
    found = queries.deals_near(
        place=Place(near.lon, near.lat),
        at=clock.now(),
        category=near.category,
        text=near.text,
        sort=near.sort,
        limit=near.limit,
        after=near.after,
        radius_m=near.radius_m,
    )
    return Page(items=[DealCardOut.of(card) for card in found.items], next=found.next)


@router.get("/deals/{ref}", auth=PUBLIC, response=DealOut)
def get_deal(request: HttpRequest, ref: RefPath) -> DealOut:
    """A deal that can be bought now. One that cannot is as if it did not exist."""
    offer = sellable([ref], clock.now()).get(ref)
    if offer is None:
        raise NotFound
    return DealOut.of(offer)
