// Packages are found while one types; a text is copied at a press. Without scripts both work by form and by hand.

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const form = document.getElementById("package-search");
if (form && !new URLSearchParams(location.search).get("search")) {
  const count = document.getElementById("package-count");
  const filter = () => {
    const wanted = plain(form.search.value.trim());
    let shown = 0;
    for (const group of document.querySelectorAll(".package-group")) {
      let here = 0;
      for (const card of group.querySelectorAll("[data-name]")) {
        card.hidden = !plain(card.dataset.name).includes(wanted);
        here += card.hidden ? 0 : 1;
      }
      group.hidden = !here;
      shown += here;
    }
    count.textContent = shown ? (wanted ? String(shown) : "") : count.dataset.none;
  };
  form.search.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.querySelector(button.dataset.copy);
    text.select();
    await navigator.clipboard.writeText(text.value);
    document.getElementById("copied").textContent = button.dataset.done;
  });
}

// A message is mailed as it stands, with what was filled in.
for (const link of document.querySelectorAll("[data-body]")) {
  const text = document.querySelector(link.dataset.body);
  text.addEventListener("input", () => {
    const [address] = link.getAttribute("href").split("&body=");
    link.href = `${address}&body=${encodeURIComponent(text.value)}`;
  });
}
