"""Finding stores and deals near a place."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from hutong.api.datum import DatumQuery, answered, answered_json, not_swapped
from hutong.api.doors import PUBLIC
from hutong.api.schemas.base import Page, RefPath
from hutong.api.schemas.search import DealCardOut, Near, NearbyOut, NearDeals, TileAsked, TileOut
from hutong.api.schemas.town import DealOut
from hutong.attract.search import queries
from hutong.attract.search.types import Circle, Question
from hutong.kernel import clock
from hutong.kernel.caching import same_for_all
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Datum, Place
from hutong.town.catalog.queries import sellable

router = Router(tags=["Finding"])
# How PostgreSQL writes a list without entries.
_NOTHING = '{"items" : []'


@router.get("/stores/nearby", auth=PUBLIC, response=NearbyOut)
def list_nearby(request: HttpRequest, near: Query[Near]) -> HttpResponse:
    """The nearest stores in exact order, by category and part of a name."""
    # PostgreSQL writes this JSON: checking and writing it again here would cost half the rate.
    text = queries.nearby_json(
        place=near.place,
        category=near.category,
        text=near.text,
        limit=near.limit,
        after=near.after,
        radius_m=near.radius_m,
    )
    if near.after is None and text.startswith(_NOTHING):
        not_swapped(near.place)
    return HttpResponse(answered_json(text, near.datum), content_type="application/json")


@router.get("/stores/tiles/{z}/{x}/{y}", auth=PUBLIC, response=TileOut)
def get_tile(request: HttpRequest, z: int, x: int, y: int, asked: Query[TileAsked]) -> HttpResponse:
    """A tile of the map (slippy, levels 8 to 18): clusters far out, pins near in. Has an ETag, and may be kept."""
    at = queries.tile_moment(clock.now())
    return same_for_all(
        request,
        *queries.tile_answer(
            Question(
                place=Place(0, 0),
                within=Circle(Place(0, 0), 1),
                at=at,
                text=asked.text or "",
                category=asked.category,
                price_bands=frozenset(asked.price),
                least_rating=asked.rating,
                open_at=asked.open_at or (at if asked.open else None),
                has_deal=asked.deal,
                bookable=asked.bookable,
                tags=frozenset(asked.tag),
            ),
            queries.read_tile(z, x, y),
            asked.datum,
        ),
        content_type="application/json",
    )


@router.get("/deals/near", auth=PUBLIC, response=Page[DealCardOut])
def list_deals(request: HttpRequest, near: Query[NearDeals]) -> Page[DealCardOut]:
    """Deals around a place that can be bought now, each once, at its nearest store."""
    found = queries.deals_near(
        place=near.place,
        at=clock.now(),
        category=near.category,
        text=near.text,
        sort=near.sort,
        limit=near.limit,
        after=near.after,
        radius_m=near.radius_m,
    )
    if near.after is None and not found.items:
        not_swapped(near.place)
    items = [DealCardOut.of(card) for card in found.items]
    return Page(items=answered(items, near.datum), next=found.next)


@router.get("/deals/{ref}", auth=PUBLIC, response=DealOut)
def get_deal(request: HttpRequest, ref: RefPath, datum: DatumQuery = Datum.WGS84) -> DealOut:
    """A deal that can be bought now. One that cannot is as if it did not exist."""
    offer = sellable([ref], clock.now()).get(ref)
    if offer is None:
        raise NotFound
    shape: DealOut = answered(DealOut.of(offer), datum)
    return shape
