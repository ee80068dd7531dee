{% load static %}// Static files come from the cache first. Wallet, vouchers and the scan page come from the network, and from the cache when
// there is none. Every other page needs the network and falls back to the offline page. Nothing a person owns
// outlives their sign-out.
const STATIC = "hutong-static-{{ build }}";
const PERSONAL = "hutong-personal";
const OFFLINE = "{% url "offline" %}";
const SHELL = [OFFLINE, "{% static "dist/app.css" %}", "{% static "dist/app.js" %}", "{% static "dist/icons.svg" %}", "{% static "icons/logo.svg" %}"];
const KEPT = [/^\/wallet\/$/, /^\/voucher\/[^/]+\/$/, /^\/merchant\/scan\/$/];
const LEAVES = ["{% url "sign_out" %}"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STATIC).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (![STATIC, PERSONAL].includes(name)) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});

async function keep(name, request, response) {
  if (response.ok && response.type === "basic" && !response.redirected) {
    const cache = await caches.open(name);
    await cache.put(request, response.clone());
  }
  return response;
}

async function staticFirst(request) {
  const found = await caches.match(request);
  return found ?? keep(STATIC, request, await fetch(request));
}

async function networkFirst(request) {
  try {
    const response = await fetch(request);
    // signed out elsewhere: what was kept is no longer this visitor's
    if (response.redirected && new URL(response.url).pathname.startsWith("{% url "sign_in" %}")) await caches.delete(PERSONAL);
    return await keep(PERSONAL, request, response);
  } catch {
    return (await caches.match(request, { ignoreVary: true })) ?? caches.match(OFFLINE, { ignoreVary: true });
  }
}

async function networkOnly(request) {
  try {
    return await fetch(request);
  } catch {
    return caches.match(OFFLINE, { ignoreVary: true });
  }
}

async function leave(request) {
  await caches.delete(PERSONAL);
  return fetch(request);
}

// The next person at this browser must not read what is told to the last one.
async function pushEnds() {
  const subscription = await self.registration.pushManager?.getSubscription();
  await subscription?.unsubscribe();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && LEAVES.includes(url.pathname)) {
    event.waitUntil(pushEnds());
    return event.respondWith(leave(request));
  }
  // a part of a page must never be kept as the page, a range never as the file
  if (request.method !== "GET" || request.headers.has("range") || request.headers.has("HX-Request")) return;
  if (url.pathname.startsWith("{% static "" %}")) return event.respondWith(staticFirst(request));
  if (KEPT.some((pattern) => pattern.test(url.pathname))) return event.respondWith(networkFirst(request));
  if (request.mode === "navigate") event.respondWith(networkOnly(request));
});

self.addEventListener("message", (event) => {
  if (!event.data.save) return;
  const save = async () => {
    let saved = 0;
    for (const address of event.data.save) {
      const url = new URL(address, location.origin);
      const isStatic = url.pathname.startsWith("{% static "" %}");
      const request = new Request(url, { credentials: "same-origin" });
      const response = await fetch(request);
      await keep(isStatic ? STATIC : PERSONAL, request, response);
      saved += Number(response.ok);
    }
    event.source.postMessage({ saved });
  };
  event.waitUntil(save());
});

self.addEventListener("push", (event) => {
  const told = event.data.json();
  const { title, body, tag, lang, url } = told;
  const look = { icon: "{% static "icons/icon-192.png" %}", badge: "{% static "icons/badge-96.png" %}" };
  event.waitUntil(self.registration.showNotification(title, { ...look, body, tag, lang, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, location.origin);
  const open = async () => {
    const pages = await self.clients.matchAll({ type: "window" });
    const seen = pages.find((page) => page.url === url.href) ?? pages.find((page) => page.visibilityState === "visible");
    if (!seen || url.origin !== location.origin) return self.clients.openWindow(url.href);
    await seen.focus();
    return seen.navigate(url.href);
  };
  event.waitUntil(open());
});
