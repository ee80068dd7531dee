// Positions as a map draws them: Chinese maps are drawn in GCJ-02, Baidu's in BD-09. The same series as `kernel.geo`.
const AXIS = 6_378_245;
const ECCENTRICITY = 0.006693421622965943;
const WAVE = (Math.PI * 3000) / 180;
const { PI, abs, sin, cos, sqrt } = Math;

function gcj02([lon, lat]) {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat];
  const [x, y] = [lon - 105, lat - 35];
  const wave = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const root = sqrt(abs(x));
  let up = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave;
  up += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  up += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let across = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave;
  across += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  across += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const radians = (lat * PI) / 180;
  const magic = 1 - ECCENTRICITY * sin(radians) ** 2;
  const degrees = 180 / PI;
  return [
    lon + (across / ((AXIS / sqrt(magic)) * cos(radians))) * degrees,
    lat + (up / ((AXIS * (1 - ECCENTRICITY)) / (magic * sqrt(magic)))) * degrees,
  ];
}

function bd09(place) {
  const [lon, lat] = gcj02(place);
  if (lon === place[0] && lat === place[1]) return place;
  const reach = Math.hypot(lon, lat) + 0.00002 * sin(lat * WAVE);
  const angle = Math.atan2(lat, lon) + 0.000003 * cos(lon * WAVE);
  return [reach * cos(angle) + 0.0065, reach * sin(angle) + 0.006];
}

const FORTH = { gcj02, bd09 };

/** A WGS-84 place [lon, lat] where a map in `datum` draws it. */
export function toMap(place, datum) {
  return FORTH[datum]?.(place) ?? place;
}

/** The WGS-84 place of what a map in `datum` draws at [lon, lat]. */
export function fromMap(place, datum) {
  let guess = place;
  for (let round = 0; FORTH[datum] && round < 12; round += 1) {
    const image = FORTH[datum](guess);
    guess = [guess[0] - image[0] + place[0], guess[1] - image[1] + place[1]];
  }
  return guess;
}
