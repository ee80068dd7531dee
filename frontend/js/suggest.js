// What may be meant, under the search box while one types: a combobox over the options that the server sends, and
// the last searches of this device while nothing is typed. Without this the box is a plain one.
import { forget, remembered } from "./search_history.js";

const WAIT_MS = 120;
let boxes = 0;

/** An option that searches for a text; one of the last searches can be taken out again. */
function optionOf(text, box) {
  const option = plainOption(text);
  option.href = `${box.form.action}?q=${encodeURIComponent(text)}`;
  option.dataset.text = text;
  option.setAttribute("aria-description", box.dataset.takeOut);
  const cross = document.createElement("span");
  cross.className = "suggestion-out";
  cross.setAttribute("aria-hidden", "true"); // the key does it for who cannot see it
  cross.textContent = "\u00d7";
  option.append(cross);
  return option;
}

function plainOption(words) {
  const option = document.createElement("a");
  const label = document.createElement("span");
  option.className = "suggestion";
  option.tabIndex = -1;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  label.className = "suggestion-words";
  label.textContent = words;
  option.append(label);
  return option;
}

class Suggestions {
  constructor(box) {
    this.box = box;
    this.list = document.createElement("div");
    this.list.id = `suggestions-${++boxes}`;
    this.list.className = "suggestions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", box.closest("label").innerText.trim() || box.placeholder);
    this.list.hidden = true;
    // Says how many there are to who cannot see the list.
    this.said = document.createElement("p");
    this.said.className = "sr-only";
    this.said.setAttribute("role", "status");
    box.form.append(this.list, this.said);
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", this.list.id);
    box.setAttribute("aria-expanded", "false");
    box.addEventListener("input", () => this.ask());
    box.addEventListener("focus", () => this.ask());
    box.addEventListener("keydown", (event) => this.key(event));
    box.form.addEventListener("focusout", (event) => {
      if (!box.form.contains(event.relatedTarget)) this.close();
    });
    // The box keeps the focus, so that a tap on an option is not the end of the list.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.take(event));
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  ask() {
    this.askNoMore();
    const text = this.box.value.trim();
    if (!text) {
      this.showHistory();
      return;
    }
    // The last searches are no answer to what is typed now.
    if (this.list.querySelector(".suggestion-out")) this.show([]);
    this.waiting = setTimeout(() => this.fetch(text), WAIT_MS);
  }

  showHistory() {
    const options = remembered().map((text) => optionOf(text, this.box));
    if (options.length) {
      const all = plainOption(this.box.dataset.clear);
      all.classList.add("suggestion-clear");
      all.dataset.clear = "";
      options.push(all);
    }
    this.show(options);
  }

  async fetch(text) {
    this.asked = new AbortController();
    try {
      const answer = await fetch(`${this.box.dataset.suggest}?q=${encodeURIComponent(text)}`, {
        signal: this.asked.signal,
      });
      if (!answer.ok || document.activeElement !== this.box) return;
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.show([...parsed.body.children]);
    } catch (error) {
      // typed on meanwhile, or no connection: the box searches all the same
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    }
  }

  show(options) {
    this.list.replaceChildren(...options);
    options.forEach((option, number) => {
      option.id = `${this.list.id}-${number}`;
    });
    this.chosen = -1;
    this.list.hidden = options.length === 0;
    this.box.setAttribute("aria-expanded", String(options.length > 0));
    this.box.removeAttribute("aria-activedescendant");
    this.said.textContent = options.length
      ? this.box.dataset.count.replace("{n}", String(options.length))
      : "";
  }

  close() {
    this.askNoMore();
    this.show([]);
  }

  askNoMore() {
    clearTimeout(this.waiting);
    this.asked?.abort();
  }

  move(step) {
    this.askNoMore(); // a late answer would take the list away under who is choosing from it
    const options = this.options;
    options[this.chosen]?.setAttribute("aria-selected", "false");
    // One place more than there are options: the text as it was typed.
    this.chosen = ((this.chosen + 1 + step + options.length + 1) % (options.length + 1)) - 1;
    const option = options[this.chosen];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.box.setAttribute("aria-activedescendant", option.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing) return; // pinyin is still being turned into characters
    if (event.key === "Escape" && !this.list.hidden) this.close();
    else if (event.key === "ArrowDown" && !this.list.hidden) this.move(1);
    else if (event.key === "ArrowUp" && !this.list.hidden) this.move(-1);
    else if (event.key === "Delete" && this.options[this.chosen]?.querySelector(".suggestion-out")) {
      this.takeOut(this.options[this.chosen]);
    } else if (event.key === "Enter" && this.options[this.chosen]) this.options[this.chosen].click();
    else return;
    event.preventDefault();
  }

  /** One of the last searches goes; the keyboard stays where it was in the list. */
  takeOut(option) {
    const chosen = this.chosen;
    forget(option.dataset.text);
    this.showHistory();
    for (let step = 0; step <= Math.min(chosen, this.options.length - 1); step += 1) this.move(1);
  }

  take(event) {
    if (event.target.closest("[data-clear]")) {
      event.preventDefault();
      forget();
      this.show([]);
      return;
    }
    if (event.target.closest(".suggestion-out")) {
      event.preventDefault();
      this.takeOut(event.target.closest("[role=option]"));
      return;
    }
    const text = event.target.closest("[data-text]")?.dataset.text;
    if (!text) return; // a shop or a category: the link leads there
    event.preventDefault();
    this.box.value = text;
    this.close();
    this.box.form.requestSubmit();
  }
}

for (const box of document.querySelectorAll("input[data-suggest]")) new Suggestions(box);
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-forget-searches]")) forget();
});
