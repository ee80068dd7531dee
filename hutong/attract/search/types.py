"""What a search is asked and what it answers. Names and titles are by language; see `kernel.text.pick`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from hutong.kernel.geo import Place
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.town.merchants.types import OpenState
from hutong.town.pictures.types import Cover

T = TypeVar("T")


class DealSort(StrEnum):
    """The order of a list of deals."""

    NEAREST = "nearest"
    PRICE = "price"
    DISCOUNT = "discount"
    SOLD = "sold"


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in WGS-84 degrees, such as the part of a map that is on the screen."""

    west: float
    south: float
    east: float
    north: float

    @property
    def corners(self) -> tuple[Place, Place]:
        """South-west and north-east. Raises `PlaceInvalid` where the box leaves the map."""
        return Place(self.west, self.south), Place(self.east, self.north)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of a list. `next` is the cursor of the page after it, None at the end."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class StoreCard:
    """A store in a list. `distance_m` is the great-circle distance from the place that was asked about."""

    ref: str
    names: dict[str, str]
    category_slug: str
    category_names: dict[str, str]
    emoji: str
    address: str
    lon: float
    lat: float
    distance_m: float
    opening_hours: str
    zone: str
    open: OpenState
    price_from: Money | None
    deals: int
    claimed: bool
    sample: bool
    cover: Cover | None

    def name(self, language: str) -> str:
        """The store's name for a reader of `language`."""
        return pick(self.names, language)

    def category(self, language: str) -> str:
        """The category's name for a reader of `language`."""
        return pick(self.category_names, language)


@dataclass(frozen=True, slots=True)
class DealCard:
    """A deal in a list, at the nearest of its stores. Prices are for one unit."""

    offer_ref: str
    titles: dict[str, str]
    emoji: str
    hue: int
    price: Money
    list_price: Money
    discount_percent: int
    tags: tuple[str, ...]
    sold: int
    sample: bool
    ends_at: datetime | None
    store_ref: str
    store_names: dict[str, str]
    category_slug: str
    category_names: dict[str, str]
    lon: float
    lat: float
    distance_m: float
    opening_hours: str
    zone: str
    cover: Cover | None

    def title(self, language: str) -> str:
        """The deal's title for a reader of `language`."""
        return pick(self.titles, language)

    def store_name(self, language: str) -> str:
        """The name of the store for a reader of `language`."""
        return pick(self.store_names, language)


@dataclass(frozen=True, slots=True)
class HomeFeed:
    """What the home page shows around a place."""

    deals: Found[DealCard]
    stores: Found[StoreCard]


@dataclass(frozen=True, slots=True)
class Indexed:
    """How far the indexing of a region has come: rows done in this batch, and where the next one starts."""

    stores: int
    last_id: int | None
