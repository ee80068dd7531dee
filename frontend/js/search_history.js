// The last searches: the search box offers them again. They stay on this device; signing out forgets them.
const KEY = "hutong_searches";
const MOST = 8;

/** The last searches of this device, the newest first. */
export function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch (error) {
    // damaged, or storage is switched off: there is no history then
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

/** Takes one of them away, or all. */
export function forget(text) {
  keep(text === undefined ? [] : remembered().filter((one) => one !== text));
}

function keep(texts) {
  try {
    if (texts.length) localStorage.setItem(KEY, JSON.stringify(texts));
    else localStorage.removeItem(KEY);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // storage is full or switched off
  }
}

document.addEventListener("submit", (event) => {
  const box = event.target.querySelector("input[data-suggest]");
  const text = box?.value.trim();
  if (text) keep([text, ...remembered().filter((one) => one !== text)].slice(0, MOST));
});

// <recent-searches hidden>: the same as a list on a page, each with its button; the lines are made of its template.
class RecentSearches extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      forget(button.dataset.text);
      this.draw();
      const next = this.querySelector("li button");
      if (next) next.focus();
      else document.getElementById("main").focus();
    });
    this.draw();
  }

  draw() {
    const texts = remembered();
    this.hidden = texts.length === 0;
    const lines = texts.map((text) => {
      const line = this.querySelector("template").content.cloneNode(true);
      const link = line.querySelector("a");
      const button = line.querySelector("button");
      link.append(text);
      link.setAttribute("href", link.getAttribute("href") + encodeURIComponent(text));
      button.dataset.text = text;
      button.setAttribute("aria-label", button.dataset.label.replace("{text}", text));
      return line;
    });
    this.querySelector("ul").replaceChildren(...lines);
  }
}
customElements.define("recent-searches", RecentSearches);
