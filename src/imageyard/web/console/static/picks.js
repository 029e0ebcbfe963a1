// Selecting rows of a list: a page at once, a range by Shift, and what scrolled out of the page stays selected.
"use strict";

(() => {
  const picked = new Set();
  let last = null;

  const form = () => document.querySelector("form[data-picks]");
  const boxes = () => [...document.querySelectorAll("tr[data-key] .pick")];

  function pick(box, is) {
    box.checked = is;
    if (is) picked.add(box.value);
    else picked.delete(box.value);
  }

  // The bar tells how many are selected, and does nothing for none.
  function show() {
    const bar = form();
    if (!bar) return;
    const all = bar.elements.namedItem("all");
    const some = picked.size > 0 || Boolean(all && all.checked);
    const shown = boxes();
    for (const box of shown) box.checked = picked.has(box.value);
    for (const button of bar.querySelectorAll("button")) button.disabled = !some;
    bar.classList.toggle("some", some);
    const count = bar.querySelector("[data-picked]");
    count.textContent = picked.size && !(all && all.checked) ? count.dataset.picked.replace("#", picked.size) : "";
    const page = bar.querySelector("[data-pick-page]");
    page.closest("label").hidden = !shown.length;
    page.checked = shown.length > 0 && shown.every((box) => box.checked);
    page.indeterminate = !page.checked && shown.some((box) => box.checked);
  }

  function range(from, to, is) {
    const shown = boxes();
    const ends = [shown.indexOf(from), shown.indexOf(to)].sort((a, b) => a - b);
    if (ends[0] >= 0) shown.slice(ends[0], ends[1] + 1).forEach((box) => pick(box, is));
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest(".pick");
    if (!box) return;
    if (event.shiftKey && last && last.isConnected) range(last, box, box.checked);
    last = box;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches(".pick")) pick(event.target, event.target.checked);
    else if (event.target.matches("[data-pick-page]")) boxes().forEach((box) => pick(box, event.target.checked));
    else if (!event.target.closest("form[data-picks]")) return;
    show();
  });

  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-picks]")) return;
    const sent = new Set(event.formData.getAll("item"));
    for (const value of picked) if (!sent.has(value)) event.formData.append("item", value);
  });

  // A row that is shown anew keeps its box; another list begins with nothing selected.
  document.addEventListener("htmx:configRequest", (event) => {
    const { path, elt, formData } = event.detail;
    if (path.endsWith("/row") && elt.querySelector && elt.querySelector(".pick")) formData.set("picks", "1");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "results") picked.clear();
    show();
  });
  // The browser ticks what was ticked before one went on and came back.
  addEventListener("pageshow", () => {
    boxes().filter((box) => box.checked).forEach((box) => picked.add(box.value));
    show();
  });
  show();
})();
