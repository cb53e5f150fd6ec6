// What makes pages livelier where scripts run; without them every page works by links and forms.

// A piece of a page with data-poll="address" renews itself until the server leaves the attribute out.
async function renew(element) {
  const address = element.dataset.poll;
  if (!address) return;
  await new Promise((done) => setTimeout(done, Number(element.dataset.every || 1000)));
  if (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  let fresh = element;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) {
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const found = holder.content.firstElementChild;
      if (found.outerHTML !== element.outerHTML) {
        element.replaceWith(found);
        fresh = found;
      }
      if (element.dataset.poll && !fresh.dataset.poll) fresh.dispatchEvent(new CustomEvent("settled", { bubbles: true }));
    } else if (answer.status < 500) return;
  } catch {
    // The server is away for a moment: ask again.
  }
  renew(fresh);
}
document.querySelectorAll("[data-poll]").forEach(renew);

// A page that shows what a sync brings is drawn anew when the sync is over.
document.addEventListener("settled", (event) => {
  if (event.target.dataset.then === "reload") location.reload();
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
