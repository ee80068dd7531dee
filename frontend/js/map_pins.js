// Pins as buttons, so that keyboard and screen readers reach them; pins that would overlap become one with a
// number.
const APART = { x: 58, y: 38 };

/**
 * Groups `pins` so that no two of them overlap on the screen. Prices come first: they group among themselves,
 * and a plain listing under one of them waits for a closer look.
 */
export function groupPins(pins, project) {
  const groups = [];
  const ordered = [...pins.filter((pin) => pin.price), ...pins.filter((pin) => !pin.price)];
  for (const pin of ordered) {
    const at = project(pin);
    const near = groups.find(
      (group) => Math.abs(group.at.x - at.x) < APART.x && Math.abs(group.at.y - at.y) < APART.y,
    );
    if (!near) groups.push({ pins: [pin], at, lon: pin.lon, lat: pin.lat, priced: Boolean(pin.price) });
    else if (near.priced === Boolean(pin.price)) near.pins.push(pin);
  }
  return groups;
}

/** Whether a pin at `at` (pixels of `map`) would be hidden, even in part, by `cover`: half a target is none. */
export function liesUnder(cover, map, at) {
  if (!cover) return false;
  const [box, own] = [cover.getBoundingClientRect(), map.getBoundingClientRect()];
  const [x, y] = [own.x + at.x, own.y + at.y];
  const { x: across, y: down } = APART;
  return x > box.left - across && x < box.right + across && y > box.top - down && y < box.bottom + down;
}

/** "€19.90" from minor units, in the page's language, without ".00". */
export function priceText(minor, unit) {
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency",
    currency: unit,
    currencyDisplay: "narrowSymbol",
    trailingZeroDisplay: "stripIfInteger",
  });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

export function pinButton(group, chosen, texts) {
  const [pin] = group.pins;
  const button = document.createElement("button");
  const face = document.createElement("span");
  button.type = "button";
  button.className = "pin";
  if (group.pins.length > 1) {
    button.classList.add(group.priced ? "pin-many" : "pin-more");
    face.textContent = String(group.pins.length);
    button.setAttribute("aria-label", texts.manyHere.replace("{n}", group.pins.length));
  } else if (pin.price) {
    face.textContent = priceText(pin.price, pin.unit);
    button.setAttribute("aria-label", `${pin.name}, ${face.textContent}`);
  } else {
    button.classList.add("pin-plain");
    button.setAttribute("aria-label", pin.name);
  }
  button.setAttribute("aria-pressed", String(group.pins.length === 1 && pin.url === chosen));
  button.append(face);
  const holder = document.createElement("div");
  holder.append(button);
  return holder;
}
