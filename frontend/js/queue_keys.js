// <queue-keys> around a list of waiting things and the one that is open: j and k go through the list, a
// approves, r opens the reasons, 1 to 9 choose one, e changes its words, u takes the last decision back, x ticks,
// o opens the page, ? shows the keys. Choosing a ready reason writes it into the field, where it can be changed.
// Everything works by tapping, too, and the keys can be switched off, because single keys disturb dictation.
const OFF = "queue_keys_off";
const WORDS = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const typing = (element) => element.matches(WORDS);
const toast = (text) => document.dispatchEvent(new CustomEvent("toast", { detail: text }));
const opened = () => document.querySelector("dialog[popover]:popover-open");

class QueueKeys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this);
    this.addEventListener("change", this);
    this.readyReason = "";
    // the list scrolls by itself on a wide screen: show the one that is open
    const list = this.querySelector(".queue-list");
    const here = list?.querySelector("[data-queue-link][aria-current]");
    if (here) list.scrollTop = here.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
    const on = this.querySelector("[data-keys-on]");
    if (on) on.checked = !localStorage.getItem(OFF);
    this.querySelector("dialog[data-open]")?.showPopover();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this);
  }

  handleEvent(event) {
    if (event.type === "change") this.changed(event.target);
    else if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing) this.pressed(event);
  }

  changed(target) {
    if (target.matches("[data-ready-reason]")) this.fill(target);
    if (target.matches("[data-keys-on]")) {
      if (target.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
      toast(target.checked ? this.dataset.onText : this.dataset.offText);
    }
  }

  pressed(event) {
    if (localStorage.getItem(OFF)) return;
    if (typing(event.target)) {
      // leaves the words, and only then the window around them
      if (event.key === "Escape" && opened()) {
        event.preventDefault();
        opened().querySelector("[data-ready-reason]")?.focus();
      }
      return;
    }
    const act = this.action(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** What a key does now; while a window is open only what belongs to it. */
  action(key) {
    const open = opened();
    if (/^[1-9]$/.test(key)) return this.choice(Number(key), open);
    if (key === "e") return this.field(open) && (() => this.write());
    if (open) return key === "?" && open.id === "queue-help" ? () => open.hidePopover() : null;
    return {
      j: () => this.go(1),
      k: () => this.go(-1),
      a: () => this.click("[data-approve]"),
      r: () => this.click("[data-refuse]"),
      u: () => document.querySelector("[data-undo]")?.click(),
      x: () => this.tick(),
      o: () => this.click("[data-open]:is(a)"),
      "?": () => document.getElementById("queue-help")?.showPopover(),
    }[key];
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

  tick() {
    const here = this.querySelector("[data-queue-link][aria-current]");
    here?.parentElement.querySelector("[data-tick]")?.click();
  }

  /** The words of the reason: those of the window that is open, else those behind the refusal. */
  field(open) {
    return (open ?? this).querySelector("[data-reason]");
  }

  choice(number, open) {
    const radio = (open ?? this).querySelectorAll("[data-ready-reason]")[number - 1];
    if (!radio) return null;
    return () => {
      this.show();
      radio.checked = true;
      this.fill(radio);
      radio.focus();
    };
  }

  write() {
    this.show();
    const field = this.field(opened());
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  /** Opens the reasons, unless a window is open already. */
  show() {
    if (!opened()) this.querySelector("[data-refuse]")?.click();
  }

  /** Words that somebody changed by hand are not written over by the next choice. */
  fill(radio) {
    const field = radio.form.querySelector("[data-reason]");
    if (field.value && field.value !== this.readyReason) return;
    this.readyReason = radio.dataset.text ?? radio.value;
    field.value = this.readyReason;
  }
}
customElements.define("queue-keys", QueueKeys);
