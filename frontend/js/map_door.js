// A small map inside a page: its code, which is large, comes when the map is about to be seen.
const open = (map) => {
  const sheet = document.createElement("link");
  Object.assign(sheet, { rel: "stylesheet", href: map.dataset.sheet });
  document.head.append(sheet);
  import(new URL(map.dataset.module, location.href).href);
};

const watch = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watch.unobserve(entry.target);
      open(entry.target);
    }
  },
  { rootMargin: "200px" },
);
for (const map of document.querySelectorAll("hutong-map[data-module]")) watch.observe(map);
