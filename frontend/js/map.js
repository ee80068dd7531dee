// <hutong-map data-config='{...}' data-worker="address">: the map with price pins.
// config: {center:[lon,lat], zoom, bounds, attribution, pmtiles|raster, points: address|null, pins: [...],
// card: address of a pin's card with STORE in it, sheet: id of the element the card is read into,
// here: [lon,lat]|null, still: true for a small map inside a page that scrolls,
// pick: {lon, lat} ids of the fields that the middle of the map is written into}
// A pin: {lon, lat, name, url, price, unit}; without a price it is a listing and drawn as a dot.
import * as maplibre from "maplibre-gl";
import { Protocol } from "pmtiles";
import { pickPlace } from "./map_pick.js";
import { groupPins, liesUnder, pinButton } from "./map_pins.js";
import { mapStyle } from "./map_style.js";

maplibre.addProtocol("pmtiles", new Protocol().tile);

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "hutong-dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

class HutongMap extends HTMLElement {
  connectedCallback() {
    this.config = JSON.parse(this.dataset.config);
    this.texts = { ...this.dataset };
    this.pins = this.config.pins ?? [];
    this.markers = [];
    this.chosen = null;
    maplibre.setWorkerUrl(new URL(this.dataset.worker, location.href).href);
    const dark = isDark();
    this.toggleAttribute("data-dark", dark);
    this.map = new maplibre.Map({
      container: this,
      style: mapStyle(this.config, dark, document.documentElement.lang),
      center: this.config.center,
      zoom: this.config.zoom,
      maxBounds: this.config.bounds ?? undefined,
      minZoom: 10,
      maxZoom: 18.5,
      attributionControl: { compact: true },
      dragRotate: false,
      pitchWithRotate: false,
      cooperativeGestures: Boolean(this.config.still),
      locale: this.words(),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    if (this.config.pick) pickPlace(this.map, this.config.pick);
    else if (!this.config.still) this.addLocate();
    this.map.on("load", () => this.setAttribute("ready", ""));
    this.map.on("idle", () => this.setAttribute("idle", ""));
    this.map.on("moveend", () => this.draw());
    this.map.on("moveend", (event) => event.originalEvent && this.moved());
    this.map.on("error", (event) => this.setAttribute("error", event.error?.message ?? "unknown"));
    if (this.config.here) this.showHere(this.config.here);
    this.areaButton = document.querySelector("[data-search-area]");
    this.areaButton?.addEventListener("click", () => this.searchArea());
    this.draw();
    // the pins do not wait for the streets
    if (this.config.points) this.searchArea();
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

  addLocate() {
    const control = new maplibre.GeolocateControl({ trackUserLocation: false, showAccuracyCircle: false });
    control.on("error", () => {
      document.dispatchEvent(new CustomEvent("toast", { detail: this.texts.noPlace }));
    });
    control.on("geolocate", () => this.moved());
    this.map.addControl(control, "top-right");
  }

  showHere(place) {
    const dot = document.createElement("div");
    dot.className = "here-dot";
    new maplibre.Marker({ element: dot }).setLngLat(place).addTo(this.map);
  }

  moved() {
    if (this.config.points && this.areaButton) this.areaButton.hidden = false;
  }

  async searchArea() {
    const box = this.map.getBounds();
    const address = new URL(this.config.points, location.href);
    const corners = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    address.searchParams.set("box", corners.map((degree) => degree.toFixed(5)).join(","));
    this.areaButton?.setAttribute("aria-busy", "true");
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    this.areaButton?.removeAttribute("aria-busy");
    if (!answer.ok) {
      document.dispatchEvent(new CustomEvent("toast", { detail: document.body.dataset.errorText }));
      return;
    }
    this.pins = (await answer.json()).features.map((feature) => this.pinOf(feature));
    if (this.areaButton) this.areaButton.hidden = true;
    this.keepPlace();
    this.draw();
  }

  /** A pin out of a GeoJSON feature whose properties are a store's card. */
  pinOf({ geometry, properties }) {
    const [lon, lat] = geometry.coordinates;
    const { names, price_from: price, unit } = properties;
    const name = names[document.documentElement.lang] ?? names.name ?? names.en ?? Object.values(names)[0];
    return { lon, lat, name, price, unit, url: this.config.card.replace("STORE", properties.ref) };
  }

  /** The address bar and the link to the list follow the map, so that back and "List" stay at this place. */
  keepPlace() {
    const { lng, lat } = this.map.getCenter();
    const place = `${lng.toFixed(5)},${lat.toFixed(5)}`;
    const keep = (address) => {
      const url = new URL(address, location.href);
      url.searchParams.set("at", place);
      return url;
    };
    const own = keep(location.href);
    own.searchParams.set("zoom", this.map.getZoom().toFixed(1));
    history.replaceState(history.state, "", own);
    for (const link of document.querySelectorAll("a[data-keep-place]")) link.href = keep(link.href).href;
    this.readList();
  }

  /** The list beside the map, where there is room for one: the page behind "List", only what it found. */
  readList() {
    const target = document.getElementById("map-list");
    const list = document.querySelector("a[data-list]");
    if (!target?.checkVisibility() || !list) return;
    window.htmx.ajax("GET", list.href, { target, swap: "innerHTML", select: "#found" });
  }

  draw() {
    const chosen = this.chosenPin();
    const kept = chosen !== null && chosen === document.activeElement;
    for (const marker of this.markers) marker.remove();
    const groups = groupPins(this.pins, (pin) => this.map.project([pin.lon, pin.lat]));
    const corner = this.querySelector(".maplibregl-ctrl-top-right");
    this.markers = groups
      .filter((group) => !liesUnder(corner, this, group.at))
      .map((group) => {
        const element = pinButton(group, this.chosen, this.texts);
        element.firstChild.addEventListener("click", (event) => this.choose(group, event.detail === 0));
        return new maplibre.Marker({ element }).setLngLat([group.lon, group.lat]).addTo(this.map);
      });
    if (kept) this.chosenPin()?.focus({ preventScroll: true });
    this.setAttribute("pins", String(this.pins.length));
  }

  /** Zooms into a group, or shows a pin's card; who came by keyboard goes on in the card. */
  async choose(group, byKeyboard) {
    if (group.pins.length > 1 && this.map.getZoom() < this.map.getMaxZoom() - 0.2) {
      if (byKeyboard) this.map.getCanvas().focus({ preventScroll: true });
      this.map.easeTo({ center: [group.lon, group.lat], zoom: this.map.getZoom() + 1.6 });
      return;
    }
    const [pin] = group.pins;
    this.chosen = pin.url;
    this.draw();
    this.chosenPin()?.focus({ preventScroll: true });
    if (!this.config.sheet) return;
    const sheet = document.getElementById(this.config.sheet);
    await window.htmx.ajax("GET", pin.url, { target: sheet, swap: "innerHTML" });
    this.map.easeTo({ center: [pin.lon, pin.lat], offset: [0, -90] });
    sheet.querySelector("[data-close-sheet]")?.addEventListener("click", () => this.chosenPin()?.focus());
    if (byKeyboard) sheet.querySelector("a")?.focus({ preventScroll: true });
  }

  chosenPin() {
    return this.querySelector(".pin[aria-pressed=true]");
  }

  disconnectedCallback() {
    this.map?.remove();
  }
}
customElements.define("hutong-map", HutongMap);
