"""Reads of search. Every function here is one statement, but `home_feed`, which is two."""

from hutong.attract.search.queries.deals import deals_near, deals_of_store, offer_refs_of
from hutong.attract.search.queries.pins import map_points
from hutong.attract.search.queries.statements import CursorInvalid
from hutong.attract.search.queries.stores import home_feed, nearby, nearby_json

__all__ = [
    "CursorInvalid",
    "deals_near",
    "deals_of_store",
    "home_feed",
    "map_points",
    "nearby",
    "nearby_json",
    "offer_refs_of",
]
