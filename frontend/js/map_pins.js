// Pins as buttons, so that keyboard and screen readers reach them; pins that would overlap become one with a
// number.
const CELL = { x: 76, y: 44 };

/** Groups `pins` by cells of the screen; a priced pin stands for itself before a plain listing does. */
export function groupPins(pins, project) {
  const cells = new Map();
  for (const pin of pins) {
    const point = project(pin);
    const key = `${Math.floor(point.x / CELL.x)}:${Math.floor(point.y / CELL.y)}`;
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(pin);
  }
  return [...cells.values()].map((members) => {
    const priced = members.filter((pin) => pin.price);
    const shown = priced.length ? priced : members;
    return { pins: shown, lon: shown[0].lon, lat: shown[0].lat };
  });
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
    button.classList.add("pin-many");
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
