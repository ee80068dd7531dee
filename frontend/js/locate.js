// <locate-me>: a button that asks for the position, keeps it in a cookie for this visit and reads the page
// anew. Refused or failed: the message inside says so and everything goes on from the region's centre.
const HOUR_S = 3600;

class LocateMe extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    this.message = this.querySelector("[data-message]");
    if (!this.button || !("geolocation" in navigator)) return;
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.ask());
  }

  ask() {
    this.button.disabled = true;
    this.button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      (position) => this.found(position.coords),
      (error) => this.failed(error),
      { timeout: 10000, maximumAge: 60000 },
    );
  }

  found({ latitude, longitude }) {
    // five digits are one metre; more would only say more about the person
    const place = `${longitude.toFixed(5)},${latitude.toFixed(5)}`;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    // biome-ignore lint/suspicious/noDocumentCookie: the cookie store is not in all browsers yet
    document.cookie = `hutong_here=${place}; Path=/; Max-Age=${HOUR_S}; SameSite=Lax${secure}`;
    location.assign(this.dataset.next || location.href);
  }

  failed(error) {
    this.button.disabled = false;
    this.button.removeAttribute("aria-busy");
    this.message.textContent =
      error.code === error.PERMISSION_DENIED ? this.dataset.refused : this.dataset.failed;
    this.message.hidden = false;
  }
}
customElements.define("locate-me", LocateMe);
