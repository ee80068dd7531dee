"""Squares of the map that stand beside the words of a store in one index, so that words are looked for near a place.

A store lies in one square of each of four sizes. PostgreSQL numbers them (`search_squares`, of migration 0012); this is
the same numbering for those who ask. At 40 degrees north the smallest are 470 m wide, the next 1.9, 7.5 and 30 km.
"""

import math

LEVELS = (16, 14, 12, 10)
_HALF_M = 20_037_508.342789244
# More squares of one size than this are no quicker than the next larger ones.
_MOST = 16


def cover(west: float, south: float, east: float, north: float) -> tuple[int, ...]:
    """The squares of the smallest size of which few cover a box of the map; none where that is too large for any."""
    for level in LEVELS:
        first, last = _position(level, west, north), _position(level, east, south)
        if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) <= _MOST:
            return tuple(
                _number(level, i, j)
                for i in range(first[0], last[0] + 1)
                for j in range(first[1], last[1] + 1)
            )
    return ()


def around(x: float, y: float, level: int) -> tuple[tuple[int, ...], float]:
    """The square of a point of the map with the eight beside it, and how far from the point nothing lies outside them."""
    side = 2 * _HALF_M / 2**level
    i, j = _position(level, x, y)
    inside = math.fmod(x + _HALF_M, side), math.fmod(_HALF_M - y, side)
    reach = side + min(min(one, side - one) for one in inside)
    last = 2**level - 1
    numbers = tuple(
        _number(level, min(max(i + right, 0), last), min(max(j + down, 0), last))
        for right in (-1, 0, 1)
        for down in (-1, 0, 1)
    )
    # A millimetre less than it is: the division may be off by a few nanometres.
    return tuple(dict.fromkeys(numbers)), reach - 0.001


def _position(level: int, x: float, y: float) -> tuple[int, int]:
    across, last = 2 * _HALF_M, 2**level - 1
    i = math.floor((x + _HALF_M) / across * 2**level)
    j = math.floor((_HALF_M - y) / across * 2**level)
    return min(max(i, 0), last), min(max(j, 0), last)


def _number(level: int, i: int, j: int) -> int:
    return (level << 40) | (i << 20) | j
