"""Places: WGS-84 inside, Web Mercator metres for the index, GCJ-02 and BD-09 only at the edges."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Invalid

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_MERCATOR_RADIUS_M = 6_378_137.0  # the sphere of EPSG:3857
MERCATOR_LATITUDE_LIMIT = 85.0511287798066  # where the square map of EPSG:3857 ends


class PlaceInvalid(Invalid):
    """Coordinates that are not on the map."""

    code = "place_invalid"
    message = _("Longitude goes from -180 to 180 and latitude from -85 to 85.")


class PlaceSwapped(PlaceInvalid):
    """Coordinates that make sense only the other way round."""

    code = "place_swapped"
    message = _("Longitude and latitude seem to be swapped: longitude comes first, then latitude.")


class Datum(StrEnum):
    """What positions of maps refer to. Chinese maps are drawn in GCJ-02, Baidu's in BD-09."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class Place:
    """A point in degrees, longitude first as in GeoJSON; WGS-84 unless a name says otherwise.

    Raises `PlaceInvalid` outside the map, and `PlaceSwapped` where swapping the two would mend that.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        inside = abs(self.lon) <= 180 and abs(self.lat) <= MERCATOR_LATITUDE_LIMIT
        if not inside:  # also true for NaN, which compares as False
            swapped = abs(self.lat) <= 180 and abs(self.lon) <= MERCATOR_LATITUDE_LIMIT
            raise PlaceSwapped if swapped and abs(self.lat) > 90 else PlaceInvalid


def mercator(place: Place) -> tuple[float, float]:
    """Web Mercator metres (EPSG:3857) of a place: what the database index is built on."""
    x = _MERCATOR_RADIUS_M * math.radians(place.lon)
    y = _MERCATOR_RADIUS_M * math.log(math.tan(math.pi / 4 + math.radians(place.lat) / 2))
    return x, y


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres (haversine on the mean sphere; within 0.5 % of the ellipsoid)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.lon - a.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


# The ellipsoid of Krasovsky 1940 and the published series of the GCJ-02 offset.
_GCJ_AXIS, _GCJ_ECCENTRICITY = 6_378_245.0, 0.00669342162296594323


def _in_china(place: Place) -> bool:
    return 72.004 <= place.lon <= 137.8347 and 0.8293 <= place.lat <= 55.8271


def _gcj_offset(place: Place) -> tuple[float, float]:
    x, y = place.lon - 105.0, place.lat - 35.0
    wave = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    root = math.sqrt(abs(x))
    lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    radians = math.radians(place.lat)
    magic = 1 - _GCJ_ECCENTRICITY * math.sin(radians) ** 2
    lat = math.degrees(lat / (_GCJ_AXIS * (1 - _GCJ_ECCENTRICITY) / (magic * math.sqrt(magic))))
    lon = math.degrees(lon / (_GCJ_AXIS / math.sqrt(magic) * math.cos(radians)))
    return lon, lat


def wgs84_to_gcj02(place: Place) -> Place:
    """The place as Chinese maps draw it; unchanged outside the box where the offset applies."""
    if not _in_china(place):
        return place
    lon, lat = _gcj_offset(place)
    return Place(place.lon + lon, place.lat + lat)


def gcj02_to_wgs84(place: Place) -> Place:
    """The inverse of `wgs84_to_gcj02`, to better than a millimetre."""
    return _inverse(wgs84_to_gcj02, place)


# What Baidu adds to GCJ-02: a shift, and a wave of its own in the distance and direction from 0, 0.
_BD_LON, _BD_LAT, _BD_WAVE = 0.0065, 0.006, math.pi * 3000 / 180


def _gcj02_to_bd09(place: Place) -> Place:
    reach = math.hypot(place.lon, place.lat) + 0.00002 * math.sin(place.lat * _BD_WAVE)
    angle = math.atan2(place.lat, place.lon) + 0.000003 * math.cos(place.lon * _BD_WAVE)
    return Place(reach * math.cos(angle) + _BD_LON, reach * math.sin(angle) + _BD_LAT)


def wgs84_to_bd09(place: Place) -> Place:
    """The place as Baidu's maps draw it; unchanged outside the box where the offset applies."""
    return _gcj02_to_bd09(wgs84_to_gcj02(place)) if _in_china(place) else place


def bd09_to_wgs84(place: Place) -> Place:
    """The inverse of `wgs84_to_bd09`, to better than a millimetre."""
    return _inverse(wgs84_to_bd09, place)


def to_datum(place: Place, datum: Datum) -> Place:
    """A WGS-84 place as `datum` has it: for what leaves us."""
    return _FORTH[datum](place)


def from_datum(place: Place, datum: Datum) -> Place:
    """The WGS-84 place of one in `datum`: for what comes to us."""
    return place if datum is Datum.WGS84 else _inverse(_FORTH[datum], place)


_FORTH: dict[Datum, Callable[[Place], Place]] = {
    Datum.WGS84: lambda place: place,
    Datum.GCJ02: wgs84_to_gcj02,
    Datum.BD09: wgs84_to_bd09,
}
_ROUNDS, _CLOSE_DEGREES = 12, 1e-11


def _inverse(forth: Callable[[Place], Place], place: Place) -> Place:
    """The place that `forth` moves to `place`, by fixed-point iteration: each round is 50 times nearer."""
    guess = place
    for _round in range(_ROUNDS):
        image = forth(guess)
        lon, lat = image.lon - place.lon, image.lat - place.lat
        if abs(lon) < _CLOSE_DEGREES and abs(lat) < _CLOSE_DEGREES:
            break
        guess = Place(guess.lon - lon, guess.lat - lat)
    return guess


class PointField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's own `point`: with a GiST index it gives exact nearest-neighbour order, without PostGIS."""

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "point"


class _MercatorSql(models.Func):
    """`point(x, y)` in Web Mercator metres from the columns lon and lat, as SQL for a generated column."""

    output_field = PointField()
    template = (
        "point((%(lon)s) * 111319.49079327358, "
        "6378137.0::float8 * ln(tan(0.785398163397448::float8 + (%(lat)s) * 0.00872664625997165::float8)))"
    )

    def __init__(self) -> None:
        super().__init__(models.F("lon"), models.F("lat"))

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """The SQL text; generated columns take no parameters."""
        lon, lat = (compiler.compile(expression)[0] for expression in self.get_source_expressions())
        return self.template % {"lon": lon, "lat": lat}, []

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, Any]]:
        """How a migration writes this expression down."""
        return "hutong.kernel.geo._MercatorSql", (), {}


def mercator_field() -> Any:
    """The generated column `place` of a model with float columns `lon` and `lat`; it cannot disagree."""
    return models.GeneratedField(expression=_MercatorSql(), output_field=PointField(), db_persist=True)
