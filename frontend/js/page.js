// Small manners of every page: one submit a form, share, copy, go back, messages that go, the offline bar.

// A second tap on a button that is at work does nothing; the server is safe against it as well.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("hx-post") || form.hasAttribute("hx-get") || form.method === "dialog") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) {
    button.setAttribute("aria-busy", "true");
  }
});

// A page that comes back from the browser's memory is a fresh one.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
});

async function share(button) {
  const { title, url } = button.dataset;
  const address = new URL(url || location.href, location.href).href;
  if (navigator.share) {
    await navigator.share({ title, url: address }).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
    return;
  }
  await copy(button, address);
}

async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  toast(button.dataset.copied);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(
    "[data-share], [data-copy], [data-back], [data-dismiss], [data-close-sheet]",
  );
  if (!button) return;
  if ("share" in button.dataset) share(button);
  else if ("copy" in button.dataset) copy(button, button.dataset.copy);
  else if ("dismiss" in button.dataset) button.closest("[role]").remove();
  else if ("closeSheet" in button.dataset) button.closest("article").remove();
  else if (document.referrer.startsWith(location.origin) && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});

/** Shows one line for a while in the region that screen readers watch. */
export function toast(text) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const line = document.createElement("p");
  line.className = "panel px-4 py-3 font-medium text-center";
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), 4000);
}
// messages of the server go by themselves, too, but leave time to read
for (const line of document.querySelectorAll("#toasts > *")) setTimeout(() => line.remove(), 8000);
document.addEventListener("toast", (event) => toast(event.detail.value ?? event.detail));

// A select or checkbox that acts at once; its form keeps a button for browsers without JavaScript.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

for (const button of document.querySelectorAll("[data-share], [data-copy]")) button.hidden = false;
document.addEventListener("htmx:load", (event) => {
  for (const button of event.target.querySelectorAll("[data-share], [data-copy]")) button.hidden = false;
});

// A fragment that could not be read says so instead of staying silent.
document.addEventListener("htmx:sendError", () => toast(document.body.dataset.offlineText));
document.addEventListener("htmx:responseError", () => toast(document.body.dataset.errorText));

function network() {
  document.documentElement.toggleAttribute("data-offline", !navigator.onLine);
}
window.addEventListener("online", network);
window.addEventListener("offline", network);
network();
