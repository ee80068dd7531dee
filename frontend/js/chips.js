// A row of choices that scrolls sideways begins where the chosen one can be seen.
for (const row of document.querySelectorAll(".chips")) {
  const chosen = row.querySelector('[aria-current="true"]');
  if (chosen && row.scrollWidth > row.clientWidth) {
    const [outer, inner] = [row.getBoundingClientRect(), chosen.getBoundingClientRect()];
    row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }
}
