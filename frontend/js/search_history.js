// The last searches, offered again under the search box by the browser's own list. They stay on this device;
// signing out forgets them.
const KEY = "hutong_searches";
const MOST = 8;

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch (error) {
    // damaged, or storage is switched off: there is no history then
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

function remember(text) {
  const kept = [text, ...remembered().filter((one) => one !== text)].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // storage is full or switched off
  }
}

const boxes = document.querySelectorAll("form[role=search] input[name=q]");
if (boxes.length) {
  const list = document.createElement("datalist");
  list.id = "last-searches";
  for (const text of remembered()) list.append(new Option(text));
  document.body.append(list);
  for (const box of boxes) box.setAttribute("list", list.id);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const text = form.matches("form[role=search]") ? form.elements.q.value.trim() : "";
  if (text) remember(text);
  if (form.matches("[data-forget-searches]")) localStorage.removeItem(KEY);
});
