// The look of the basemap: Protomaps layers over one .pmtiles file, in the colours of the theme. No glyph and
// no sprite files: letters are drawn with the fonts of the device, so names show in any script.
import { layers, namedFlavor } from "@protomaps/basemaps";

const FONTS = ["system-ui", "Noto Sans", "PingFang SC", "Noto Sans CJK SC", "sans-serif"];
const UNUSED = ["roads_shields", "roads_oneway", "address_label"];

const LIGHT = {
  background: "#f3eee7",
  earth: "#f6f2ec",
  water: "#a9d3e8",
  buildings: "#e9e1d6",
  park_a: "#d3e8c8",
  park_b: "#d3e8c8",
  wood_a: "#c6dfb8",
  wood_b: "#c6dfb8",
  scrub_a: "#d6e8ca",
  scrub_b: "#d6e8ca",
  pedestrian: "#f1ebe1",
  school: "#f4ecdc",
  hospital: "#f6e4e0",
  industrial: "#efe9e2",
  minor_a: "#ffffff",
  minor_b: "#ffffff",
  minor_service: "#ffffff",
  minor_casing: "#e2d9cc",
  minor_service_casing: "#e8e0d4",
  other: "#f9f5ef",
  major: "#ffffff",
  major_casing_early: "#dccfbd",
  major_casing_late: "#dccfbd",
  highway: "#ffdf9e",
  highway_casing_early: "#e0b055",
  highway_casing_late: "#e0b055",
  bridges_major: "#ffffff",
  bridges_major_casing: "#cfc2ae",
  railway: "#cfc5b8",
  roads_label_minor: "#6b6157",
  roads_label_major: "#544b42",
  subplace_label: "#7a5c48",
  city_label: "#3a3029",
};

// Lighter than Protomaps' own dark flavour: streets must be told from blocks in daylight as well.
const DARK = {
  background: "#2a2521",
  earth: "#2e2925",
  water: "#24485c",
  buildings: "#3a342e",
  park_a: "#2f4431",
  park_b: "#2f4431",
  wood_a: "#2d402e",
  wood_b: "#2d402e",
  scrub_a: "#30442f",
  scrub_b: "#30442f",
  pedestrian: "#38322c",
  school: "#39332a",
  hospital: "#40302d",
  industrial: "#332e29",
  minor_a: "#575047",
  minor_b: "#575047",
  minor_service: "#4b453d",
  minor_casing: "#2a2521",
  minor_service_casing: "#2a2521",
  other: "#4b453d",
  major: "#6b6257",
  major_casing_early: "#2a2521",
  major_casing_late: "#2a2521",
  highway: "#8c744a",
  highway_casing_early: "#2a2521",
  highway_casing_late: "#2a2521",
  bridges_major: "#6b6257",
  bridges_minor: "#575047",
  bridges_highway: "#8c744a",
  railway: "#5c544b",
  roads_label_minor: "#d3cabf",
  roads_label_minor_halo: "#2a2521",
  roads_label_major: "#e8dfd4",
  roads_label_major_halo: "#2a2521",
  subplace_label: "#d9c3ae",
  subplace_label_halo: "#2a2521",
  city_label: "#f2e9de",
  city_label_halo: "#2a2521",
  ocean_label: "#9cc3d6",
};

function withOwnFonts(layer, language) {
  const own = structuredClone(layer);
  delete own.layout["icon-image"];
  own.layout["text-font"] = FONTS;
  // roads keep the name on the street sign; places are read in the visitor's language
  const names = own.id.startsWith("roads")
    ? [["get", "name"]]
    : [
        ["get", `name:${language}`],
        ["get", "name:en"],
        ["get", "name"],
      ];
  own.layout["text-field"] = ["coalesce", ...names];
  return own;
}

/** A MapLibre style for `config` ({pmtiles, raster, attribution}), scheme and language. */
export function mapStyle(config, dark, language) {
  if (config.raster) {
    const base = { type: "raster", tiles: config.raster, tileSize: 256, attribution: config.attribution };
    return { version: 8, sources: { base }, layers: [{ id: "base", type: "raster", source: "base" }] };
  }
  if (!config.pmtiles) {
    const colour = dark ? DARK.background : LIGHT.background;
    const layer = { id: "background", type: "background", paint: { "background-color": colour } };
    return { version: 8, sources: {}, layers: [layer] };
  }
  const flavor = { ...namedFlavor(dark ? "dark" : "light"), ...(dark ? DARK : LIGHT) };
  const url = `pmtiles://${new URL(config.pmtiles, location.href)}`;
  return {
    version: 8,
    sources: { base: { type: "vector", url, attribution: config.attribution } },
    layers: layers("base", flavor, { lang: language })
      .filter((layer) => !UNUSED.includes(layer.id))
      .map((layer) => (layer.type === "symbol" ? withOwnFonts(layer, language) : layer)),
  };
}
