// <offline-scan>: around the scan page. While the site is reached it stays out of the way and keeps what is needed
// without it; when the site is not reached it answers by itself, says so, and tells the site as soon as it is back.
import { looksSigned, readFace, revokedMark } from "./face.js";
import { refused, stopped } from "./judge.js";
import * as queue from "./queue.js";
import { ask, tell, told } from "./site.js";

const AGAIN_ONLINE_MS = 4 * 60_000;
const AGAIN_OFFLINE_MS = 10_000;
const GATEWAY = [502, 503, 504];

// The question "How many?" has a field for it; without one it is a single use.
const usesAsked = (form) => Math.max(1, Number.parseInt(form.elements.uses?.value ?? "1", 10) || 1);

class OfflineScan extends HTMLElement {
  connectedCallback() {
    this.area = document.getElementById("scan-area");
    this.state = "online";
    this.remembered = [];
    for (const name of ["htmx:beforeRequest", "htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
      document.body.addEventListener(name, this);
    }
    document.body.addEventListener("htmx:afterRequest", this);
    for (const name of ["online", "offline"]) window.addEventListener(name, this);
    this.area.addEventListener("click", this);
    this.keepPage();
    this.showQueue();
    this.look();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  handleEvent(event) {
    if (event.type === "click") return this.clicked(event);
    if (event.type === "online" || event.type === "offline") return this.look();
    const { elt, xhr } = event.detail;
    if (!this.area.contains(elt)) return;
    // The form itself is gone by now: its answer stands in its place.
    if (event.type === "htmx:afterRequest")
      return this.remember(event.detail.requestConfig.elt, event.detail);
    if (event.type === "htmx:beforeRequest") {
      if (this.state !== "offline") return;
      event.preventDefault();
      return this.alone(elt);
    }
    if (event.type === "htmx:responseError" && !GATEWAY.includes(xhr.status)) return;
    // The toast of every page says less than what comes now.
    event.stopPropagation();
    this.say("offline");
    this.alone(elt);
    this.look();
  }

  // What was asked for and did not reach the site.
  alone(elt) {
    const { code, nonce } = elt.elements ?? {};
    if (code) return this.judge(code.value, nonce.value, usesAsked(elt));
    if (elt.matches("form"))
      return document.dispatchEvent(new CustomEvent("toast", { detail: this.dataset.needs }));
    this.next();
  }

  async judge(text, nonce, uses) {
    const [kept, scans, now] = [await queue.bundle(), await queue.scans(), Date.now()];
    const no = stopped(kept, scans, now) ?? (looksSigned(text) ? null : "typed");
    if (no) return this.answer(no);
    const face = await readFace(text, kept.keys, { library: this.hasAttribute("force-library") });
    const revoked = face && kept.revoked.includes(await revokedMark(face.voucher));
    // Whoever gave a voucher away has its old code: the voucher is good, this text of it is not.
    const given = face && kept.revoked.includes(await revokedMark(face.code));
    const reason = refused(face, { kept, scans, revoked, given, now, uses });
    if (reason) return this.answer(reason, face);
    const { merchant, store } = kept;
    const { voucher, title, value } = face;
    const scan = {
      nonce,
      qr: text.trim(),
      voucher,
      title,
      value,
      uses,
      merchant,
      store,
      at: now,
      state: "waiting",
      reason: "",
    };
    await queue.write(scan);
    this.answer("yes", face, { nonce, uses });
    this.showQueue();
    this.look(); // the network may be back before this was kept
  }

  // A use that the site redeemed is remembered, too: without a network the same voucher is not taken again. The site says
  // which ones gave the uses: they need not be of the voucher that was shown.
  async remember(elt, { successful, xhr }) {
    const text = elt.elements?.code?.value ?? "";
    if (!successful) return;
    if (elt.matches("[data-undo]")) return this.forget();
    this.remembered = [];
    if (!looksSigned(text)) return;
    const said = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const gave = said.querySelector("[data-vouchers]")?.dataset.vouchers.split(" ");
    if (!gave) return;
    const kept = await queue.bundle();
    const face = kept && (await readFace(text, kept.keys));
    if (!face) return;
    const { title, value } = face;
    const { merchant } = kept;
    for (const voucher of new Set(gave)) {
      // One scan is kept under its nonce; what it took from others has names of its own.
      const nonce = elt.elements.nonce.value + (voucher === gave[0] ? "" : ` ${voucher}`);
      const uses = gave.filter((one) => one === voucher).length;
      await queue.write({ nonce, voucher, title, value, uses, merchant, at: Date.now(), state: "redeemed" });
      this.remembered.push(nonce);
    }
  }

  // The scan whose answer stood here was undone: what it took can be used again.
  async forget() {
    for (const nonce of this.remembered) await queue.remove(nonce);
  }

  answer(reason, face, { nonce = "", uses = 1 } = {}) {
    const words = this.querySelector(`template[data-reason="${reason}"]`).content.cloneNode(true);
    for (const place of words.querySelectorAll("[data-face]")) {
      place.hidden = !face;
      if (face) place.querySelector("[data-title]").textContent = face.title;
    }
    // How many, and not only that it is valid: nobody should serve three for one.
    for (const place of words.querySelectorAll("[data-uses]")) {
      place.hidden = (place.dataset.uses === "1") !== (uses === 1);
      const number = place.querySelector("[data-uses-count]");
      if (number) number.textContent = uses;
    }
    const back = words.querySelector("[data-take-back]");
    if (back) back.dataset.takeBack = nonce;
    const part = this.querySelector("template[data-part]").content.cloneNode(true);
    part.querySelector("qr-scan").parentElement.replaceWith(words);
    this.area.replaceChildren(part);
    window.htmx.process(this.area);
    const headline = this.area.querySelector("[data-answer]");
    headline.focus({ preventScroll: true });
    headline.scrollIntoView({ block: "nearest" });
    document.getElementById("scan-said").textContent = headline.parentElement.textContent
      .replace(/\s+/g, " ")
      .trim();
  }

  next() {
    this.area.replaceChildren(this.querySelector("template[data-part]").content.cloneNode(true));
    window.htmx.process(this.area);
  }

  async clicked(event) {
    if (event.target.closest("[data-next]")) return this.next();
    const back = event.target.closest("[data-take-back]");
    if (!back) return;
    const nonce = back.dataset.takeBack;
    if (!told.has(nonce)) await queue.remove(nonce);
    this.next();
    this.showQueue();
    // It may have gone while it was removed.
    const detail = told.has(nonce) ? this.dataset.sent : this.dataset.takenBack;
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  }

  // Ask the site; what waits is told when it answers. Only one question at a time: who asks meanwhile is next.
  async look() {
    clearTimeout(this.timer);
    this.again = this.looking;
    if (this.looking) return;
    this.looking = true;
    try {
      const { state, bundle } = await ask(this.dataset.bundle);
      if (state === "online") await this.sync(bundle);
      this.say(state);
    } catch (error) {
      this.say("failed");
      console.warn("scans could not be told", error.message);
    } finally {
      this.looking = false;
      const rest = this.state === "online" ? AGAIN_ONLINE_MS : AGAIN_OFFLINE_MS;
      this.timer = setTimeout(() => this.look(), this.again ? 0 : rest);
      await this.showQueue();
    }
  }

  async sync(bundle) {
    const bar = this.querySelector("progress");
    await tell(this.dataset.tell, bundle, (done, all) => {
      bar.hidden = done === all;
      [bar.max, bar.value] = [all, done];
    });
    await queue.sweep(Date.now());
  }

  say(state) {
    this.state = state;
    this.setAttribute("state", state);
    for (const line of this.querySelectorAll("[data-state]")) line.hidden = line.dataset.state !== state;
  }

  async showQueue() {
    const scans = await queue.scans();
    const waiting = scans.filter((scan) => scan.state === "waiting");
    // What the site refuses was served as well, whatever is wrong with it.
    const conflicts = scans.filter((scan) => scan.state === "conflict" || scan.state === "refused");
    this.setAttribute("waiting", waiting.length);
    for (const place of this.querySelectorAll("[data-waiting]")) place.hidden = waiting.length === 0;
    for (const place of this.querySelectorAll("[data-waiting-count]")) place.textContent = waiting.length;
    const box = this.querySelector("[data-conflicts]");
    box.hidden = conflicts.length === 0;
    const lines = conflicts.map((scan) => {
      const known = this.querySelector(`template[data-conflict="${scan.reason}"]`);
      const line = (known ?? this.querySelector('template[data-conflict=""]')).content.cloneNode(true);
      line.querySelector("[data-title]").textContent = scan.title;
      line.querySelector("time").textContent = new Date(scan.at).toLocaleTimeString(
        document.documentElement.lang,
        {
          ...{ hour: "2-digit", minute: "2-digit" },
        },
      );
      return line;
    });
    box.querySelector("ul").replaceChildren(...lines);
  }

  // The page opens without a network when it and all it is made of are kept.
  async keepPage() {
    if (!("serviceWorker" in navigator)) return;
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data?.saved !== undefined) this.setAttribute("page", "kept");
    });
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet], main img")];
    const wasm = this.querySelector("template[data-part]").content.querySelector("qr-scan").dataset.wasm;
    const addresses = files.map((file) => file.getAttribute("src") ?? file.getAttribute("href"));
    active.postMessage({ save: [...new Set([location.pathname, wasm, ...addresses])] });
  }
}
customElements.define("offline-scan", OfflineScan);
