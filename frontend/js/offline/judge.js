// Whether a voucher may be served without a network: pure, with the moment and everything known given.
const HOUR = 3_600_000;
const DAY = 86_400_000;
const LAST_SAID = ["waiting", "redeemed", "conflict"];

/** A moment on the wall clock of a zone: days since 1970, the day of the week (Monday is 1), minutes of the day. */
export function wallOf(moment, zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit" },
  });
  const part = Object.fromEntries(
    format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
  );
  const day = Date.UTC(part.year, part.month - 1, part.day) / DAY;
  return { day, minutes: part.hour * 60 + part.minute };
}

// The first of January 1970 was a Thursday.
const weekdayOf = (day) => ((((day + 3) % 7) + 7) % 7) + 1;

function dayHolds(face, day) {
  if (face.closed.some(([first, more]) => first <= day && day <= first + more)) return false;
  return !face.weekdays.length || face.weekdays.includes(weekdayOf(day));
}

/** Whether its days and hours allow a use; a night belongs to the day on which it begins. */
export function termsHold(face, moment, zone) {
  const { day, minutes } = wallOf(moment, zone);
  const spans = face.hours.length ? face.hours : [[0, 0]];
  return spans.some(([opens, closes]) => {
    const overnight = closes <= opens;
    const today = minutes >= opens && (overnight || minutes < closes);
    const lastNight = overnight && minutes < closes;
    return (today && dayHolds(face, day)) || (lastNight && dayHolds(face, day - 1));
  });
}

/** The day to which a use counts: with the night that belongs to it. */
function dayOf(face, moment, zone) {
  const { day, minutes } = wallOf(moment, zone);
  const turn = Math.max(
    0,
    ...face.hours.filter(([opens, closes]) => closes <= opens).map(([, closes]) => closes),
  );
  return minutes < turn ? day - 1 : day;
}

/** Why nothing at all may be scanned without a network, or null: `kept` is the bundle with `fetchedAt`. */
export function stopped(kept, scans, now) {
  if (!kept) return "never";
  if (!kept.limits.allowed) return "off";
  const age = now - kept.fetchedAt;
  // A clock that went back tells nothing about how long ago it was.
  if (age < -5 * 60_000 || age > kept.limits.most_hours * HOUR) return "stale";
  if (scans.filter((scan) => scan.state === "waiting").length >= kept.limits.most_scans) return "full";
  return null;
}

const usesOf = (scans) => scans.reduce((sum, scan) => sum + (scan.uses ?? 1), 0);

/**
 * Why `uses` of this voucher may not be served without a network, or null: the first that is wrong. `face` is a verified
 * one. "again": nothing of it is left. "few": something is, and less than was asked for; "many": more than its terms
 * allow at once; "day": more than they allow today.
 */
export function refused(face, { kept, scans, revoked, given, now, uses = 1 }) {
  if (!face || face.merchant !== kept.merchant) return "foreign";
  if (revoked) return "revoked";
  if (given) return "given";
  if (now >= face.expires) return "expired";
  if (now < face.notBefore) return "early";
  if (face.stores.length && !face.stores.includes(kept.store_mark)) return "elsewhere";
  const mine = scans.filter((scan) => scan.voucher === face.voucher && LAST_SAID.includes(scan.state));
  const left = face.kind === "pass" ? 1 : face.uses - usesOf(mine);
  if (left < 1) return "again";
  if (face.asks) return "asks";
  if (!termsHold(face, now, kept.zone)) return "terms";
  const today = dayOf(face, now, kept.zone);
  const ofToday = mine.filter((scan) => dayOf(face, scan.at, kept.zone) === today);
  const leftToday = face.aDay ? face.aDay - usesOf(ofToday) : left;
  if (leftToday < 1) return "again";
  if (uses > left) return "few";
  if (face.atOnce && uses > face.atOnce) return "many";
  if (uses > leftToday) return "day";
  const waiting = scans.filter((scan) => scan.state === "waiting");
  const value = waiting.reduce((sum, scan) => sum + scan.value * (scan.uses ?? 1), 0);
  return value + face.value * uses > kept.limits.most_value_minor ? "value" : null;
}
