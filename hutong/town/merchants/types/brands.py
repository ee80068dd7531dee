"""Values of brands that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BrandLine:
    """A brand with how many of its stores are not closed, and how many of those are open and nobody's."""

    ref: str
    key: str
    names: dict[str, str]
    wikidata: str
    stores: int
    free: int
    merchant_ref: str
    merchant_names: dict[str, str]


@dataclass(frozen=True, slots=True)
class BrandPlace:
    """How many stores a brand has in a town, and how many of them are nobody's."""

    region_id: int
    region_names: dict[str, str]
    stores: int
    free: int


@dataclass(frozen=True, slots=True)
class BrandGiftView:
    """A brand that was given to a merchant, with so many listings; `undone_at` is when that was taken back."""

    ref: str
    merchant_ref: str
    merchant_names: dict[str, str]
    stores: int
    by_name: str
    at: datetime
    undone_at: datetime | None
