// The console's own script. Pages work without it; with it they copy, keep time, stay fresh and scroll far.
"use strict";

(() => {
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("words").textContent);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  root.classList.add("js");

  // --- times ---------------------------------------------------------------------------------------------------
  // The server writes the reader's zone from this cookie; the first page, and those that stay open, are set right here.
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `imageyard_zone=${zone}; Path=/console; Max-Age=31536000; SameSite=Strict${secure}`;
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const written = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  });

  function distance(seconds) {
    const away = Math.round(Math.abs(seconds));
    if (away < 10) return words.times.now;
    const [unit, size] = UNITS.find(([, each]) => away >= each);
    const count = Math.floor(away / size);
    const forms = words.times[seconds > 0 ? "future" : "past"][unit];
    return forms[count === 1 ? 0 : 1].replace("%(num)d", count);
  }

  function tellTimes(within) {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      const full = time.querySelector(".written");
      const away = time.querySelector(".distance");
      if (full && time.title !== zone) {
        full.textContent = written.format(moment);
        time.title = zone;
      }
      if (away) {
        const text = `(${distance((moment - Date.now()) / 1000)})`;
        if (away.textContent !== text) away.textContent = text;
      }
    }
  }
  setInterval(() => tellTimes(document), 15000);

  // Where there is no room for all tabs or places, the present one is in sight.
  function showPresent() {
    for (const present of document.querySelectorAll(":is(.tabs, .side ul) [aria-current]")) {
      const row = present.closest(".tabs, ul");
      row.scrollLeft = Math.max(0, present.offsetLeft - row.offsetLeft - (row.clientWidth - present.offsetWidth) / 2);
    }
  }
  showPresent();
  document.addEventListener("htmx:afterSettle", showPresent);

  // --- copy, menus, small comforts -----------------------------------------------------------------------------
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("copied");
    say(words.copied, "good");
    setTimeout(() => button.classList.remove("copied"), 1500);
  }

  function say(text, tone) {
    const toast = document.createElement("p");
    toast.className = `toast ${tone}`;
    toast.textContent = text;
    document.getElementById("toasts").append(toast);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const close = event.target.closest("[data-dismiss]");
    if (close) close.parentElement.remove();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-slash]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // Notices of success go by themselves; those of failure stay until they are dismissed.
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (!(node instanceof HTMLElement)) continue;
      const close = document.createElement("button");
      close.type = "button";
      close.className = "close";
      close.dataset.dismiss = "";
      close.setAttribute("aria-label", words.dismiss);
      close.textContent = "×";
      node.append(close);
      if (!node.classList.contains("bad")) setTimeout(() => node.remove(), 6000);
    }
  }).observe(document.getElementById("toasts"), { childList: true });

  // --- htmx ----------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    // URLs carry what is set, and nothing else.
    if (event.detail.verb !== "get") return;
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  });
  document.addEventListener("htmx:sendError", () => say(words.unreachable, "bad"));
  document.addEventListener("htmx:afterSwap", settled);
  // What somebody opened stays open when its section is shown anew.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const opened = [...event.detail.target.querySelectorAll("details")].map((each) => each.open);
    if (!opened.includes(true)) return;
    const target = event.detail.target;
    target.addEventListener("htmx:afterSwap", () => {
      target.querySelectorAll("details").forEach((each, place) => { each.open = each.open || Boolean(opened[place]); });
    }, { once: true });
  });

  function settled() {
    tellTimes(document);
    for (const counted of document.querySelectorAll("template[data-count]")) {
      const count = document.getElementById("count");
      if (count) count.replaceWith(counted.content.cloneNode(true));
      counted.remove();
    }
    for (const body of document.querySelectorAll("tbody[data-prune]")) prune(body);
  }

  // --- long lists: no more rows in the page than a browser likes --------------------------------------------------
  const lists = new WeakMap();
  const NEAR = 300;

  function spacer(body, place) {
    const row = document.createElement("tr");
    const cell = row.insertCell();
    row.className = "spacer";
    row.setAttribute("aria-hidden", "true");
    cell.colSpan = body.closest("table").tHead.rows[0].cells.length;
    if (place === "top") body.prepend(row);
    else body.append(row);
    new IntersectionObserver((seen) => {
      if (seen.some((each) => each.isIntersecting)) refill(body, place);
    }, { rootMargin: `${NEAR}px` }).observe(row);
    return row;
  }

  function listOf(body) {
    if (!lists.has(body)) lists.set(body, { above: [], below: [], top: null, bottom: null });
    return lists.get(body);
  }

  function keyed(body) {
    return [...body.querySelectorAll(":scope > tr[data-key]")];
  }

  function size(row, rows) {
    const height = rows.reduce((sum, each) => sum + each.height, 0);
    row.firstElementChild.style.height = `${height}px`;
    row.hidden = !rows.length;
  }

  function take(rows) {
    // All are measured before any is taken: the table is laid out once, not for each of them.
    const taken = rows.map((element) => ({ element, height: element.offsetHeight }));
    rows.forEach((element) => element.remove());
    return taken;
  }

  function prune(body) {
    const most = Number(body.dataset.prune);
    const rows = keyed(body);
    if (rows.length <= most) return;
    const list = listOf(body);
    list.top = list.top || spacer(body, "top");
    list.above.push(...take(rows.slice(0, rows.length - most)));
    size(list.top, list.above);
  }

  function refill(body, place) {
    const list = listOf(body);
    const most = Number(body.dataset.prune);
    if (place === "top" && list.above.length) {
      const back = list.above.splice(-40);
      list.top.after(...back.map((each) => each.element));
      const rows = keyed(body);
      list.bottom = list.bottom || spacer(body, "bottom");
      const more = body.querySelector(":scope > tr.more");
      if (more) body.append(more);
      list.below.unshift(...take(rows.slice(most)));
    } else if (place === "bottom" && list.below.length) {
      const back = list.below.splice(0, 40);
      list.bottom.before(...back.map((each) => each.element));
      const rows = keyed(body);
      list.above.push(...take(rows.slice(0, Math.max(0, rows.length - most))));
    }
    if (list.top) size(list.top, list.above);
    if (list.bottom) size(list.bottom, list.below);
    requestAnimationFrame(() => again(body, place));
  }

  // An observer tells of what comes into sight, not of what stays there.
  function again(body, place) {
    const list = listOf(body);
    const row = place === "top" ? list.top : list.bottom;
    if (!row || row.hidden || !row.isConnected) return;
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom > -NEAR && top < innerHeight + NEAR) refill(body, place);
  }

  // --- live ----------------------------------------------------------------------------------------------------
  // One stream a tab tells what has changed; what it is now is asked for, by the row or the section that shows it.
  const live = document.querySelector("[data-live]");
  const POLL = 15000;
  const REST = 5000;
  let polling = 0;

  // One question at a time about one thing: what changes while it is asked for is asked for again.
  const asking = new Map();
  function ask(what, send) {
    if (asking.has(what)) { asking.set(what, true); return; }
    const sent = send();
    if (!sent) return;
    asking.set(what, false);
    sent.finally(() => {
      const again = asking.get(what);
      asking.delete(what);
      if (again) ask(what, send);
    });
  }

  function refreshRow(key) {
    ask(key, () => {
      const row = document.querySelector(`[data-rows] tr[data-key="${CSS.escape(key)}"]`);
      if (!row) return null;
      const [, namespace, name] = key.split("/").map(encodeURIComponent);
      const url = `${row.closest("[data-rows]").dataset.rows}/${namespace}/${name}/row`;
      return htmx.ajax("GET", url, { source: row, target: row, swap: "outerHTML" });
    });
  }

  // A section asks at once, then not again before its pause is over.
  const resting = new WeakMap();
  function refreshSection(section) {
    const now = Date.now();
    const pause = Number(section.dataset.pause || 800);
    const next = resting.get(section) || 0;
    if (next > now) {
      if (!section.dataset.waits) {
        section.dataset.waits = "1";
        setTimeout(() => { delete section.dataset.waits; refreshSection(section); }, next - now);
      }
      return;
    }
    resting.set(section, now + pause);
    ask(section, () => {
      // Nobody's typing is thrown away.
      if (!section.isConnected || (section.contains(document.activeElement) && busy(document.activeElement))) return null;
      const here = location.pathname + location.search;
      return htmx.ajax("GET", here, { source: section, target: section, swap: "innerHTML" });
    });
  }

  function busy(element) {
    return element.matches("input, textarea, select");
  }

  function changed(told) {
    const touched = new Set();
    for (const each of told) {
      const [type, key] = each.split(" ");
      for (const row of document.querySelectorAll(`tr[data-key="${CSS.escape(key)}"]`)) {
        if (type === "DELETED") row.classList.add("gone");
        else refreshRow(key);
      }
      // What is new may belong anywhere in a list that is sorted and filtered: the reader says when to look.
      const fresh = document.querySelector("[data-fresh]");
      if (type === "ADDED" && fresh) fresh.hidden = false;
      for (const section of document.querySelectorAll("[data-on]")) {
        const wanted = section.dataset.on.split(" ");
        if (wanted.includes(key) || wanted.includes(key.split("/")[0])) touched.add(section);
      }
    }
    touched.forEach(refreshSection);
  }

  let rested = 0;
  let later = 0;
  function everything() {
    if (Date.now() < rested) {
      later = later || setTimeout(() => { later = 0; everything(); }, rested - Date.now());
      return;
    }
    rested = Date.now() + REST;
    for (const row of document.querySelectorAll("tr[data-key]")) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight) refreshRow(row.dataset.key);
    }
    document.querySelectorAll("[data-on]").forEach(refreshSection);
  }

  // What was under way when the page was made may have ended before this tab listened.
  function catchUp() {
    for (const each of [...document.querySelectorAll("[data-unsettled]")].slice(0, 20)) {
      if (each.dataset.key) refreshRow(each.dataset.key);
      else refreshSection(each);
    }
  }

  function poll() {
    if (!polling) polling = setInterval(() => { if (!document.hidden) everything(); }, POLL);
  }

  function lost(is) {
    document.getElementById("offline").hidden = !is;
  }

  function listen() {
    const stream = new EventSource(`/console/events?on=${encodeURIComponent(live.dataset.live)}`);
    let opened = false;
    stream.addEventListener("open", () => {
      if (polling) { clearInterval(polling); polling = 0; }
      if (opened) everything();
      else catchUp();
      opened = true;
      lost(false);
    });
    stream.addEventListener("changed", (event) => changed(JSON.parse(event.data)));
    stream.addEventListener("many", everything);
    stream.addEventListener("error", () => {
      // Closed for good: refused, or too many streams. What is on show is asked for now and then instead.
      if (stream.readyState === EventSource.CLOSED) { poll(); return; }
      setTimeout(() => lost(stream.readyState !== EventSource.OPEN), 4000);
    });
    addEventListener("pagehide", () => stream.close());
  }

  tellTimes(document);
  if (live && window.EventSource) listen();
  else if (live) poll();
})();
