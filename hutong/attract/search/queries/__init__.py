"""Reads of search. Every function here is one statement, but `home_feed`, which is two, and `find`, which says."""

from hutong.attract.search.queries.asked import QuestionInvalid
from hutong.attract.search.queries.deals import (
    deals_by_refs,
    deals_near,
    deals_of_store,
    find_deals,
    offer_refs_of,
)
from hutong.attract.search.queries.engine import away, find, suggest
from hutong.attract.search.queries.market import market_near
from hutong.attract.search.queries.statements import CursorInvalid
from hutong.attract.search.queries.stores import (
    cards_of,
    home_feed,
    nearby,
    nearby_json,
    nearest_stores,
    stores_by_refs,
)
from hutong.attract.search.queries.tiles import (
    TileInvalid,
    read_tile,
    tile_answer,
    tile_json,
    tile_moment,
    tile_version,
)

__all__ = [
    "CursorInvalid",
    "QuestionInvalid",
    "TileInvalid",
    "away",
    "cards_of",
    "deals_by_refs",
    "deals_near",
    "deals_of_store",
    "find",
    "find_deals",
    "home_feed",
    "market_near",
    "nearby",
    "nearby_json",
    "nearest_stores",
    "offer_refs_of",
    "read_tile",
    "stores_by_refs",
    "suggest",
    "tile_answer",
    "tile_json",
    "tile_moment",
    "tile_version",
]
