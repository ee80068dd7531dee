// <hutong-map data-config='{...}' data-worker="address">: the map with price pins.
// config: {center:[lon,lat], zoom, bounds, attribution, pmtiles|raster, datum: what the map is drawn in,
// tiles: address with {z}, {x} and {y} in it|null, pins: [...],
// card: address of a pin's card with STORE in it, sheet: id of the element the card is read into,
// here: [lon,lat]|null, still: true for a small map inside a page that scrolls,
// pick: {lon, lat} ids of the fields that the middle of the map is written into,
// areas: [{slug, name, lon, lat}] regions to choose from, outlines: address of their outlines, fit: the box shown
// first, wide: true where one may go out as far as a continent}
// A pin: {lon, lat, name, url, price, unit, stores, bounds}; without a price it is a listing and drawn as a dot, with
// `stores` a cluster of so many. Positions are WGS-84, but those of tiles, which come as the map is drawn.
import * as maplibre from "maplibre-gl";
import { Protocol } from "pmtiles";
import { showAreas } from "./map_areas.js";
import { fromMap, toMap } from "./map_datum.js";
import { pickPlace } from "./map_pick.js";
import { groupPins, liesUnder, pinButton, walkPins } from "./map_pins.js";
import { mapStyle } from "./map_style.js";
import { Tiles, tilesOf } from "./map_tiles.js";

maplibre.addProtocol("pmtiles", new Protocol().tile);

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "hutong-dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

class HutongMap extends HTMLElement {
  connectedCallback() {
    this.config = JSON.parse(this.dataset.config);
    this.texts = { ...this.dataset };
    const { datum } = this.config;
    const drawn = (place) => toMap(place, datum);
    this.pins = (this.config.pins ?? []).map((pin) => {
      const [lon, lat] = drawn([pin.lon, pin.lat]);
      return { ...pin, lon, lat };
    });
    this.tiles = this.config.tiles ? new Tiles(this.config.tiles) : null;
    this.markers = [];
    this.chosen = null;
    maplibre.setWorkerUrl(new URL(this.dataset.worker, location.href).href);
    const dark = isDark();
    this.toggleAttribute("data-dark", dark);
    this.map = new maplibre.Map({
      container: this,
      style: mapStyle(this.config, dark, document.documentElement.lang),
      center: drawn(this.config.center),
      zoom: this.config.zoom,
      bounds: this.config.fit?.map(drawn),
      fitBoundsOptions: { padding: 48, maxZoom: 14 },
      maxBounds: this.config.bounds?.map(drawn) ?? undefined,
      minZoom: this.config.wide ? 2 : 8,
      maxZoom: 18.5,
      attributionControl: { compact: true },
      dragRotate: false,
      pitchWithRotate: false,
      cooperativeGestures: Boolean(this.config.still),
      locale: this.words(),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    if (this.config.areas) showAreas(this.map, this.config, maplibre.Marker, (slug) => this.chooseArea(slug));
    else if (this.config.pick) pickPlace(this.map, this.config.pick, datum, this.locateButton());
    else if (!this.config.still) this.addLocate();
    this.map.on("load", () => this.setAttribute("ready", ""));
    this.map.on("idle", () => this.setAttribute("idle", ""));
    this.map.on("moveend", () => (this.tiles ? this.readTiles() : this.draw()));
    this.map.on("moveend", (event) => event.originalEvent && this.moved());
    this.addEventListener("keydown", (event) => walkPins(event, this));
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.closeCard());
    this.map.on("error", (event) => this.setAttribute("error", event.error?.message ?? "unknown"));
    if (this.config.here) this.showHere(drawn(this.config.here));
    this.areaButton = document.querySelector("[data-search-area]");
    this.areaButton?.addEventListener("click", () => this.searchArea());
    document.getElementById(this.config.sheet)?.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.closeCard();
    });
    this.draw();
    // the pins do not wait for the streets
    if (this.tiles) this.readTiles().then(() => this.keepPlace());
  }

  /** The list below the map has each region as the button of a form, also for who has no map. */
  chooseArea(slug) {
    document.querySelector(`#areas button[value="${CSS.escape(slug)}"]`)?.click();
  }

  words() {
    return {
      "NavigationControl.ZoomIn": this.texts.zoomIn,
      "NavigationControl.ZoomOut": this.texts.zoomOut,
      "GeolocateControl.FindMyLocation": this.texts.findMe,
      "GeolocateControl.LocationNotAvailable": this.texts.noPlace,
      "AttributionControl.ToggleAttribution": this.texts.attributionToggle,
      "Map.Title": this.texts.title,
    };
  }

  /** The button that finds where one is. Its own dot would stand at WGS-84 numbers, whatever the map is drawn in. */
  locateButton() {
    return new maplibre.GeolocateControl({
      trackUserLocation: false,
      showAccuracyCircle: false,
      showUserLocation: false,
    });
  }

  addLocate() {
    const control = this.locateButton();
    control.on("error", () => {
      document.dispatchEvent(new CustomEvent("toast", { detail: this.texts.noPlace }));
    });
    control.on("geolocate", ({ coords }) => {
      const place = toMap([coords.longitude, coords.latitude], this.config.datum);
      this.showHere(place);
      this.map.easeTo({ center: place, zoom: Math.max(15, this.map.getZoom()) });
      this.moved();
    });
    this.map.addControl(control, "top-right");
  }

  showHere(place) {
    const dot = document.createElement("div");
    dot.className = "here-dot";
    this.here?.remove();
    this.here = new maplibre.Marker({ element: dot }).setLngLat(place).addTo(this.map);
  }

  moved() {
    if (this.tiles && this.areaButton) this.areaButton.hidden = false;
  }

  /** The sides of what is seen, as the map is drawn. */
  view() {
    const box = this.map.getBounds();
    return [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  }

  /** The pins follow the map. An answer that comes after the map moved on is left aside. */
  async readTiles() {
    this.draw();
    const asked = tilesOf(this.view(), this.map.getZoom());
    this.asked = asked;
    this.setAttribute("aria-busy", "true");
    try {
      const features = await this.tiles.read(asked);
      if (this.asked !== asked) return;
      this.pins = features.map((feature) => this.pinOf(feature));
      this.draw();
    } catch {
      document.dispatchEvent(new CustomEvent("toast", { detail: document.body.dataset.errorText }));
    }
    if (this.asked === asked) this.removeAttribute("aria-busy");
  }

  /** The list is of what is seen now: beside the map where there is room, else on its own page. */
  searchArea() {
    this.areaButton.hidden = true;
    this.keepPlace(this.view());
    if (!this.readList()) document.querySelector("a[data-list]")?.click();
  }

  /** A pin out of a GeoJSON feature: a store by its card, or a cluster. */
  pinOf({ geometry, properties }) {
    const [lon, lat] = geometry.coordinates;
    const { kind, names, price_from: price, unit, ref, stores, more, bounds } = properties;
    if (kind === "cluster") return { lon, lat, price, unit, stores, more, bounds, name: "", url: "" };
    const name = names[document.documentElement.lang] ?? names.name ?? names.en ?? Object.values(names)[0];
    return { lon, lat, name, price, unit, url: this.config.card.replace("STORE", ref) };
  }

  /** The address bar and the link to the list follow the map, so that back and "List" stay at this place. */
  keepPlace(view) {
    const { datum } = this.config;
    const words = (place) => fromMap(place, datum).map((degree) => degree.toFixed(5));
    const place = words(this.map.getCenter().toArray()).join(",");
    const keep = (address) => {
      const url = new URL(address, location.href);
      url.searchParams.set("at", place);
      return url;
    };
    const own = keep(location.href);
    own.searchParams.set("zoom", this.map.getZoom().toFixed(1));
    history.replaceState(history.state, "", own);
    for (const link of document.querySelectorAll("a[data-keep-place]")) {
      const url = keep(link.href);
      if (view && link.hasAttribute("data-list")) {
        const box = [...words([view[0], view[1]]), ...words([view[2], view[3]])];
        url.searchParams.set("box", box.join(","));
        url.searchParams.delete("area"); // what is seen goes before the district where one began
      }
      link.href = url.href;
    }
    if (!view) this.readList();
  }

  /** The list beside the map, where there is room for one: the page behind "List", only what it found. */
  readList() {
    const target = document.getElementById("map-list");
    const list = document.querySelector("a[data-list]");
    if (!target?.checkVisibility() || !list) return false;
    window.htmx.ajax("GET", list.href, { target, swap: "innerHTML", select: "#found" });
    return true;
  }

  draw() {
    const focused = this.contains(document.activeElement) ? document.activeElement.dataset.pin : undefined;
    for (const marker of this.markers) marker.remove();
    const middle = this.map.project(this.map.getCenter());
    const groups = groupPins(this.pins, (pin) => this.map.project([pin.lon, pin.lat]), this.map.getCanvas());
    const corner = this.querySelector(".maplibregl-ctrl-top-right");
    const away = ({ at }) => Math.hypot(at.x - middle.x, at.y - middle.y);
    this.markers = groups
      .filter((group) => !liesUnder(corner, this, group.at))
      .sort((one, other) => away(one) - away(other))
      .map((group, number) => {
        const element = pinButton(group, this.chosen, this.texts);
        const button = element.firstChild;
        // One of them is reached by the tabulator, the others from there by arrows.
        button.tabIndex = number ? -1 : 0;
        button.addEventListener("click", (event) => this.choose(group, event.detail === 0));
        return new maplibre.Marker({ element }).setLngLat([group.lon, group.lat]).addTo(this.map);
      });
    if (focused) this.pinButton(focused)?.focus({ preventScroll: true });
    this.setAttribute("pins", String(this.pins.length));
  }

  pinButton(key) {
    return [...this.querySelectorAll(".pin")].find((button) => button.dataset.pin === key);
  }

  /** Zooms into a group, or shows a pin's card; who came by keyboard goes on in the card. */
  async choose(group, byKeyboard) {
    const [pin] = group.pins;
    if (group.stores > 1 && this.map.getZoom() < this.map.getMaxZoom() - 0.2) {
      if (byKeyboard) this.map.getCanvas().focus({ preventScroll: true });
      this.closeIn(group);
      return;
    }
    this.chosen = pin.url;
    this.draw();
    this.chosenPin()?.focus({ preventScroll: true });
    if (!this.config.sheet) return;
    const sheet = document.getElementById(this.config.sheet);
    await window.htmx.ajax("GET", pin.url, { target: sheet, swap: "innerHTML" });
    this.map.easeTo({ center: [pin.lon, pin.lat], offset: [0, -90] });
    sheet.querySelector("[data-close-sheet]")?.addEventListener("click", () => this.closeCard());
    if (byKeyboard) sheet.querySelector("a")?.focus({ preventScroll: true });
  }

  /** To where the stores of a group come apart: all of them in sight, and one step closer at least. */
  closeIn({ pins, lon, lat }) {
    const box = new maplibre.LngLatBounds();
    for (const pin of pins) {
      const [west, south, east, north] = pin.bounds ?? [pin.lon, pin.lat, pin.lon, pin.lat];
      box.extend([west, south]).extend([east, north]);
    }
    const camera = this.map.cameraForBounds(box, { padding: 60, maxZoom: this.map.getMaxZoom() });
    const zoom = Math.min(this.map.getMaxZoom(), Math.max(camera?.zoom ?? 0, this.map.getZoom() + 1.2));
    this.map.easeTo({ center: camera?.center ?? [lon, lat], zoom });
    this.moved();
  }

  /** The card goes; the keyboard is again at the pin it was of. */
  closeCard() {
    const sheet = document.getElementById(this.config.sheet);
    if (!sheet?.firstElementChild) return;
    sheet.replaceChildren();
    const pin = this.chosenPin();
    (pin ?? this.map.getCanvas()).focus({ preventScroll: true });
    this.chosen = null;
    pin?.setAttribute("aria-pressed", "false");
  }

  chosenPin() {
    return this.querySelector(".pin[aria-pressed=true]");
  }

  disconnectedCallback() {
    this.map?.remove();
  }
}
customElements.define("hutong-map", HutongMap);
