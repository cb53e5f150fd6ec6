// The list of dossiers: one box ticks them all.
for (const all of document.querySelectorAll("[data-ticks]")) {
  const boxes = () => document.querySelectorAll(`input[name="${all.dataset.ticks}"]:not([disabled])`);
  all.hidden = false;
  all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
  addEventListener("change", (event) => {
    if (event.target.name === all.dataset.ticks) all.checked = [...boxes()].every((box) => box.checked);
  });
}
