"""Tiles of the map (slippy: 256 pixels of Web Mercator, x eastward and y southward) and the squares within them."""

import math
from dataclasses import dataclass

from hutong.attract.search.types import Bounds
from hutong.kernel.geo import MERCATOR_LATITUDE_LIMIT

NEAREST, FARTHEST = 18, 8
# Squares are counted down to this level; see `SearchCell`.
FINEST = 16
# A tile is this many levels above its clusters: eight by eight of them.
DEEPER = 3
# From here on the stores themselves are looked at, however many there are.
CLOSE = 15
# A tile with no more stores shows each; closer in there is room for more. The nearest tiles show nothing else.
PINS, CLOSE_PINS, VERY_CLOSE = 60, 300, 17
_MARGIN_DEGREES = 1e-6


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile. Raises ValueError for one that is not there, or too far out or too near to be asked for."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (FARTHEST <= self.z <= NEAREST and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise ValueError(f"no tile: {self.z}/{self.x}/{self.y}")

    @property
    def bounds(self) -> Bounds:
        """A box that is a little larger than the tile, in degrees; what is in the tile is asked exactly beside it."""
        west, north = corner(self.z, self.x, self.y)
        east, south = corner(self.z, self.x + 1, self.y + 1)
        limit = MERCATOR_LATITUDE_LIMIT
        return Bounds(
            west=max(-180.0, west - _MARGIN_DEGREES),
            south=max(-limit, south - _MARGIN_DEGREES),
            east=min(180.0, east + _MARGIN_DEGREES),
            north=min(limit, north + _MARGIN_DEGREES),
        )

    def square(self, level: int) -> int:
        """The number of the square of a coarser or the same level that the tile lies in."""
        up = self.z - level
        return interleaved(self.x >> up, self.y >> up)

    def squares(self, level: int) -> tuple[int, int]:
        """The first and the last number of the squares of a finer or the same level in it."""
        down = 2 * (level - self.z)
        first = interleaved(self.x, self.y) << down
        return first, first + (1 << down) - 1

    @property
    def most_pins(self) -> int:
        """With so many stores and no more, each is shown."""
        return PINS if self.z < VERY_CLOSE else CLOSE_PINS


def tiles_in(z: int, box: Bounds) -> list[Tile]:
    """The tiles of a level that a box touches."""
    first, last = tile_at(z, box.west, box.north), tile_at(z, box.east, box.south)
    return [Tile(z, x, y) for x in range(first.x, last.x + 1) for y in range(first.y, last.y + 1)]


def corner(z: int, x: int, y: int) -> tuple[float, float]:
    """Longitude and latitude of the north-western corner of a tile."""
    lon = x / 2**z * 360 - 180
    return lon, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**z))))


def tile_at(z: int, lon: float, lat: float) -> Tile:
    """The tile that a place lies in."""
    x = math.floor((lon + 180) / 360 * 2**z)
    y = math.floor((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
    return Tile(z, min(x, 2**z - 1), min(max(y, 0), 2**z - 1))


def interleaved(x: int, y: int) -> int:
    """The bits of x in the even places and those of y in the odd ones, as PostgreSQL's `search_square` has them."""
    return sum(
        ((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1) for bit in range(FINEST + DEEPER)
    )
