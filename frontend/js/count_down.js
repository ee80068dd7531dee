// <count-down until="ISO time" now="ISO time of the server">: counts by the server's clock, so a phone whose
// clock is wrong still shows the true rest. Fires "count-down:end" once.
const two = (number) => String(number).padStart(2, "0");

class CountDown extends HTMLElement {
  connectedCallback() {
    const server = Date.parse(this.getAttribute("now")) || Date.now();
    this.end = performance.now() + Date.parse(this.getAttribute("until")) - server;
    this.setAttribute("role", "timer");
    this.tick();
    this.timer = setInterval(() => this.tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  tick() {
    const left = Math.max(0, Math.round((this.end - performance.now()) / 1000));
    const hours = Math.floor(left / 3600);
    const clock = `${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    this.textContent = hours ? `${two(hours)}:${clock}` : clock;
    if (left > 0) return;
    clearInterval(this.timer);
    this.dispatchEvent(new CustomEvent("count-down:end", { bubbles: true }));
    if (this.hasAttribute("reload")) location.reload();
  }
}
customElements.define("count-down", CountDown);
