// Regions to choose from: their outlines, and a button with the name at the middle of each. A tap on either, or
// Enter, chooses; names that would lie on another wait until one comes closer, and all of them are in the list.
import { toMap } from "./map_datum.js";

const GAP = 4;
const EDGE = "#b4490f";

/** The outlines of a GeoJSON collection where the map draws them. */
export function drawnOutlines({ features }, datum) {
  const ring = (places) => places.map((place) => toMap(place, datum));
  return {
    type: "FeatureCollection",
    features: features.map((feature) => ({
      ...feature,
      geometry: {
        type: "MultiPolygon",
        coordinates: feature.geometry.coordinates.map((polygon) => polygon.map(ring)),
      },
    })),
  };
}

/** Which of these boxes, the most important first, can be shown without lying on one before. */
export function apart(boxes) {
  const kept = [];
  return boxes.map((box) => {
    const free = kept.every(
      (other) =>
        box.right + GAP < other.left ||
        other.right + GAP < box.left ||
        box.bottom + GAP < other.top ||
        other.bottom + GAP < box.top,
    );
    if (free) kept.push(box);
    return free;
  });
}

/** Shows `config.areas` on `map` and their outlines from `config.outlines`; `choose` is called with a slug. */
export function showAreas(map, config, Marker, choose) {
  const buttons = config.areas.map(({ slug, name, lon, lat }) => {
    const [holder, button, face] = ["div", "button", "span"].map((tag) => document.createElement(tag));
    button.type = "button";
    button.className = "pin";
    button.dataset.pin = slug;
    face.textContent = name;
    button.append(face);
    holder.append(button);
    button.addEventListener("click", () => choose(slug));
    new Marker({ element: holder }).setLngLat(toMap([lon, lat], config.datum)).addTo(map);
    return button;
  });
  const thin = () => {
    for (const button of buttons) button.hidden = false;
    const shown = apart(buttons.map((button) => button.getBoundingClientRect()));
    let first = true;
    for (const [number, button] of buttons.entries()) {
      button.hidden = !shown[number];
      button.tabIndex = shown[number] && first ? 0 : -1;
      first &&= !shown[number];
    }
  };
  map.on("moveend", thin);
  map.once("idle", thin);
  thin();
  if (config.outlines) readOutlines(map, config, choose);
}

async function readOutlines(map, { outlines, datum }, choose) {
  const answer = await fetch(outlines);
  if (!answer.ok) return;
  const data = drawnOutlines(await answer.json(), datum);
  const draw = () => {
    map.addSource("areas", { type: "geojson", data });
    const fill = { "fill-color": EDGE, "fill-opacity": 0.12 };
    map.addLayer({ id: "areas-fill", type: "fill", source: "areas", paint: fill });
    const line = { "line-color": EDGE, "line-width": 2 };
    map.addLayer({ id: "areas-line", type: "line", source: "areas", paint: line });
    map.on("click", "areas-fill", (event) => choose(event.features[0].properties.slug));
    const point = (cursor) => () => {
      map.getCanvas().style.cursor = cursor;
    };
    map.on("mouseenter", "areas-fill", point("pointer"));
    map.on("mouseleave", "areas-fill", point(""));
    map.getContainer().setAttribute("outlines", String(data.features.length));
  };
  if (map.isStyleLoaded()) draw();
  else map.once("load", draw);
}
