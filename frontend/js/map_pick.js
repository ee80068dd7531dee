// A map that picks a place: its middle, under a fixed pin, is written into two fields of the form. Nothing is
// written before somebody moves the map, so that nobody sends the middle of the town by mistake.
import { fromMap, toMap } from "./map_datum.js";

// As near as one has to be to see the door.
const NEAR = 16;

/**
 * `lon` and `lat` are the ids of the fields that follow `map`, which is drawn in `datum`; they are WGS-84, as is what
 * `locate`, the map's button for one's own position, finds out.
 */
export function pickPlace(map, { lon, lat }, datum, locate) {
  const [across, up] = [document.getElementById(lon), document.getElementById(lat)];
  const write = ({ lng, lat: degrees }) => {
    across.value = lng.toFixed(6);
    up.value = degrees.toFixed(6);
  };
  const drawn = (place) => {
    const [lng, degrees] = fromMap(place.toArray(), datum);
    write({ lng, lat: degrees });
  };
  map.on("moveend", (event) => event.originalEvent && drawn(map.getCenter()));
  map.on("click", (event) => {
    drawn(event.lngLat);
    map.easeTo({ center: event.lngLat });
  });
  // The button by itself moves the view to the same numbers, which on a shifted map are another street.
  locate.on("geolocate", ({ coords }) => {
    write({ lng: coords.longitude, lat: coords.latitude });
    const center = toMap([coords.longitude, coords.latitude], datum);
    map.jumpTo({ center, zoom: Math.max(NEAR, map.getZoom()) });
  });
  map.addControl(locate, "top-right");
  for (const field of [across, up]) {
    field.addEventListener("change", () => {
      if (across.value && up.value) {
        map.jumpTo({ center: toMap([Number(across.value), Number(up.value)], datum) });
      }
    });
  }
}
