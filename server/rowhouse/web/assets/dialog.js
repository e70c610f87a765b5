"use strict";
// Actions in place: the form of a link with `data-dialog` opens over the page. The dialog walks through the same pages,
// form, preview and result, that a browser without scripts shows one after the other.
(() => {
  const dialog = document.getElementById("action");
  if (!dialog?.showModal) return;
  let opened = "";

  // A button is disabled until its form can succeed; what has no scripts lets the server decide.
  function gate(form) {
    const button = form.querySelector("button.main, button.bad");
    if (!button) return;
    const check = () => {
      const typed = form.querySelector("[data-typed]");
      button.disabled = !form.checkValidity() || (typed && typed.value !== typed.dataset.typed);
    };
    form.addEventListener("input", check);
    form.addEventListener("change", check);
    check();
  }
  for (const form of document.querySelectorAll(".action form[method=post]")) gate(form);

  // The browser's Back returns to the form as it was left: the page itself is not kept, because it is of its moment.
  for (const form of document.querySelectorAll(".action form[novalidate]")) {
    const key = `form ${location.pathname}`;
    const fields = () => [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.tagName !== "BUTTON");
    if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}");
      for (const one of fields()) {
        if (!(one.name in kept)) continue;
        if (one.type === "checkbox") one.checked = kept[one.name]; else one.value = kept[one.name];
      }
      form.dispatchEvent(new Event("change"));
    }
    addEventListener("pagehide", () => sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(
      fields().map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value])))));
  }

  async function load(url, sent) {
    dialog.setAttribute("aria-busy", "true");
    let answer;
    try {
      answer = await fetch(url, { ...sent, headers: { Accept: "text/html" } });
    } catch {
      dialog.removeAttribute("aria-busy");
      const said = dialog.querySelector("[role=status]") ?? dialog.appendChild(document.createElement("p"));
      said.setAttribute("role", "status");
      said.textContent = "The server does not answer. Nothing is lost: try again.";
      return;
    }
    dialog.removeAttribute("aria-busy");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const action = page.querySelector("main .action");
    if (!action) { location.assign(answer.url); return; }
    const title = action.querySelector("h1");
    const heading = document.createElement("h2");
    heading.id = "action-title";
    heading.textContent = title.textContent;
    title.replaceWith(heading);
    dialog.replaceChildren(action);
    for (const form of action.querySelectorAll("form")) gate(form);
    window.htmx?.process(dialog);
    if (!dialog.open) dialog.showModal();
    dialog.dataset.done = String(new URL(answer.url).pathname.startsWith("/done/"));
    (action.querySelector("[aria-invalid=true], input:not([type=hidden]), textarea, button.main, button.bad, a.main")
      ?? dialog).focus();
  }

  function openAction(url) {
    // A form that was closed half filled in comes back as it was.
    if (opened === url && dialog.firstElementChild && dialog.dataset.done !== "true") { dialog.showModal(); return; }
    opened = url;
    dialog.replaceChildren();
    load(url);
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a");
    if (!link) return;
    if (dialog.contains(link)) {
      if (link.dataset.cancel !== undefined) { event.preventDefault(); dialog.close(); }
      else if (link.dataset.undo !== undefined) { event.preventDefault(); load(link.href); }
    } else if (link.dataset.dialog !== undefined) {
      event.preventDefault();
      openAction(link.href);
    }
  });
  // An action on the selected rows of a table; the rows are part of the form.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-table-bulk]")) return;
    event.preventDefault();
    opened = "";
    dialog.replaceChildren();
    load(event.submitter.formAction, { method: "POST", body: new URLSearchParams(new FormData(event.target, event.submitter)) });
  });
  document.addEventListener("dialog:open", (event) => openAction(new URL(event.detail, location.href).href));
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
  });
  // After a change, the page below is no longer what the server has.
  dialog.addEventListener("close", () => { if (dialog.dataset.done === "true") location.reload(); });
})();
