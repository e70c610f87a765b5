"use strict";
// Offers the time zone of the device; everything else works without this script.
(() => {
  const zones = document.querySelector("[data-zones]");
  const button = document.querySelector("[data-own-zone]");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const option = [...zones.options].find((one) => one.value === own || one.text === own);
  if (!option) return;
  button.textContent = `Select ${own}, as this device`;
  button.hidden = false;
  button.addEventListener("click", () => { option.selected = true; zones.focus(); });
})();
