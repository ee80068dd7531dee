// <queue-keys> around a list of waiting things and the form of the one that is open: j and k go through the
// list, a approves, r goes to the reason. Choosing a ready reason writes it into the field, where it can be
// changed. Everything works by tapping, too.
const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

class QueueKeys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this);
    this.addEventListener("change", this);
    // the list scrolls by itself on a wide screen: show the one that is open
    const list = this.querySelector(".queue-list");
    const here = list?.querySelector("[data-queue-link][aria-current]");
    if (here) list.scrollTop = here.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this);
  }

  handleEvent(event) {
    if (event.type === "change") {
      if (event.target.matches("[data-ready-reason]")) this.fill(event.target);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (typing(event.target)) return;
    const act = {
      j: () => this.go(1),
      k: () => this.go(-1),
      a: () => this.click("[data-approve]"),
      r: () => this.reason(),
    };
    const found = act[event.key];
    if (!found) return;
    event.preventDefault();
    found();
  }

  go(step) {
    const links = [...this.querySelectorAll("[data-queue-link]")];
    const here = links.findIndex((link) => link.getAttribute("aria-current"));
    const next = links[Math.min(links.length - 1, Math.max(0, here + step))];
    if (next && links.indexOf(next) !== here) next.click();
  }

  click(selector) {
    this.querySelector(selector)?.click();
  }

  reason() {
    this.querySelector("textarea")?.focus();
  }

  fill(select) {
    const field = this.querySelector("textarea");
    if (select.value) field.value = select.selectedOptions[0].dataset.text ?? select.value;
    field.focus();
  }
}
customElements.define("queue-keys", QueueKeys);
