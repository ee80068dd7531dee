// Registers the service worker and asks it to keep the vouchers a wallet page names, for use offline.
async function register() {
  await navigator.serviceWorker.register("/sw.js");
  const registration = await navigator.serviceWorker.ready;
  const root = document.documentElement;
  root.dataset.worker = "ready";
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.saved !== undefined) root.dataset.offlineReady = String(event.data.saved);
  });
  const links = [...document.querySelectorAll("a[data-keep]")];
  if (links.length === 0) return;
  const pictures = [...document.querySelectorAll("main img")].map((image) => image.getAttribute("src"));
  const addresses = [location.pathname, ...links.map((link) => link.getAttribute("href")), ...pictures];
  registration.active.postMessage({ save: [...new Set(addresses)] });
}
if ("serviceWorker" in navigator && document.documentElement.dataset.signedIn !== undefined) register();
