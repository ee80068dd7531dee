"""Geometry of outlines: which positions lie inside of one, and how much of one lies in another.

Shapely does it: it tells 100,000 positions inside from outside in a moment. It is heavy, so whoever serves pages
imports this module only where an outline is asked about.
"""

from collections.abc import Callable, Sequence
from typing import Any

import shapely
from shapely.geometry import MultiPolygon

from hutong.kernel.geo import Place, PlaceInvalid
from hutong.town.regions.types import Shape


def geometry(coordinates: Sequence[Any]) -> MultiPolygon:
    """The shapely value of what a `Shape` or a row keeps."""
    return MultiPolygon([(polygon[0], polygon[1:]) for polygon in coordinates])


def moved(coordinates: Sequence[Any], to: Callable[[Place], Place]) -> list[Any]:
    """The same rings with every position moved."""

    def at(position: Sequence[float]) -> tuple[float, float]:
        try:
            place = to(Place(position[0], position[1]))
        except PlaceInvalid:
            return position[0], position[1]  # beyond the map's edge no datum moves anything
        return place.lon, place.lat

    return [[[at(position) for position in ring] for ring in polygon] for polygon in coordinates]


def coarse(coordinates: Sequence[Any], tolerance: float) -> list[Any]:
    """The same outline for a picture: no point that is nearer to the line without it than `tolerance` degrees."""
    simple = geometry(coordinates).simplify(tolerance, preserve_topology=True)
    polygons = simple.geoms if isinstance(simple, MultiPolygon) else [simple]
    return [
        [
            [[round(lon, 6), round(lat, 6)] for lon, lat in ring.coords]
            for ring in (one.exterior, *one.interiors)
        ]
        for one in polygons
    ]


def inside(coordinates: Sequence[Any], lons: Sequence[float], lats: Sequence[float]) -> list[bool]:
    """Which of these positions lie inside or on the edge, as long as they are."""
    whole = geometry(coordinates)
    shapely.prepare(whole)
    # `contains` leaves out who stands exactly on the edge, whom `intersects` takes in.
    return [bool(found) for found in shapely.intersects_xy(whole, list(lons), list(lats))]


def share_inside(part: Shape, whole: Sequence[Any]) -> float:
    """How much of an outline lies inside of another: 0.0 to 1.0."""
    own = geometry(part.coordinates)
    return float(own.intersection(geometry(whole)).area / own.area) if own.area else 0.0
