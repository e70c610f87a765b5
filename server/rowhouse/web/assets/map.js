"use strict";
// The address map: one stop for the Tab key, arrow keys within it. The cell under the pointer is described below it.
(() => {
  const map = document.querySelector("[data-map]");
  const readout = document.getElementById("readout");
  const cells = () => [...map.querySelectorAll("a")];

  function tell(cell) {
    readout.textContent = cell ? cell.getAttribute("aria-label") : readout.dataset.hint;
  }

  function oneStop() {
    const focused = map.contains(document.activeElement) ? document.activeElement : null;
    let stop = focused;
    for (const cell of cells()) {
      stop ??= cell;
      cell.tabIndex = cell === stop ? 0 : -1;
    }
  }

  function columns() {
    const all = cells();
    const next = all.findIndex((cell) => cell.offsetTop > all[0].offsetTop);
    return next < 0 ? all.length : next;
  }

  // Drag over cells, and the form to reserve them opens. A finger that rests on a cell selects; one that moves at once
  // scrolls the page.
  function picking() {
    const restMilliseconds = 400;
    const slackPixels = 10;
    let from = -1;
    let to = -1;
    let touched = null;
    let rested = false;
    let timer = 0;
    const mark = () => cells().forEach((cell, i) =>
      cell.classList.toggle("picked", from >= 0 && (rested || from !== to) && i >= Math.min(from, to) && i <= Math.max(from, to)));
    const index = (event) => cells().indexOf(document.elementFromPoint(event.clientX, event.clientY)?.closest("a"));
    const stop = () => {
      clearTimeout(timer);
      touched = null;
      from = -1;
      map.removeAttribute("data-held");
      document.dispatchEvent(new Event("live:resume"));
    };

    map.addEventListener("dragstart", (event) => event.preventDefault());
    map.addEventListener("pointerdown", (event) => {
      if (event.button || event.shiftKey || event.ctrlKey || event.metaKey) return;
      const at = index(event);
      rested = false;
      map.setAttribute("data-held", ""); // an update would take the cells away
      if (event.pointerType !== "touch") { from = to = at; return; }
      touched = event;
      timer = setTimeout(() => { rested = true; from = to = at; mark(); tell(cells()[at]); }, restMilliseconds);
    });
    document.addEventListener("pointermove", (event) => {
      if (from < 0) {
        if (touched && Math.hypot(event.clientX - touched.clientX, event.clientY - touched.clientY) > slackPixels) stop();
        return;
      }
      const at = index(event);
      if (at >= 0 && at !== to) { to = at; mark(); }
    });
    document.addEventListener("pointerup", () => {
      const [first, last] = [Math.min(from, to), Math.max(from, to)];
      stop();
      if (first < 0 || (first === last && !rested)) return;
      const all = cells();
      const [low, high] = [first, last].map((i) => decodeURIComponent(all[i].pathname.split("/").at(-1)));
      const url = `${map.dataset.reserve}?addresses=${low}-${high}`;
      document.dispatchEvent(new CustomEvent("dialog:open", { detail: url }));
    });
    document.addEventListener("pointercancel", () => { stop(); mark(); });
    map.addEventListener("touchmove", (event) => { if (from >= 0) event.preventDefault(); }, { passive: false });
    map.addEventListener("contextmenu", (event) => { if (touched) event.preventDefault(); });
    // The click that follows opens no page.
    map.addEventListener("click", (event) => { if (rested) event.preventDefault(); rested = false; }, true);
    document.getElementById("action")?.addEventListener("close", () => { rested = false; mark(); });
  }

  if (map) {
    if (map.dataset.reserve) picking();
    oneStop();
    tell(null);
    document.addEventListener("live:changed", oneStop);
    map.addEventListener("pointerover", (event) => tell(event.target.closest("a")));
    map.addEventListener("pointerleave", () => tell(null));
    map.addEventListener("focusin", (event) => tell(event.target));
    map.addEventListener("focusout", () => tell(null));
    map.addEventListener("keydown", (event) => {
      const all = cells();
      const at = all.indexOf(event.target);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const row = columns();
      const to = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1,
        ArrowDown: at + row,
        ArrowUp: at - row,
        Home: at - (at % row),
        End: Math.min(at - (at % row) + row, all.length) - 1,
        PageDown: Math.min(at + 8 * row, all.length - 1),
        PageUp: Math.max(at - 8 * row, 0),
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      if (!all[to]) return;
      event.target.tabIndex = -1;
      all[to].tabIndex = 0;
      all[to].focus();
    });
  }
})();
