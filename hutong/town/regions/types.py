"""Values of regions that cross the boundary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hutong.kernel.geo import Datum


class RegionKind(StrEnum):
    """How large a region is, from the largest to the smallest."""

    COUNTRY = "country"
    CITY = "city"
    DISTRICT = "district"
    CIRCLE = "circle"


class Feature(StrEnum):
    """What an operator may switch on or off for a region; what holds before is in `rules.FEATURES`."""

    SIGN_UP = "sign_up"
    CLAIMS = "claims"
    REVIEW_CONTENTS = "review_contents"
    REVIEW_REVIEWS = "review_reviews"
    REVIEW_CUSTOMERS = "review_customers"


@dataclass(frozen=True, slots=True)
class Extent:
    """A box in degrees, WGS-84. Boxes over the 180th meridian are not supported."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (-180 <= self.west <= self.east <= 180 and -90 <= self.south <= self.north <= 90):
            raise ValueError(f"not a box in degrees: {self.west},{self.south},{self.east},{self.north}")

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box as (lon, lat)."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def size(self) -> float:
        """Square degrees: good enough to tell the smaller of two boxes around one place."""
        return (self.east - self.west) * (self.north - self.south)

    def overlaps(self, other: "Extent") -> bool:
        """Whether the two boxes share at least an edge."""
        return (
            self.west <= other.east
            and other.west <= self.east
            and self.south <= other.north
            and other.south <= self.north
        )

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the position lies in the box, its edge included."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


@dataclass(frozen=True, slots=True)
class RegionView:
    """A region as rooms and pages see it."""

    region_id: int
    ref: str
    slug: str
    names: dict[str, str]
    kind: RegionKind
    lon: float
    lat: float
    extent: Extent
    zone: str
    currency: str
    datum: Datum
    languages: tuple[str, ...]
    basemap: str
    attribution: str
    parent_id: int | None = None
    adcode: str | None = None
    inherits: tuple[str, ...] = ()
    in_use: bool = True
    shops: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A sound outline, in WGS-84: `coordinates` as in a GeoJSON MultiPolygon, `sent` how many points there were."""

    coordinates: tuple[Any, ...]
    extent: Extent
    points: int
    sent: int


@dataclass(frozen=True, slots=True)
class RegionSpec:
    """What is said of a region. None: nothing is said, so a known region keeps what it has.

    A new one takes what was not said from its parent. Empty texts and lists count as not said.
    `names` are added to those it has; `kept_names` only where it has none in that language.
    """

    slug: str
    names: Mapping[str, str]
    kind: RegionKind
    kept_names: Mapping[str, str] = field(default_factory=dict)
    parent_slug: str | None = None
    adcode: str | None = None
    zone: str | None = None
    currency: str | None = None
    datum: Datum | None = None
    languages: tuple[str, ...] = ()
    attribution: str | None = None
    basemap: str | None = None
    extent: Extent | None = None
    centre: tuple[float, float] | None = None
    shape: Shape | None = None
    in_use: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredRegions:
    """What became of a list of regions, by slug; `outlined` have another outline than before."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    outlined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A region that positions are held against: by its outline, or where it has none by its extent."""

    region_id: int
    kind: RegionKind
    extent: Extent
    coordinates: list[Any] | None


@dataclass(frozen=True, slots=True)
class OutlineState:
    """How the outline of a region stands: how many points, or None where there is none."""

    region: RegionView
    parent_slug: str | None
    points: int | None
