"""Positions of requests and answers in the datum that the caller asks for; inside, all is WGS-84."""

from __future__ import annotations

import json
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema

from hutong.attract.search.types import Bounds
from hutong.kernel.geo import Datum, Place, PlaceInvalid, PlaceSwapped, from_datum, to_datum
from hutong.town.regions.queries import only_swapped

SAID = (
    "What positions refer to, sent and answered: `wgs84` as satellites say, `gcj02` as the maps of mainland China are "
    "drawn, `bd09` as Baidu's are."
)
DatumQuery = Annotated[Datum, Query(description=SAID)]


def place_of(lon: float, lat: float, datum: Datum) -> Place:
    """The WGS-84 place of a position in `datum`. Raises `PlaceInvalid`."""
    return from_datum(Place(lon, lat), datum)


def box_of(west: float, south: float, east: float, north: float, datum: Datum) -> Bounds:
    """The box in WGS-84 around one with these sides in `datum`. Raises `PlaceInvalid`."""
    if datum is Datum.WGS84:
        return Bounds(west, south, east, north)
    south_west, north_west = place_of(west, south, datum), place_of(west, north, datum)
    south_east, north_east = place_of(east, south, datum), place_of(east, north, datum)
    return Bounds(
        west=min(south_west.lon, north_west.lon),
        south=min(south_west.lat, south_east.lat),
        east=max(south_east.lon, north_east.lon),
        north=max(north_west.lat, north_east.lat),
    )


def answered(said: Any, datum: Datum) -> Any:
    """The answer with every `lon` and `lat` in `datum`: shapes are changed in place, plain values made anew."""
    if datum is Datum.WGS84:
        return said
    if isinstance(said, list):
        return [answered(one, datum) for one in said]
    if isinstance(said, dict):
        moved = {key: answered(value, datum) for key, value in said.items()}
        if "lon" in moved and "lat" in moved:
            moved["lon"], moved["lat"] = _moved(moved["lon"], moved["lat"], datum)
        return moved
    if isinstance(said, Schema):
        for name in type(said).model_fields:
            setattr(said, name, answered(getattr(said, name), datum))
        if "lon" in type(said).model_fields and "lat" in type(said).model_fields:
            lon, lat = _moved(said.lon, said.lat, datum)  # type: ignore[attr-defined]
            said.lon, said.lat = lon, lat  # type: ignore[attr-defined]
    return said


def answered_json(text: str, datum: Datum) -> str:
    """The same for an answer that is JSON text already."""
    return text if datum is Datum.WGS84 else json.dumps(answered(json.loads(text), datum), ensure_ascii=False)


def not_swapped(place: Place) -> None:
    """Say it where a question found nothing because its coordinates are swapped. Raises `PlaceSwapped`."""
    if only_swapped(place):
        raise PlaceSwapped


def sent_swapped(request: HttpRequest) -> bool:
    """Whether the address has a latitude no place can have, and a longitude that one could."""
    try:
        Place(float(request.GET.get("lon", "")), float(request.GET.get("lat", "")))
    except PlaceSwapped:
        return True
    except (PlaceInvalid, ValueError):
        return False
    return False


def _moved(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    place = to_datum(Place(lon, lat), datum)
    return round(place.lon, 7), round(place.lat, 7)
