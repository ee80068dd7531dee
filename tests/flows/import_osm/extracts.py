"""Small extracts, written as the tests need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import osmium

CAFE = {"amenity": "cafe", "name": "Kahvila Ilo"}


def xml(
    *places: Mapping[str, str], bounds: bool = True, lon: float = 24.94, lat: float = 60.17, first_id: int = 1
) -> str:
    """An extract in XML with one node for each place, one beside the other."""
    box = '<bounds minlon="24.90" minlat="60.10" maxlon="25.00" maxlat="60.20"/>' if bounds else ""
    nodes = "".join(
        f'<node id="{first_id + number}" version="1" lat="{lat}" lon="{lon + number / 10_000:.4f}">'
        + "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
        + "</node>"
        for number, tags in enumerate(places)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">{box}{nodes}</osm>'


def write(folder: Path, *places: Mapping[str, str], name: str = "city.osm", **options: object) -> Path:
    """The extract of these places as a file."""
    path = folder / name
    path.write_text(xml(*places, **options), encoding="utf-8")  # type: ignore[arg-type]
    return path


def write_shapes(
    folder: Path, *, nodes: Sequence[tuple[float, float]], ways: str, name: str = "shapes.osm"
) -> Path:
    """An extract of nodes 1, 2, ... at (lon, lat), and of ways and relations given as XML."""
    points = "".join(
        f'<node id="{number}" version="1" lon="{lon}" lat="{lat}"/>'
        for number, (lon, lat) in enumerate(nodes, start=1)
    )
    path = folder / name
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{points}{ways}</osm>', encoding="utf-8")
    return path


def as_pbf(source: Path, target: Path) -> Path:
    """The same data as a PBF file."""
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return target
