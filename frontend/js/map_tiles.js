// The tiles of a map with its clusters and pins: which ones a view needs, and what they say. The browser's own cache
// asks again by ETag; here they are kept for as long as the page is open.
const [FARTHEST, NEAREST] = [8, 18];
const MOST_KEPT = 200;

/** The tiles {z, x, y} that a box [west, south, east, north] touches at a zoom of the map. */
export function tilesOf([west, south, east, north], zoom) {
  const z = Math.min(NEAREST, Math.max(FARTHEST, Math.floor(zoom)));
  const many = 2 ** z;
  const column = (lon) => Math.min(many - 1, Math.max(0, Math.floor(((lon + 180) / 360) * many)));
  const row = (lat) => {
    const up = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
    return Math.min(many - 1, Math.max(0, Math.floor(((1 - up) / 2) * many)));
  };
  const found = [];
  for (let x = column(west); x <= column(east); x += 1) {
    for (let y = row(north); y <= row(south); y += 1) found.push({ z, x, y });
  }
  return found;
}

export class Tiles {
  constructor(address) {
    this.address = address;
    this.kept = new Map();
  }

  /** The features of all these tiles. Throws where one cannot be had. */
  async read(tiles) {
    const collections = await Promise.all(tiles.map((tile) => this.one(tile)));
    return collections.flatMap((collection) => collection.features);
  }

  async one({ z, x, y }) {
    const address = this.address.replace("{z}", z).replace("{x}", x).replace("{y}", y);
    if (!this.kept.has(address)) {
      if (this.kept.size >= MOST_KEPT) this.kept.clear();
      const answer = fetch(address, { credentials: "omit" }).then((response) => {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      });
      this.kept.set(address, answer);
      answer.catch(() => this.kept.delete(address));
    }
    return this.kept.get(address);
  }
}
