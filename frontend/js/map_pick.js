// A map that picks a place: its middle, under a fixed pin, is written into two fields of the form. Nothing is
// written before somebody moves the map, so that nobody sends the middle of the town by mistake.
import { GeolocateControl } from "maplibre-gl";

/** `lon` and `lat` are the ids of the fields that follow `map`. */
export function pickPlace(map, { lon, lat }) {
  const [across, up] = [document.getElementById(lon), document.getElementById(lat)];
  const write = ({ lng, lat: degrees }) => {
    across.value = lng.toFixed(6);
    up.value = degrees.toFixed(6);
  };
  map.on("moveend", (event) => event.originalEvent && write(map.getCenter()));
  map.on("click", (event) => {
    write(event.lngLat);
    map.easeTo({ center: event.lngLat });
  });
  const control = new GeolocateControl({ trackUserLocation: false, showAccuracyCircle: false });
  control.on("geolocate", ({ coords }) => write({ lng: coords.longitude, lat: coords.latitude }));
  map.addControl(control, "top-right");
  for (const field of [across, up]) {
    field.addEventListener("change", () => {
      if (across.value && up.value) map.jumpTo({ center: [Number(across.value), Number(up.value)] });
    });
  }
}
