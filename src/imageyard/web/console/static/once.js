// What is shown once is gone when the page is left, also from what the browser keeps to come back to quickly.
"use strict";
addEventListener("pagehide", () => {
  for (const shown of document.querySelectorAll("[data-once]")) shown.remove();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
