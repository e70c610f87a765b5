"use strict";
// The command palette: Ctrl-K opens it, and the server lists pages, actions and search results as one types. A combobox
// as in the ARIA practices: the focus stays in the text field, which names the active option.
(() => {
  const palette = document.getElementById("palette");
  if (!palette?.showModal) return;
  const field = palette.querySelector("input");
  const list = document.getElementById("palette-options");
  const said = palette.querySelector("[role=status]");
  let asking = null;
  let wait = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    field.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  async function ask() {
    asking?.abort();
    const mine = asking = new AbortController();
    const url = new URL(palette.dataset.url, location.href);
    url.searchParams.set("q", field.value);
    try {
      const answer = await fetch(url, { signal: mine.signal, headers: { "Rowhouse-Part": "palette" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const text = await answer.text();
      if (mine.signal.aborted) return;
      list.innerHTML = text;
      const found = options();
      said.textContent = found.length ? `${found.length} results` : "No matches";
      choose(found[0]);
    } catch (error) {
      if (error.name === "AbortError") return;
      list.replaceChildren();
      choose(null);
      said.textContent = "The server does not answer. Press Enter to search.";
    }
  }

  function show() {
    field.value = "";
    palette.showModal();
    field.focus();
    ask();
  }

  function go(option, elsewhere) {
    const url = option?.dataset.href ?? `${palette.dataset.search}?q=${encodeURIComponent(field.value)}`;
    if (elsewhere) { open(url, "_blank", "noopener"); return; }
    palette.close();
    location.assign(url);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (palette.open) palette.close(); else if (!document.querySelector("dialog[open]")) show();
  });
  for (const button of document.querySelectorAll("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", show);
  }

  field.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(ask, 100);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const at = all.indexOf(active());
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      PageDown: Math.min(at + 8, all.length - 1),
      PageUp: Math.max(at - 8, 0),
    }[event.key];
    if (to !== undefined && all.length) {
      event.preventDefault();
      choose(all[to]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(active(), event.ctrlKey || event.metaKey);
    }
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== active()) choose(option);
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) go(option, event.ctrlKey || event.metaKey);
  });
  // A click beside it closes it: only the backdrop's events have the dialog itself as their target.
  palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
  palette.addEventListener("close", () => { asking?.abort(); clearTimeout(wait); });
})();
