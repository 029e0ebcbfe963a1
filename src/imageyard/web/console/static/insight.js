// What is inside an image: the picture of its layers and their table point at each other; long documents are copied
// from where they stand.
"use strict";

(() => {
  function point(event) {
    const at = event.target.closest?.(".layered [data-layer]");
    for (const lit of document.querySelectorAll(".layered .lit")) lit.classList.remove("lit");
    if (!at) return;
    const within = at.closest(".layered");
    for (const same of within.querySelectorAll(`[data-layer="${CSS.escape(at.dataset.layer)}"]`)) same.classList.add("lit");
  }
  for (const way of ["pointerover", "focusin"]) document.addEventListener(way, point);

  document.addEventListener("click", (event) => {
    const layer = event.target.closest?.("svg.stack [data-layer]");
    if (layer) layer.closest(".layered").querySelector(`tr[data-layer="${CSS.escape(layer.dataset.layer)}"]`)?.focus();
    const button = event.target.closest?.("[data-copy-of]");
    if (button) button.dataset.copy = document.getElementById(button.dataset.copyOf).textContent;
  }, true);
})();
