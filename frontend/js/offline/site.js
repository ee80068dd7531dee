// The site as a scanner reaches it. Whether there is a network is found out by asking the site, nothing else.
import * as queue from "./queue.js";

const BATCH = 20;
const PATIENCE_MS = 6000;

/** Nonces of scans that were under way to the site since the page was opened, whether or not it answered. */
export const told = new Set();

/** Ask for the bundle and keep it: "online", "offline", or "closed" where the site answers but lets nobody in. */
export async function ask(address) {
  let answer;
  try {
    answer = await fetch(address, {
      ...{ cache: "no-store", credentials: "same-origin", redirect: "manual" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return { state: "offline" }; // no answer at all is what being offline means
  }
  // 204: nothing is redeemed here yet
  if (answer.type === "opaqueredirect" || [204, 401, 403].includes(answer.status)) return { state: "closed" };
  if (!answer.ok) return { state: "offline" };
  const bundle = await answer.json();
  await queue.keepBundle({ ...bundle, fetchedAt: Date.now() });
  return { state: "online", bundle };
}

/** Tell what waits, as it was scanned; `said(done, all)` after each batch. How many could not be redeemed. */
export async function tell(address, { csrf, merchant }, said) {
  const waiting = (await queue.scans()).filter(
    (scan) => scan.state === "waiting" && scan.merchant === merchant,
  );
  for (const { nonce } of waiting) told.add(nonce);
  let conflicts = 0;
  for (let start = 0; start < waiting.length; ) {
    const { store } = waiting[start];
    const end = waiting.findIndex(
      (scan, place) => place > start && (scan.store !== store || place >= start + BATCH),
    );
    const batch = waiting.slice(start, end < 0 ? waiting.length : end);
    const answer = await fetch(address, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({
        now: new Date().toISOString(),
        store,
        scans: batch.map(({ nonce, qr, at, uses = 1 }) => ({
          ...{ nonce, qr, uses },
          scanned_at: new Date(at).toISOString(),
        })),
      }),
    });
    if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
    for (const one of (await answer.json()).scans) {
      const scan = batch.find((each) => each.nonce === one.nonce);
      await queue.write({ ...scan, state: one.outcome, reason: one.reason ?? "" });
      conflicts += Number(one.outcome !== "redeemed");
    }
    start += batch.length;
    said(start, waiting.length);
  }
  return conflicts;
}
