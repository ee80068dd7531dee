"""Regions, categories, stores: what is where."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from hutong.api.doors import PUBLIC
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.town import CategoryOut, RegionOut, StoreOut
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.town.catalog.queries import store_offers
from hutong.town.merchants.queries import category_tree, store_by_ref
from hutong.town.regions.queries import regions

router = Router(tags=["The town"])


@router.get("/regions", auth=PUBLIC, response=list[RegionOut])
def list_regions(request: HttpRequest) -> list[RegionOut]:
    """All regions of this site."""
    return [RegionOut.of(region) for region in regions()]


@router.get("/categories", auth=PUBLIC, response=list[CategoryOut])
def list_categories(request: HttpRequest) -> list[CategoryOut]:
    """The groups of categories in their order, each with its categories."""
    return [CategoryOut.of(group) for group in category_tree()]


@router.get("/stores/{ref}", auth=PUBLIC, response=StoreOut)
def get_store(request: HttpRequest, ref: RefPath) -> StoreOut:
    """A store with its hours and deals."""
    at = clock.now()
    store = store_by_ref(ref)
    if store is None or not store.shown:
        raise NotFound
    return StoreOut.of(store, store_offers(ref, at), at)
