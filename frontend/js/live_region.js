// <live-region data-live="stream address" data-refresh="page address" data-done="selector">
// Listens to server-sent hints; at "changed" it reads its own content anew, by the id it carries. A hint that
// was lost while the line was down is repaired by one more reading when the line is back; where no stream can
// be had (an old token, a proxy that refuses) it asks at growing intervals. Stops once data-done is inside.
// What is inside says in how many seconds to ask again (data-ask-again) and what is seen now (data-seen),
// which is sent along; where it is still the same the answer is empty and nothing changes. "Too many" is waited for.
const FIRST_ASK_MS = 3000;
const LAST_ASK_MS = 30000;
// Where it is said when to ask again, looks are counted: two reasons to look at one moment make one look.
const APART_MS = 1200;

class LiveRegion extends HTMLElement {
  connectedCallback() {
    this.wait = FIRST_ASK_MS;
    this.readAt = Date.now();
    if (this.finished()) return;
    this.addEventListener("htmx:responseError", (event) => {
      if (event.detail.xhr.status === 429) event.stopPropagation();
    });
    this.onVisible = () => document.visibilityState === "visible" && this.read();
    document.addEventListener("visibilitychange", this.onVisible);
    // What counts down inside ends by the server's clock; a second later that has seen it, too.
    this.addEventListener("count-down:end", () => setTimeout(() => this.read(), 1000));
    if (this.dataset.live) this.listen();
    else this.askLater();
  }

  disconnectedCallback() {
    this.stop();
  }

  listen() {
    this.source = new EventSource(this.dataset.live);
    let dropped = false;
    this.source.addEventListener("open", () => {
      this.setAttribute("connected", "");
      if (dropped) this.read();
      dropped = false;
    });
    this.source.addEventListener("changed", () => this.read());
    this.source.addEventListener("error", () => {
      this.removeAttribute("connected");
      dropped = true;
      if (this.source.readyState === EventSource.CLOSED) this.askLater();
    });
  }

  askLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      await this.read();
      this.wait = Math.min(this.wait * 1.5, LAST_ASK_MS);
      if (this.isConnected && !this.finished()) this.askLater();
    }, this.pause());
  }

  pause() {
    const said = Number(this.querySelector("[data-ask-again]")?.dataset.askAgain);
    // A little apart, so that not all who wait ask at the same moment.
    return said ? said * 1000 * (0.9 + Math.random() * 0.2) : this.wait;
  }

  address() {
    const address = this.dataset.refresh || location.href;
    const seen = this.querySelector("[data-seen]")?.dataset.seen;
    return seen ? `${address}?seen=${encodeURIComponent(seen)}` : address;
  }

  async read() {
    if (!navigator.onLine || this.finished()) return;
    const early = this.readAt + APART_MS - Date.now();
    if (early > 0 && this.querySelector("[data-ask-again]")) {
      this.later ??= setTimeout(() => {
        this.later = undefined;
        this.read();
      }, early);
      return;
    }
    this.readAt = Date.now();
    await window.htmx.ajax("GET", this.address(), { target: this, swap: "innerHTML" });
    if (this.finished()) this.stop();
  }

  finished() {
    return Boolean(this.dataset.done) && this.querySelector(this.dataset.done) !== null;
  }

  stop() {
    clearTimeout(this.timer);
    this.source?.close();
    this.removeAttribute("connected");
    document.removeEventListener("visibilitychange", this.onVisible);
  }
}
customElements.define("live-region", LiveRegion);
