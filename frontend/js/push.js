// <push-switch data-key="the site's public key" data-address="where to tell the server" data-csrf="...">
// Shows one of its data-state parts. The browser is asked for its permission only after a tap on the button.
function bytes(base64url) {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (symbol) => symbol.charCodeAt(0));
}

async function fingerprint(endpoint) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint)));
  return [...digest.slice(0, 8)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

class PushSwitch extends HTMLElement {
  async connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.turnOn());
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
      // Safari on iPhone and iPad gives push to installed pages only
      const apple = /iPhone|iPad/.test(navigator.userAgent) || navigator.maxTouchPoints > 1;
      if (window.isSecureContext && apple) this.show("install");
      return;
    }
    const registration = await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.getSubscription();
    const line = subscription && (await this.lineOf(subscription));
    if (line) line.querySelector("[data-here]").hidden = false;
    if (Notification.permission === "denied") this.show("denied");
    else this.show(line ? "on" : "off");
  }

  /** The line of the list that is this browser, if the server knows it. */
  async lineOf(subscription) {
    return document.querySelector(`[data-fingerprint="${await fingerprint(subscription.endpoint)}"]`);
  }

  async turnOn() {
    const button = this.querySelector("button");
    if ((await Notification.requestPermission()) !== "granted") {
      this.show(Notification.permission === "denied" ? "denied" : "off");
      return;
    }
    button.setAttribute("aria-busy", "true");
    try {
      await this.tell(await this.subscribe());
      location.reload();
    } catch (error) {
      console.warn("push", error);
      this.show("failed");
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async subscribe() {
    const { pushManager } = await navigator.serviceWorker.ready;
    const known = await pushManager.getSubscription();
    // one made for another key of the site, or given up on the server, is of no more use
    if (known) await known.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(this.dataset.key) });
  }

  async tell(subscription) {
    const answer = await fetch(this.dataset.address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.dataset.csrf },
      body: JSON.stringify(subscription),
    });
    if (answer.ok) return;
    await subscription.unsubscribe();
    throw new Error(`the server answered ${answer.status}`);
  }

  show(state) {
    for (const part of this.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
    this.setAttribute("state", state);
  }
}
customElements.define("push-switch", PushSwitch);
