"use strict";
// Tables: the filter answers while one types, rows are selected and opened by keys. Everything else is links and forms,
// which work without this script.
(() => {
  const typing = (event) => event.target.closest("input:not([type='checkbox']), select, textarea, [contenteditable]");
  const tables = [...document.querySelectorAll("[data-table]")];
  if (!tables.length) return;

  const rowsOf = (table) => [...table.querySelectorAll("tbody tr")];
  const boxesOf = (table) => [...table.querySelectorAll("tbody .pick input")];
  const target = (row) => row.querySelector("th a") || row.querySelector("a") || row;

  function count(table) {
    const form = table.querySelector("[data-table-bulk]");
    if (!form) return;
    const boxes = boxesOf(table);
    const selected = boxes.filter((box) => box.checked).length;
    form.querySelector("[data-table-selected]").textContent = selected ? `${selected} selected` : "";
    for (const button of form.querySelectorAll("button")) button.disabled = !selected;
    const all = table.querySelector("[data-table-all]");
    all.hidden = false;
    all.checked = selected > 0 && selected === boxes.length;
    all.indeterminate = selected > 0 && selected < boxes.length;
  }

  function filterAsTyped(table) {
    const form = table.querySelector("[data-table-filter]");
    let timer = 0;
    let request = null;
    form.classList.add("instant");

    async function apply() {
      clearTimeout(timer);
      const at = new URL(form.getAttribute("action"), location.href);
      for (const [name, value] of new FormData(form)) if (value.trim()) at.searchParams.append(name, value);
      request?.abort();
      request = new AbortController();
      const old = table.querySelector("[data-table-results]");
      old.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(at, { headers: { Accept: "text/html" }, signal: request.signal });
        // A login page, or an error: the browser shows it.
        if (!answer.ok || answer.redirected) { location.assign(at); return; }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(old.id);
        if (!fresh) { location.assign(at); return; }
        old.replaceWith(document.adoptNode(fresh));
        history.replaceState(history.state, "", at);
        count(table);
      } catch (error) {
        if (error.name !== "AbortError") old.removeAttribute("aria-busy");
      }
    }

    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(apply, event.target.matches("select") ? 0 : 200);
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  }

  function select(table, box, extend) {
    const boxes = boxesOf(table);
    const last = boxes.findIndex((one) => one.dataset.last);
    if (extend && last >= 0) {
      const at = boxes.indexOf(box);
      for (const one of boxes.slice(Math.min(last, at), Math.max(last, at) + 1)) one.checked = box.checked;
    }
    for (const one of boxes) delete one.dataset.last;
    box.dataset.last = "yes";
    count(table);
  }

  function move(table, step) {
    const rows = rowsOf(table);
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
    if (!row) return;
    const next = target(row);
    if (next === row) row.tabIndex = -1;
    next.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  // Before the frame's own keys: in a page with a table, "/" goes to its filter.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target.closest("[data-table]");
    const table = inside || tables[0];
    if (event.key === "Escape" && event.target.matches("[data-table-filter] input")) {
      move(table, 1);
      return;
    }
    if (typing(event) || document.querySelector("dialog[open]")) return;
    const within = event.target.closest("tbody tr");
    const act = {
      "/": () => { const input = table.querySelector("[data-table-filter] input"); input.focus(); input.select(); },
      j: () => move(table, 1),
      k: () => move(table, -1),
      ArrowDown: within && (() => move(table, 1)),
      ArrowUp: within && (() => move(table, -1)),
      x: within && (() => {
        const box = within.querySelector(".pick input");
        if (!box) return;
        box.checked = !box.checked;
        select(table, box, false);
      }),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, true);

  for (const table of tables) {
    filterAsTyped(table);
    count(table);
    table.addEventListener("click", (event) => {
      if (event.target.matches("[data-table-all]")) {
        for (const box of boxesOf(table)) box.checked = event.target.checked;
        count(table);
      } else if (event.target.matches("tbody .pick input")) select(table, event.target, event.shiftKey);
    });
    // After "Back", the browser restores the boxes.
    addEventListener("pageshow", () => count(table));
  }
  // The browser keeps the columns that were chosen, for URLs that name none.
  document.addEventListener("submit", (event) => {
    const name = event.target.dataset.tableKeep;
    if (!name) return;
    const columns = new FormData(event.target).getAll("columns").join(",");
    document.cookie = `${name}=${columns}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  });
  // A click beside the list of columns closes it.
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll(".table-columns[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
})();
