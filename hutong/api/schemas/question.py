"""Shapes of one question: everything that may be asked of stores at once, and what answers it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.utils.translation import get_language
from ninja import Schema
from pydantic import AwareDatetime, Field

from hutong.api.datum import box_of
from hutong.attract.search.types import (
    Answer,
    Bounds,
    Circle,
    Count,
    DealCard,
    Facet,
    FoundStore,
    Question,
    StoreSort,
)
from hutong.kernel import clock
from hutong.town.pictures.types import Cover

from .base import Cursor, Limit, Line, Slug
from .search import CoverOut, DealCardOut, Near

Band = Annotated[int, Field(ge=1, le=4)]
_BOX = r"^-?\d{1,3}(\.\d{1,12})?(,-?\d{1,3}(\.\d{1,12})?){3}$"


class Asked(Near):
    """Around which place, what of it, in which order."""

    text: Line | None = Field(
        None, description="What somebody types, in any script, with errors or as pinyin."
    )
    box: Annotated[str, Field(max_length=120, pattern=_BOX)] | None = Field(
        None, description="West, south, east, north in degrees of `datum`, in place of the radius."
    )
    price: list[Band] = Field([], max_length=4, description="Price bands, from 1 to 4.")
    least_rating: Annotated[float, Field(ge=1, le=5)] | None = None
    open_at: AwareDatetime | None = Field(
        None, description="Open at this moment, from yesterday to nine days ahead."
    )
    has_deal: bool = False
    bookable: bool = False
    tag: list[Slug] = Field([], max_length=7, description="Promises that its deals make, all of them.")
    sort: StoreSort = StoreSort.RELEVANCE
    limit: Limit = 20
    after: Cursor | None = Field(None, description="The `next` of the page before.")
    exact: bool = Field(
        False,
        description="Whether the words are looked for as typed, and not corrected where nothing has them.",
    )
    facets: bool = Field(False, description="Whether what it may be narrowed to is counted.")

    def question(self) -> Question:
        """The question that is meant. Raises `PlaceInvalid`."""
        within: Circle | Bounds = Circle(self.place, self.radius_m)
        if self.box:
            west, south, east, north = (float(side) for side in self.box.split(","))
            within = box_of(west, south, east, north, self.datum)
        return Question(
            place=self.place,
            within=within,
            at=clock.now(),
            text=self.text or "",
            category=self.category,
            price_bands=frozenset(self.price),
            least_rating=self.least_rating,
            open_at=self.open_at,
            has_deal=self.has_deal,
            bookable=self.bookable,
            tags=frozenset(self.tag),
            sort=self.sort,
            limit=self.limit,
            after=self.after,
            exact=self.exact,
        )


class CountOut(Schema):
    """How many there are; with `more` at least so many."""

    number: int
    more: bool


class FacetOut(Schema):
    """A value to narrow the question to, and how many stores it would leave."""

    value: str
    names: dict[str, str]
    count: CountOut
    chosen: bool


class PartOut(Schema):
    """A part of a score: its value from 0 to 1, and what it weighs."""

    name: str
    value: float
    weight: float


class FoundOut(Schema):
    """A store that answers, with up to two of its deals."""

    ref: str
    names: dict[str, str]
    category: str
    category_names: dict[str, str]
    address: str
    lon: float
    lat: float
    distance_m: int
    open: bool | None = Field(description="Whether it is open now; null where its hours are not known.")
    rating: float = Field(description="The Bayesian mean of its stars, 0 without a review.")
    reviews: int
    deals: list[DealCardOut]
    cover: CoverOut | None
    score: float | None
    parts: list[PartOut]


class FindingOut(Schema):
    """A page of what was found. It may be short, even empty, and yet have a `next`."""

    items: list[FoundOut]
    next: str | None
    total: CountOut | None
    corrected: str = Field(
        description="What was looked for in place of what was typed, empty where nothing was."
    )
    nearest: str | None = Field(
        description="Where nothing was found, the nearest store that would have been."
    )
    facets: dict[str, list[FacetOut]]


def finding(answer: Answer) -> dict[str, Any]:
    """What was found, in the shape of `FindingOut`; a test holds it to that.

    As plain values: making and checking an object of pydantic for each part of 20 stores costs 9 ms.
    """
    found, language = answer.facets, get_language() or "en"
    facets = (
        {}
        if found is None
        else {
            "categories": found.categories,
            "areas": found.areas,
            "price_bands": found.price_bands,
            "ratings": found.ratings,
            "tags": found.tags,
        }
    )
    return {
        "items": [_found(one, language) for one in answer.items],
        "next": answer.next,
        "total": _count(answer.total) if answer.total else None,
        "corrected": answer.corrected,
        "nearest": answer.nearest.ref if answer.nearest else None,
        "facets": {name: [_facet(one) for one in values] for name, values in facets.items()},
    }


def _count(count: Count) -> dict[str, Any]:
    return {"number": count.number, "more": count.more}


def _facet(facet: Facet) -> dict[str, Any]:
    return {
        "value": facet.value,
        "names": facet.names,
        "count": _count(facet.count),
        "chosen": facet.chosen,
    }


def _found(found: FoundStore, language: str) -> dict[str, Any]:
    card = found.card
    return {
        "ref": card.ref,
        "names": card.names,
        "category": card.category_slug,
        "category_names": card.category_names,
        "address": card.address,
        "lon": card.lon,
        "lat": card.lat,
        "distance_m": round(card.distance_m),
        "open": card.open.open,
        "rating": found.rating,
        "reviews": found.reviews,
        "deals": [_deal(deal, language) for deal in found.deals],
        "cover": _cover(card.cover),
        "score": found.score,
        "parts": [{"name": part.name, "value": part.value, "weight": part.weight} for part in found.parts],
    }


def _deal(card: DealCard, language: str) -> dict[str, Any]:
    """In the shape of `DealCardOut`."""
    return {
        "ref": card.offer_ref,
        "title": card.title(language),
        "price": {"minor": card.price.minor, "unit": card.price.unit},
        "list_price": {"minor": card.list_price.minor, "unit": card.list_price.unit},
        "discount_percent": card.discount_percent,
        "tags": list(card.tags),
        "sold": card.sold,
        "sample": card.sample,
        "ends_at": card.ends_at,
        "store": card.store_ref,
        "store_name": card.store_name(language),
        "category": card.category_slug,
        "lon": card.lon,
        "lat": card.lat,
        "distance_m": round(card.distance_m),
        "cover": _cover(card.cover),
    }


def _cover(cover: Cover | None) -> dict[str, Any] | None:
    return None if cover is None else asdict(cover)


class Begun(Near):
    """The beginning of what somebody types, and where; the rest is not asked."""

    text: Line
    language: Slug = "en"


class SuggestionOut(Schema):
    """What may be meant: a text to look for, or with a ref a store (`sto_...`) or a category (its slug)."""

    kind: str
    text: str
    ref: str
    stores: int
    distance_m: int | None
