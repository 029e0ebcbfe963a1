// Who works by keyboard stays where they are: when what has the focus is shown anew, disabled for a moment or gone, the
// focus goes to what stands in its place. A browser would begin again at the top of the page.
"use strict";

(() => {
  const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
  let place = null;
  let before = null;

  const stops = (home) => [...home.querySelectorAll(STOPS)].filter((each) => !each.disabled && each.checkVisibility());
  const kind = (element) => [
    element.tagName, element.getAttribute("href"), element.name, element.getAttribute("value"),
    element.form?.getAttribute("action"), element.dataset.copy,
  ].join(" ");

  // Sections and rows keep their ids and keys when they are shown anew; what is within them is found by what it does.
  function placeOf(element) {
    const home = element.parentElement?.closest("[id], [data-key]") || document.body;
    const within = home.dataset.key ? `[data-key="${CSS.escape(home.dataset.key)}"]` : home.id && `#${CSS.escape(home.id)}`;
    const like = kind(element);
    const alike = stops(home).filter((each) => kind(each) === like).indexOf(element);
    return { element, within: within || "body", like, alike, at: stops(home).indexOf(element) };
  }

  function find({ element, within, like, alike, at }) {
    if (element.isConnected) return element;
    const home = document.querySelector(within);
    if (!home) return null;
    const all = stops(home);
    const same = all.filter((each) => kind(each) === like);
    return same[alike] || same[0] || all[Math.min(at, all.length - 1)];
  }

  function stay() {
    const lost = !document.activeElement || document.activeElement === document.body;
    // A button rests while what it asked for is under way.
    if (!lost || !place || (place.element.isConnected && place.element.disabled)) return;
    const next = find(place) || (before && find(before)) || document.getElementById("main");
    next?.focus({ preventScroll: true });
  }

  document.addEventListener("focusin", (event) => {
    // A notice goes; what was in hand before it does not.
    if (place && place.within !== "#toasts") before = place;
    place = placeOf(event.target);
  });
  // A click decides by itself where the focus goes, or that nothing has it.
  document.addEventListener("pointerdown", () => { place = before = null; });
  for (const way of ["htmx:afterSwap", "htmx:afterRequest"]) document.addEventListener(way, stay);
  new MutationObserver(stay).observe(document.getElementById("toasts"), { childList: true });
})();
