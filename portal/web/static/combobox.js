// A search form whose answers are shown as a drop-down while somebody types (the combobox pattern of WAI-ARIA).
// Without it the form's button searches, and the answers are a list of links.
function combobox(form) {
  const input = form.querySelector("input[name=search]");
  const holder = form.querySelector(".options");
  let list, options, active, asked = 0, timer;

  function dress() {
    list = holder.querySelector("ul");
    list.id = "options";
    list.setAttribute("role", "listbox");
    options = [...list.children];
    options.forEach((option, place) => {
      const link = option.querySelector("a");
      option.id = `option-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      if (link) {
        option.dataset.href = link.href;
        link.replaceWith(...link.childNodes);
      } else option.setAttribute("aria-disabled", "true");
    });
    holder.querySelector("[data-count]").setAttribute("role", "status");
    mark(-1);
  }

  function mark(place) {
    options[active]?.setAttribute("aria-selected", "false");
    active = place;
    const option = options[place];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    } else input.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    for (let place = active + step; place >= 0 && place < options.length; place += step) {
      if (options[place].dataset.href) return mark(place);
    }
  }

  function open(shown) {
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) mark(-1);
  }

  async function ask() {
    const turn = ++asked;
    const answer = await fetch(`${form.dataset.combobox}&search=${encodeURIComponent(input.value)}`, { redirect: "error" });
    if (!answer.ok || turn !== asked) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    holder.replaceChildren(fresh.content);
    dress();
    open(true);
  }

  function choose(option) {
    if (option?.dataset.href) location.assign(option.dataset.href);
  }

  form.querySelector("button").hidden = true;
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": "options", "aria-haspopup": "listbox",
  })) input.setAttribute(name, value);
  dress();
  open(Boolean(input.value.trim()));
  input.addEventListener("focus", () => open(true));
  input.addEventListener("click", () => open(true));
  input.addEventListener("blur", () => open(false));
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => {}), 150);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") open(true), move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") open(false);
    else if (event.key === "Enter") {
      const first = options.filter((option) => option.dataset.href);
      choose(options[active] ?? (first.length === 1 ? first[0] : undefined));
    } else return;
    event.preventDefault();
  });
  holder.addEventListener("mousedown", (event) => event.preventDefault()); // the input keeps the focus
  holder.addEventListener("click", (event) => choose(event.target.closest("[role=option]")));
}
document.querySelectorAll("[data-combobox]").forEach(combobox);
