"""Values of regions that cross the boundary."""

from dataclasses import dataclass
from enum import StrEnum


class RegionKind(StrEnum):
    """How large a region is, from the largest to the smallest."""

    COUNTRY = "country"
    CITY = "city"
    DISTRICT = "district"
    CIRCLE = "circle"


class Datum(StrEnum):
    """The datum in which the maps of a region are drawn; stored positions are always WGS-84."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Feature(StrEnum):
    """What an operator may switch on or off for a region; what holds before is in `rules.FEATURES`."""

    SIGN_UP = "sign_up"
    CLAIMS = "claims"
    REVIEW_CONTENTS = "review_contents"


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
