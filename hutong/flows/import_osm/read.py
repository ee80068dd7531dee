"""Reads the places of trade of an extract into plain values."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

import osmium
import shapely
from babel.core import get_global
from osmium.osm import Area, Node, Way

from hutong.flows.import_osm.categories import category_of
from hutong.flows.import_osm.category_table import KEYS
from hutong.flows.import_osm.contacts import LIMITS, email_of, hours_of, phone_of, website_of
from hutong.flows.import_osm.progress import Progress, Step
from hutong.kernel.geo import MERCATOR_LATITUDE_LIMIT
from hutong.kernel.text import clean
from hutong.town.merchants.types import ImportedStore
from hutong.town.regions.types import Extent

NAME_LIMIT = 200
LANGUAGES_LIMIT = 20
LEAST_EXTENT = 0.004  # degrees: a few hundred metres
_LANGUAGE = re.compile(r"name:([a-z]{2,3}(?:-[A-Z][a-z]{3})?)")
_REPORT_EVERY = 200


class Skipped(StrEnum):
    """Why a place with tags of trade did not become a store."""

    NO_NAME = "no_name"
    PRIVATE = "private"
    NO_POSITION = "no_position"


@dataclass(frozen=True, slots=True)
class Extract:
    """What an extract has for us. `cut` counts names that were longer than `NAME_LIMIT`."""

    stores: tuple[ImportedStore, ...]
    extent: Extent
    skipped: Mapping[Skipped, int]
    cut: int

    @property
    def middle(self) -> tuple[float, float]:
        """Where most shops are, as (lon, lat); a town with a sea border has the middle of its box in the water."""
        return median(store.lon for store in self.stores), median(store.lat for store in self.stores)


@dataclass(slots=True)
class _Reading:
    """The places found so far by their OSM reference; an area replaces what its own outline gave."""

    country: str | None
    stores: dict[str, ImportedStore] = field(default_factory=dict)
    skipped: dict[str, Skipped] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)


def read_extract(file: osmium.io.File, *, zone: str, progress: Progress) -> Extract | None:
    """All places of trade with name and position; None when there is no node at all.

    `zone` tells the country in which phone numbers without a prefix are read. Raises what osmium raises:
    RuntimeError and ValueError.
    """
    extent = _extent(file)
    if extent is None:
        return None
    reading = _Reading(country=get_global("zone_territories").get(zone))
    trade = osmium.filter.KeyFilter(*KEYS)
    shapes = osmium.geom.WKBFactory()
    for thing in osmium.FileProcessor(file).with_locations().with_areas(trade).with_filter(trade):
        tags = {tag.k: tag.v for tag in thing.tags}
        category_slug = category_of(tags)
        if category_slug is None or not isinstance(thing, Node | Way | Area):
            continue
        if isinstance(thing, Area):
            osm_ref = f"{'way' if thing.from_way() else 'relation'}/{thing.orig_id()}"
        else:
            osm_ref = f"{'node' if isinstance(thing, Node) else 'way'}/{thing.id}"
        _take(reading, osm_ref, category_slug, tags, _position(thing, shapes))
        if len(reading.stores) % _REPORT_EVERY == 0:
            progress(Step.READ, len(reading.stores), None)
    progress(Step.READ, len(reading.stores), len(reading.stores))
    skipped = Counter(why for ref, why in reading.skipped.items() if ref not in reading.stores)
    return Extract(tuple(reading.stores.values()), extent, skipped, len(reading.cut))


def _take(
    reading: _Reading,
    osm_ref: str,
    category_slug: str,
    tags: Mapping[str, str],
    position: tuple[float, float] | None,
) -> None:
    names, was_cut = _names(tags)
    if not names:
        reading.skipped[osm_ref] = Skipped.NO_NAME
    elif tags.get("access") in ("private", "no"):
        reading.skipped[osm_ref] = Skipped.PRIVATE
    elif position is None or abs(position[1]) > MERCATOR_LATITUDE_LIMIT:
        reading.skipped.setdefault(osm_ref, Skipped.NO_POSITION)
    else:
        if was_cut:
            reading.cut.add(osm_ref)
        reading.stores[osm_ref] = ImportedStore(
            osm_ref=osm_ref,
            category_slug=category_slug,
            names=names,
            lon=position[0],
            lat=position[1],
            address=_address(tags),
            postcode=_text(tags, "postcode", "addr:postcode"),
            city=_text(tags, "city", "addr:city"),
            phone=phone_of(_first(tags, "phone", "contact:phone", "contact:mobile"), reading.country),
            website=website_of(_first(tags, "website", "contact:website", "url")),
            opening_hours=hours_of(tags.get("opening_hours", "")),
            email=email_of(_first(tags, "email", "contact:email")),
        )


def _extent(file: osmium.io.File) -> Extent | None:
    """The box of the file's header; where there is none, the box of its nodes; None without any node."""
    reader = osmium.io.Reader(file)
    header = reader.header().box()
    reader.close()
    if header.valid():
        left, right = header.bottom_left, header.top_right
        return roomy(left.lon, left.lat, right.lon, right.lat)
    west, south, east, north = 180.0, 90.0, -180.0, -90.0
    for node in osmium.FileProcessor(file, osmium.osm.NODE):
        if isinstance(node, Node) and node.location.valid():
            west, east = min(west, node.lon), max(east, node.lon)
            south, north = min(south, node.lat), max(north, node.lat)
    return roomy(west, south, east, north) if west <= east else None


def roomy(west: float, south: float, east: float, north: float) -> Extent:
    """The box, made at least `LEAST_EXTENT` wide and high, so that there is a map to look at."""
    more_x, more_y = (max(0.0, LEAST_EXTENT - span) / 2 for span in (east - west, north - south))
    return Extent(
        max(west - more_x, -180), max(south - more_y, -90), min(east + more_x, 180), min(north + more_y, 90)
    )


def _position(thing: Node | Way | Area, shapes: osmium.geom.WKBFactory) -> tuple[float, float] | None:
    """A node's position, a point inside of an area, the middle of an outline; None where nodes lack."""
    if isinstance(thing, Node):
        return (thing.lon, thing.lat) if thing.location.valid() else None
    if isinstance(thing, Area):
        try:
            inside = shapely.from_wkb(shapes.create_multipolygon(thing)).representative_point()
        except (osmium.InvalidLocationError, RuntimeError, shapely.GEOSException):
            return None  # an outline that crosses itself; the middle of its nodes is known already
        return inside.x, inside.y
    nodes = [(node.lon, node.lat) for node in thing.nodes if node.location.valid()]
    if not nodes:
        return None
    return sum(lon for lon, _lat in nodes) / len(nodes), sum(lat for _lon, lat in nodes) / len(nodes)


def _names(tags: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """The names by language and under `name` the one on the door; and whether one had to be cut."""
    full = {"name": tags.get("name") or tags.get("brand") or tags.get("operator") or ""}
    for key, value in sorted(tags.items()):
        match = _LANGUAGE.fullmatch(key)
        if match and len(full) <= LANGUAGES_LIMIT:
            full[match[1]] = value
    tidy = {language: clean(text, limit=len(text)) for language, text in full.items()}
    names = {language: text[:NAME_LIMIT].rstrip() for language, text in tidy.items() if text}
    if names and "name" not in names:
        names["name"] = next(iter(names.values()))
    return names, any(len(text) > NAME_LIMIT for text in tidy.values())


def _address(tags: Mapping[str, str]) -> str:
    street = tags.get("addr:street") or tags.get("addr:place") or ""
    written = f"{street} {tags.get('addr:housenumber', '')}" if street else tags.get("addr:full", "")
    return clean(written, limit=LIMITS["address"])


def _text(tags: Mapping[str, str], column: str, key: str) -> str:
    return clean(tags.get(key, ""), limit=LIMITS[column])


def _first(tags: Mapping[str, str], *keys: str) -> str:
    return next((tags[key] for key in keys if tags.get(key)), "")
