// <notification-bell data-refresh="address">: reads its count when the page is there and when something is told.
// Its stream is open only while the page is seen, since a browser keeps few connections to one host.
const AGAIN_MS = 30000;

class NotificationBell extends HTMLElement {
  connectedCallback() {
    if (!this.checkVisibility()) return; // the header of the other screen width
    this.onSeen = () => (document.visibilityState === "visible" ? this.read() : this.close());
    document.addEventListener("visibilitychange", this.onSeen);
    if (document.visibilityState === "visible") this.read();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.onSeen);
    this.close();
  }

  async read() {
    if (!navigator.onLine) return;
    let answer;
    let text;
    try {
      answer = await fetch(this.dataset.refresh, { headers: { "HX-Request": "true" } });
      text = await answer.text();
    } catch {
      return; // the page is leaving, or the network went; the bell stays as it was
    }
    if (answer.status !== 200 || !this.isConnected) return;
    const focused = this.contains(document.activeElement);
    this.innerHTML = text;
    if (focused) this.firstElementChild.focus();
    if (!this.source) this.listen(this.firstElementChild.dataset.live);
  }

  listen(address) {
    this.source = new EventSource(address);
    this.source.addEventListener("open", () => this.setAttribute("connected", ""));
    this.source.addEventListener("changed", () => this.read());
    this.source.addEventListener("error", () => {
      if (this.source?.readyState !== EventSource.CLOSED) return;
      this.close();
      // the token is too old, or the live process is away: a new reading brings a new token
      this.timer = setTimeout(() => document.visibilityState === "visible" && this.read(), AGAIN_MS);
    });
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
    this.removeAttribute("connected");
  }
}
customElements.define("notification-bell", NotificationBell);
