// Pins as buttons, so that keyboard and screen readers reach them; pins that would overlap become one with a
// number.
const APART = { x: 58, y: 38 };
// A cluster says its least price as well.
const CLUSTERS_APART = { x: 94, y: 50 };

/**
 * Groups `pins` so that no two of them overlap on the screen. Clusters and prices come first: they group among
 * themselves, and a plain listing under one of them waits for a closer look. What is out of sight is left out.
 */
export function groupPins(pins, project, { clientWidth, clientHeight }) {
  const groups = [];
  const rank = (pin) => (pin.stores ? 0 : pin.price ? 1 : 2);
  for (const pin of [...pins].sort((one, other) => rank(one) - rank(other))) {
    const at = project(pin);
    if (at.x < 0 || at.y < 0 || at.x > clientWidth || at.y > clientHeight) continue;
    const near = groups.find((group) => {
      const { x, y } = group.stores > 1 || pin.stores ? CLUSTERS_APART : APART;
      return Math.abs(group.at.x - at.x) < x && Math.abs(group.at.y - at.y) < y;
    });
    const [stores, priced] = [pin.stores ?? 1, Boolean(pin.price)];
    if (!near) groups.push({ pins: [pin], at, lon: pin.lon, lat: pin.lat, priced, stores, more: pin.more });
    else if (near.priced === priced || pin.stores) {
      near.pins.push(pin);
      near.stores += stores;
      near.priced ||= priced;
      near.more ||= pin.more;
    }
  }
  return groups;
}

/** The arrow keys go from pin to pin, to the nearest in their direction; Home goes to the one nearest to the middle. */
export function walkPins(event, map) {
  const from = event.target.closest?.(".pin");
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!from || !(step || event.key === "Home")) return;
  event.preventDefault();
  event.stopPropagation();
  const middle = (button) => {
    const box = button.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const [x, y] = middle(from);
  let [best, least] = [null, Number.POSITIVE_INFINITY];
  for (const button of map.querySelectorAll(".pin")) {
    if (event.key === "Home") {
      best = button;
      break;
    }
    const [across, down] = [middle(button)[0] - x, middle(button)[1] - y];
    const ahead = across * step[0] + down * step[1];
    const aside = Math.abs(across * step[1]) + Math.abs(down * step[0]);
    // within half a right angle of the direction or so; what is aside counts double
    if (ahead > 1 && ahead + 2 * aside < least && aside < 2 * ahead) {
      [best, least] = [button, ahead + 2 * aside];
    }
  }
  if (!best) return;
  for (const button of map.querySelectorAll(".pin")) button.tabIndex = button === best ? 0 : -1;
  best.focus({ preventScroll: true });
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
  button.dataset.pin = pin.url || `${pin.lon},${pin.lat}`;
  if (group.stores > 1) {
    const number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
    const many = `${number.format(group.stores)}${group.more ? "+" : ""}`;
    button.classList.add(group.priced ? "pin-many" : "pin-more");
    face.textContent = many;
    const prices = group.pins.filter((one) => one.price);
    const units = new Set(prices.map((one) => one.unit));
    let words = texts.manyHere.replace("{n}", many);
    if (units.size === 1) {
      const least = priceText(Math.min(...prices.map((one) => one.price)), prices[0].unit);
      const line = document.createElement("small");
      line.textContent = texts.from.replace("{price}", least);
      face.append(line);
      words = `${words}, ${line.textContent}`;
    }
    button.setAttribute("aria-label", words);
  } else if (pin.price) {
    face.textContent = priceText(pin.price, pin.unit);
    button.setAttribute("aria-label", `${pin.name}, ${face.textContent}`);
  } else {
    button.classList.add("pin-plain");
    button.setAttribute("aria-label", pin.name);
  }
  if (group.stores === 1) button.setAttribute("aria-pressed", String(pin.url === chosen));
  button.append(face);
  const holder = document.createElement("div");
  holder.append(button);
  return holder;
}
