"use strict";
// A chart: drag over it to select a period, which the URL keeps. The form below it does the same by keyboard.
(() => {
  const plot = document.querySelector("[data-plot]");
  if (!plot) return;
  const shown = plot.querySelector(".selection");
  const width = plot.viewBox.baseVal.width;
  const [begins, ends] = [plot.dataset.begins, plot.dataset.ends].map((text) => new Date(text).getTime());
  const leastPixels = 8;
  let from = null;

  const place = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  const stop = () => { from = null; shown.setAttribute("hidden", ""); };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button || event.shiftKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    from = place(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const to = place(event);
    shown.setAttribute("x", width * Math.min(from, to));
    shown.setAttribute("width", width * Math.abs(to - from));
    shown.removeAttribute("hidden");
  });
  plot.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const [left, right] = [from, place(event)].sort((a, b) => a - b);
    stop();
    if ((right - left) * plot.getBoundingClientRect().width < leastPixels) return;
    const at = new URL(location.href);
    for (const name of ["span", "zone"]) at.searchParams.delete(name);
    for (const [name, part] of [["since", left], ["until", right]]) {
      at.searchParams.set(name, new Date(begins + part * (ends - begins)).toISOString().slice(0, 19) + "Z");
    }
    at.hash = "time";
    location.assign(at);
  });
  plot.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
})();
