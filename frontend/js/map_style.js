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
  pois: {
    blue: "#3c5f9e",
    green: "#3a6b3f",
    lapis: "#4b5490",
    pink: "#99427a",
    red: "#a2463b",
    slategray: "#5f574e",
    tangerine: "#95581f",
    turquoise: "#28707e",
  },
};

// Lighter than Protomaps' own dark flavour: streets must be told from blocks in daylight as well.
const DARK = {
  background: "#332d28",
  earth: "#383129",
  water: "#2b5468",
  buildings: "#474036",
  park_a: "#3a5239",
  park_b: "#3a5239",
  wood_a: "#374d36",
  wood_b: "#374d36",
  scrub_a: "#3c523a",
  scrub_b: "#3c523a",
  pedestrian: "#443c34",
  school: "#453e31",
  hospital: "#4b3935",
  industrial: "#3e3831",
  minor_a: "#766c60",
  minor_b: "#766c60",
  minor_service: "#635a50",
  minor_casing: "#332d28",
  minor_service_casing: "#332d28",
  other: "#635a50",
  major: "#8b7f70",
  major_casing_early: "#332d28",
  major_casing_late: "#332d28",
  highway: "#ab8f5a",
  highway_casing_early: "#332d28",
  highway_casing_late: "#332d28",
  bridges_major: "#8b7f70",
  bridges_minor: "#766c60",
  bridges_highway: "#ab8f5a",
  railway: "#6f665b",
  roads_label_minor: "#e3dbd0",
  roads_label_minor_halo: "#332d28",
  roads_label_major: "#f3ebe0",
  roads_label_major_halo: "#332d28",
  subplace_label: "#e4d0bb",
  subplace_label_halo: "#332d28",
  city_label: "#f7efe4",
  city_label_halo: "#332d28",
  ocean_label: "#aed1e2",
  pois: {
    blue: "#9dc0ff",
    green: "#9ed8a4",
    lapis: "#b9c6ff",
    pink: "#f3b4d8",
    red: "#ffb0a6",
    slategray: "#d3cbc1",
    tangerine: "#ffc08a",
    turquoise: "#8fdcec",
  },
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
