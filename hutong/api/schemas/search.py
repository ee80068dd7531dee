"""Shapes of what is near."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AwareDatetime, Field

from hutong.api.datum import SAID, place_of
from hutong.attract.search.types import DealCard, DealSort
from hutong.kernel.geo import Datum, Place
from hutong.town.pictures.types import Cover

from .base import Cursor, Lat, Limit, Line, Lon, MoneyOut, Slug, said


class Near(Schema):
    """Around which place, and what of it."""

    lon: Lon
    lat: Lat
    datum: Datum = Field(Datum.WGS84, description=SAID)
    category: Slug | None = Field(None, description="A category, or a group of them.")
    text: Line | None = Field(None, description="Parts of names, in any script.")
    radius_m: Annotated[float, Field(gt=0, le=200_000, allow_inf_nan=False)] = 20_000
    limit: Limit = 20
    after: Cursor | None = Field(None, description="The `next` of the page before.")

    @property
    def place(self) -> Place:
        """Where that is, in WGS-84. Raises `PlaceInvalid`."""
        return place_of(self.lon, self.lat, self.datum)


class NearDeals(Near):
    """The same for deals, in one of several orders."""

    sort: DealSort = DealSort.NEAREST


class PictureSizeOut(Schema):
    """One size of a picture; the files are below `/media/` and never change."""

    width: int
    height: int
    webp: str
    jpeg: str


class CoverOut(Schema):
    """The first picture of a store or a deal, in its two narrow sizes."""

    alts: dict[str, str] = Field(description="What it shows, in words, by language.")
    colour: str = Field(
        description="Its dominant colour, such as `#a03c1e`, to fill the space while it loads."
    )
    variants: list[PictureSizeOut]

    @staticmethod
    def of(cover: Cover | None) -> CoverOut | None:
        """The shape of `cover`."""
        if cover is None:
            return None
        sizes = [PictureSizeOut(**asdict(size)) for size in cover.variants]
        return CoverOut(alts=cover.alts, colour=cover.colour, variants=sizes)


class StoreCardOut(Schema):
    """A store in the list of what is near. PostgreSQL writes it; a test holds it to this shape."""

    ref: str
    names: dict[str, str] = Field(description="`name` is what stands on the door; others by language.")
    category: str
    category_names: dict[str, str]
    emoji: str
    address: str
    lon: float
    lat: float
    distance_m: int
    opening_hours: str = Field(description="In the syntax of OpenStreetMap; empty where unknown.")
    zone: str
    price_from: int | None = Field(description="The lowest price of its deals, in minor units of `unit`.")
    unit: str | None
    deals: int
    claimed: bool
    sample: bool
    cover: CoverOut | None


class NearbyOut(Schema):
    """The nearest stores, nearest first."""

    items: list[StoreCardOut]
    next: str | None


class DealCardOut(Schema):
    """A deal in a list, at the nearest of its stores."""

    ref: str
    title: str
    price: MoneyOut
    list_price: MoneyOut
    discount_percent: int
    tags: list[str]
    sold: int
    sample: bool
    ends_at: datetime | None
    store: str
    store_name: str
    category: str
    lon: float
    lat: float
    distance_m: int
    cover: CoverOut | None

    @staticmethod
    def of(card: DealCard) -> DealCardOut:
        """The shape of `card`."""
        return DealCardOut(
            ref=card.offer_ref,
            title=said(card.titles),
            price=MoneyOut.of(card.price),
            list_price=MoneyOut.of(card.list_price),
            discount_percent=card.discount_percent,
            tags=list(card.tags),
            sold=card.sold,
            sample=card.sample,
            ends_at=card.ends_at,
            store=card.store_ref,
            store_name=said(card.store_names),
            category=card.category_slug,
            lon=card.lon,
            lat=card.lat,
            distance_m=round(card.distance_m),
            cover=CoverOut.of(card.cover),
        )


class TileAsked(Schema):
    """What of a tile: the filters of the list."""

    datum: Datum = Field(Datum.WGS84, description=SAID)
    category: Slug | None = Field(None, description="A category, or a group of them.")
    text: Line | None = Field(None, description="Words, in any script.")
    price: Annotated[list[Annotated[int, Field(ge=1, le=4)]], Field(max_length=4)] = Field(
        [], description="Price bands."
    )
    rating: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None = Field(
        None, description="Least stars."
    )
    open: bool = Field(False, description="Open now, by its hours; to five minutes.")
    open_at: AwareDatetime | None = Field(
        None, description="Open at this moment, from yesterday to nine days ahead; goes before `open`."
    )
    deal: bool = Field(False, description="With a deal.")
    bookable: bool = False
    tag: list[Slug] = Field([], max_length=7, description="Promises that its deals make, all of them.")


class TileOut(Schema):
    """A GeoJSON FeatureCollection. PostgreSQL writes it; a test holds it to this shape."""

    type: str
    more: bool = Field(
        description="Whether counts are at least so many, because there were too many to look at."
    )
    features: list[dict[str, Any]] = Field(
        description="Points. A pin (`kind`: `pin`) has what a store's card has, a `cluster` how many `stores`, the least "
        "`price_from` in minor units of `unit`, and the `bounds` to look at it from nearer."
    )
