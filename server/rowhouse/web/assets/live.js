"use strict";
// Keeps the parts of a page up to date (server-sent events), and says whether it does. A part is an element
// with an id and `data-part`; main's `data-live` is where the changes come from.
(() => {
  const main = document.getElementById("main");
  const url = main?.dataset.live;
  const sign = document.querySelector("[data-live-state]");
  if (!url || !sign || !window.EventSource) return;

  let seen = main.dataset.seen;
  let source = null;
  let again = 0;
  // Updates of parts that someone is pointing at: of elements with `data-held`, until the event live:resume.
  const waiting = new Map();

  function say(state, label, title = "") {
    sign.hidden = false;
    sign.dataset.liveState = state;
    sign.textContent = label;
    sign.title = title;
  }

  function replace(id, html) {
    const old = document.getElementById(id);
    if (!old) return;
    if (old.closest("[data-held]")) {
      waiting.set(id, html);
      return;
    }
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const fresh = template.content.firstElementChild;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(fresh);
    if (focused) {
      const href = focused.getAttribute("href");
      const heir = focused.id ? document.getElementById(focused.id)
        : href && fresh.querySelector(`[href="${CSS.escape(href)}"]`);
      heir?.focus({ preventScroll: true });
    }
    window.htmx?.process(fresh);
  }

  async function reload() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.status === 404) location.reload(); // shows why
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of page.querySelectorAll("[data-part]")) replace(part.id, part.outerHTML);
    document.dispatchEvent(new Event("live:changed"));
  }

  function close() {
    clearTimeout(again);
    source?.close();
    source = null;
  }

  function open() {
    close();
    const at = new URL(url, location.href);
    at.searchParams.set("seen", seen);
    source = new EventSource(at);
    const on = (name, work) => source.addEventListener(name, (event) => {
      seen = event.lastEventId || seen;
      work(event);
    });
    on("hello", () => say("live", "Live", "This page updates by itself"));
    on("stale", () => { say("live", "Live", "This page updates by itself"); reload(); });
    on("part", (event) => {
      const { id, html } = JSON.parse(event.data);
      replace(id, html);
      document.dispatchEvent(new Event("live:changed"));
    });
    on("gone", () => location.reload());
    on("trouble", (event) => say("trouble", "Database unreachable", JSON.parse(event.data)));
    on("fine", () => { say("live", "Live", "This page updates by itself"); reload(); });
    source.onerror = () => {
      say("paused", "Not live", "Reload the page to see changes");
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(open, 60000);
    };
  }

  document.addEventListener("live:resume", () => {
    const parts = [...waiting];
    waiting.clear();
    for (const [id, html] of parts) replace(id, html);
    if (parts.length) document.dispatchEvent(new Event("live:changed"));
  });

  // A hidden page needs no updates.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close(); else open();
  });
  if (!document.hidden) open();
})();
