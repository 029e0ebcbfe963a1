// Forms of registry sources: a test that shows its steps as they end, what is wrong next to its field, and presets.
// Without it the forms are sent as any form, and a page answers.
"use strict";

(() => {
  const SEPARATOR = "<!--piece-->";

  // --- forms that ask --------------------------------------------------------------------------------------------
  function clear(form) {
    for (const field of form.querySelectorAll("[data-field]")) {
      const wrong = field.querySelector(".wrong");
      wrong.hidden = true;
      wrong.replaceChildren();
      field.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
    }
    form.querySelector("[data-others]")?.replaceChildren();
  }

  function markup(html) {
    const made = document.createElement("template");
    made.innerHTML = html;
    return made.content;
  }

  // What is wrong: next to its field where there is one, else above them all, or where the steps would be.
  function complain(form, region, html) {
    const said = markup(html);
    for (const each of said.querySelectorAll("template[data-wrong]")) {
      const field = form.querySelector(`[data-field="${CSS.escape(each.dataset.wrong)}"]`);
      each.remove();
      if (!field) continue;
      field.closest("details")?.setAttribute("open", "");
      const wrong = field.querySelector(".wrong");
      wrong.replaceChildren(each.content);
      wrong.hidden = false;
      field.querySelector("input, select, textarea").setAttribute("aria-invalid", "true");
    }
    (form.querySelector("[data-others]") || region.querySelector("[data-verdict]")).replaceChildren(said);
    form.querySelector("[aria-invalid]")?.focus();
  }

  async function follow(answer, region) {
    const steps = region.querySelector("[data-steps]");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (held + value).split(SEPARATOR);
      held = pieces.pop();
      for (const piece of pieces) {
        const part = markup(piece);
        if (part.firstElementChild?.tagName === "LI") steps.append(part);
        else region.querySelector("[data-verdict]").replaceChildren(part);
      }
    }
  }

  function begin(region, is) {
    const testing = region.querySelector("[data-testing]");
    if (testing) testing.hidden = !is;
    region.setAttribute("aria-busy", String(is));
    if (is) {
      region.querySelector("[data-steps]").replaceChildren();
      region.querySelector("[data-verdict]").replaceChildren();
      region.scrollIntoView({ block: "nearest" });
    }
  }

  async function ask(form, button, region) {
    const streams = region && button.value !== "save";
    const body = new URLSearchParams(new FormData(form, button));
    const buttons = [...form.querySelectorAll("button")];
    clear(form);
    buttons.forEach((each) => { each.disabled = true; });
    if (streams) begin(region, true);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
      const lead = answer.headers.get("HX-Redirect");
      if (lead) { location.assign(lead); return; }
      if (answer.status === 409 && form.hasAttribute("data-source")) {
        // Somebody else changed it: that page compares, and has the form anew.
        buttons.forEach((each) => { each.disabled = false; });
        form.dataset.plain = "1";
        form.requestSubmit(button);
        return;
      }
      if (answer.ok) await follow(answer, region);
      else complain(form, region, await answer.text());
    } catch {
      const words = JSON.parse(document.getElementById("words").textContent);
      const said = document.createElement("p");
      said.className = "notice bad";
      said.textContent = words.unreachable;
      (form.querySelector("[data-others]") || region.querySelector("[data-verdict]")).replaceChildren(said);
    } finally {
      buttons.forEach((each) => { each.disabled = false; });
      if (streams) begin(region, false);
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!form.matches("form[data-asks]") || !button || button.hasAttribute("data-plain") || form.dataset.plain) return;
    event.preventDefault();
    ask(form, button, document.querySelector(form.dataset.region));
  });

  // --- the form of one source --------------------------------------------------------------------------------------
  const source = document.querySelector("form[data-source]");
  if (source) {
    const domain = source.elements.domain;
    const password = source.elements.password;
    const told = source.querySelector("[data-needs-password]");
    const moves = [...source.querySelectorAll("[data-moves]")];

    const was = (control) => (control.matches("select")
      ? [...control.options].find((each) => each.defaultSelected)?.value ?? control.options[0].value
      : control.defaultValue);
    const settle = () => {
      if (!told) return;
      const moved = moves.some((each) => each.value.trim() !== was(each).trim());
      const anonymous = source.elements.anonymous.checked;
      told.hidden = !moved || anonymous || Boolean(password.value);
    };
    source.addEventListener("input", settle);
    source.addEventListener("change", settle);

    let filled = domain.value;
    let named = source.elements.username.value;
    for (const link of document.querySelectorAll("[data-preset]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        const given = link.dataset;
        if (!domain.value || domain.value === filled) domain.value = filled = given.domain;
        domain.placeholder = given.hint || given.domain;
        const user = source.elements.username;
        if (!user.value || user.value === named) user.value = named = given.username;
        source.elements.provider.value = given.provider;
        source.elements.preset.value = given.preset;
        document.querySelector("[data-preset-help]").textContent = given.help;
        document.querySelectorAll("[data-preset]").forEach((each) => each.removeAttribute("aria-current"));
        link.setAttribute("aria-current", "true");
        domain.focus();
      });
    }
  }
})();
