"""Regions, categories, stores: what is where."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from hutong.api.datum import DatumQuery, answered, not_swapped, place_of
from hutong.api.doors import PUBLIC
from hutong.api.schemas.base import Lat, Lon, RefPath, Slug
from hutong.api.schemas.town import CategoryOut, RegionOut, StoreOut
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Datum
from hutong.town.catalog.queries import store_offers
from hutong.town.merchants.queries import category_tree, store_by_ref
from hutong.town.regions.queries import below, region_at, region_by_slug, towns

router = Router(tags=["The town"])


@router.get("/regions", auth=PUBLIC, response=list[RegionOut])
def list_regions(
    request: HttpRequest, within: Slug | None = None, datum: DatumQuery = Datum.WGS84
) -> list[RegionOut]:
    """The towns of this site; with `within` all that lies in a town or country: its districts and circles."""
    if within is None:
        found = towns()
    else:
        region = region_by_slug(within)
        if region is None:
            raise NotFound
        found = below(region.region_id)
    shapes: list[RegionOut] = answered([RegionOut.of(region) for region in found], datum)
    return shapes


@router.get("/regions/at", auth=PUBLIC, response=RegionOut)
def get_region_at(request: HttpRequest, lon: Lon, lat: Lat, datum: DatumQuery = Datum.WGS84) -> RegionOut:
    """The smallest region that holds a place: its circle, else its district, else its town."""
    place = place_of(lon, lat, datum)
    region = region_at(place)
    if region is None:
        not_swapped(place)
        raise NotFound
    shape: RegionOut = answered(RegionOut.of(region), datum)
    return shape


@router.get("/categories", auth=PUBLIC, response=list[CategoryOut])
def list_categories(request: HttpRequest) -> list[CategoryOut]:
    """The groups of categories in their order, each with its categories."""
    return [CategoryOut.of(group) for group in category_tree()]


@router.get("/stores/{ref}", auth=PUBLIC, response=StoreOut)
def get_store(request: HttpRequest, ref: RefPath, datum: DatumQuery = Datum.WGS84) -> StoreOut:
    """A store with its hours and deals."""
    at = clock.now()
    store = store_by_ref(ref)
    if store is None or not store.shown:
        raise NotFound
    shape: StoreOut = answered(StoreOut.of(store, store_offers(ref, at), at), datum)
    return shape
