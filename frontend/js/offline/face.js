// The signed text in a voucher's QR: HUTONG:<code>:<face>.<signature>. docs/concepts/offline.md has the table of its
// fields; hutong/visit/vouchers/rules/face.py writes it.
const PREFIX = "HUTONG:";
const VERSION = 1;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KINDS = ["single", "card", "choice", "cash", "pass"];

function unpacked(text) {
  const bytes = [];
  let [value, bits] = [0, 0];
  for (const symbol of text) {
    const place = BASE32.indexOf(symbol);
    if (place < 0) throw new SyntaxError("not base32");
    value = (value << 5) | place;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 255);
      value &= (1 << bits) - 1;
    }
  }
  return new Uint8Array(bytes);
}

const pairs = (list) => list.flatMap((first, place) => (place % 2 ? [] : [[first, list[place + 1]]]));

function faceOf(said, code) {
  const [, , merchant, voucher, title, kind, uses, value, notBefore, expires, zone, stores, ...more] = said;
  const [weekdays, hours, closed, atOnce, aDay, asks] = more;
  return {
    ...{ code, merchant, voucher, title, kind: KINDS[kind], uses, value, zone, atOnce, aDay },
    notBefore: notBefore * 1000,
    expires: expires * 1000,
    stores: stores.match(/.{6}/g) ?? [],
    weekdays: [...weekdays].map(Number),
    hours: pairs(hours),
    closed: pairs(closed),
    asks: Boolean(asks),
  };
}

// Whether the browser knows Ed25519 is found out once; the library is for those that do not.
let native = null;

async function verifiesItself() {
  const probe = new Uint8Array(32);
  probe[0] = 1;
  native ??= crypto.subtle.importKey("raw", probe, "Ed25519", false, ["verify"]).then(
    () => true,
    () => false,
  );
  return native;
}

/** Whether `signature` is that of the raw public `key` (base64) over the bytes of `text`. */
export async function verified(text, signature, key, { library = false } = {}) {
  const raw = Uint8Array.from(atob(key), (symbol) => symbol.charCodeAt(0));
  const bytes = new TextEncoder().encode(text);
  if (!library && (await verifiesItself())) {
    const imported = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", imported, signature, bytes);
  }
  const { verifyAsync } = await import("@noble/ed25519");
  return verifyAsync(signature, bytes, raw);
}

/** Whether a text looks like one that is signed; a typed code does not. */
export const looksSigned = (text) => /^HUTONG:[^:]+:[^.]+\..+$/.test(text.trim());

/** What the text of a QR says, where one of `keys` ([{number, key}]) signed it; null for any other text. */
export async function readFace(text, keys, options) {
  const [signed, signature, ...rest] = text.trim().split(".");
  const [prefix, code, packed, ...others] = signed.split(":");
  if (`${prefix}:` !== PREFIX || !signature || !packed || rest.length || others.length) return null;
  try {
    const said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unpacked(packed)));
    const key = keys.find((each) => each.number === said[1]);
    if (said[0] !== VERSION || !key) return null;
    return (await verified(signed, unpacked(signature), key.key, options)) ? faceOf(said, code) : null;
  } catch (error) {
    // a text that cannot be read is none of ours, as one with a wrong signature
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Twelve hexadecimal digits that stand for a voucher, or a code it had, in the list of those that are over. */
export async function revokedMark(voucher) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(voucher));
  return [...new Uint8Array(digest).slice(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
