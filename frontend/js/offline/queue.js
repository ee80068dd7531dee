// What a scanner keeps in the browser: the bundle of the site, and every scan it made without a network.
const NAME = "hutong-scan";
// A scan that was told is remembered for so long, so that the same voucher is not taken a second time.
const REMEMBERED_MS = 8 * 86_400_000;

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("scans", { keyPath: "nonce" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(store, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** The bundle as it was fetched last, with `fetchedAt` by this device's clock; undefined where none was. */
export const bundle = () => run("kept", "readonly", (store) => store.get("bundle"));

/** Keep a bundle from now on. */
export const keepBundle = (value) => run("kept", "readwrite", (store) => store.put(value, "bundle"));

/** Every scan that is remembered, the oldest first. */
export const scans = async () =>
  (await run("scans", "readonly", (store) => store.getAll())).sort((one, other) => one.at - other.at);

/** Write a scan down, or what came of it. It is on the disk when this ends. */
export const write = (scan) => run("scans", "readwrite", (store) => store.put(scan));

/** Take a scan back that was not told yet. */
export const remove = (nonce) => run("scans", "readwrite", (store) => store.delete(nonce));

/** Forget what was told long ago. */
export async function sweep(now) {
  for (const scan of await scans()) {
    if (scan.state !== "waiting" && now - scan.at > REMEMBERED_MS) await remove(scan.nonce);
  }
}
