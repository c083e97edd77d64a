// The control panel: who asks, of what organisation, on what kind of day, when.

import { attempt, call, say } from "./calls.js";
import { ahead, everySecond, now, second, shortDay } from "./clock.js";
import { h } from "./dom.js";
import { on, state } from "./state.js";
import { Suggestions } from "./suggestions.js";

/** controlPanel brings the controls in a section to life. */
export function controlPanel(section) {
  const $ = (selector) => section.querySelector(selector);
  selects($);
  days($(".day"));
  clock($(".clock"));
  jobs($(".jobs"));
  person($(".person"));
  looks($(".look"));
  on("reset world", () => bounds($));
}

// change asks for a change of the world and says that it is done. What was
// refused is drawn as it still is.
async function change(what, done) {
  const answer = await attempt("world", what);
  if (answer) say(done);
  else redraw.forEach((draw) => draw());
}

const redraw = [];

// drawn draws now and after each change. While an organisation is read nothing
// is known of it: what was chosen stays.
function drawn(draw) {
  redraw.push(draw);
  on("reset world", () => state.world.busy || draw());
}

function selects($) {
  select($("#organisation"), () => state.world.organisations, () => state.world.organisation,
    (id, name) => change({ organisation: id }, `The organisation is now ${name}.`));
  select($("#asker"), () => state.world.askers, () => state.world.asker,
    (id, name) => change({ asker: id }, `${name} asks now.`));
}

function select(field, all, current, choose) {
  let shown = "";
  field.addEventListener("change", () => choose(field.value, field.selectedOptions[0].dataset.name));
  drawn(() => {
    const options = all() ?? [];
    if (shown !== (shown = JSON.stringify(options))) field.replaceChildren(...options.map(option));
    field.value = current();
  });
}

function option({ id, name, note }) {
  return h("option", { value: id, "data-name": name }, note ? `${name} · ${note}` : name);
}

function days(group) {
  const choices = group.querySelector(".choices");
  const note = group.querySelector(".note");
  let shown = "";
  drawn(() => {
    const all = state.world.days ?? [];
    if (shown !== (shown = JSON.stringify(all))) choices.replaceChildren(...all.map(dayOf));
    for (const radio of choices.querySelectorAll("input")) radio.checked = radio.value === state.world.day;
    note.textContent = all.find((d) => d.id === state.world.day)?.note ?? "";
  });
}

function dayOf({ id, name, note }) {
  const later = id === "well" ? " After a failure the bot leaves Zoho alone for 15 seconds." : "";
  const pick = () => change({ day: id }, `Zoho CRM today: ${name}.${later}`);
  return h("label", { title: note }, h("input", { type: "radio", name: "day", value: id, change: pick }),
    h("span", {}, name));
}

function clock(group) {
  const shown = group.querySelector("time");
  const far = group.querySelector(".ahead");
  everySecond(() => { shown.textContent = state.world ? `${shortDay(now())} ${second(now())}` : "–"; });
  on("reset world", () => { far.textContent = ahead(state.world.ahead ?? 0); });
  for (const button of group.querySelectorAll("[data-advance]")) {
    const advance = Number(button.dataset.advance);
    button.addEventListener("click", () => change({ advance }, `The clock went on: ${button.textContent}.`));
  }
}

function jobs(group) {
  for (const button of group.querySelectorAll("[data-job]")) {
    button.addEventListener("click", () => run(button));
  }
}

async function run(button) {
  button.setAttribute("aria-busy", "true");
  const answer = await attempt("job", { job: button.dataset.job });
  button.removeAttribute("aria-busy");
  if (answer) say(`${button.textContent}: done. Its log is under Exchanges.`);
}

const done = { promote: "was promoted", demote: "was demoted", disable: "was disabled", enable: "was enabled" };

// person finds somebody of the organisation and changes them in the played CRM.
function person(group) {
  const field = group.querySelector("input");
  const note = group.querySelector(".note");
  const buttons = group.querySelectorAll("[data-do]");
  let chosen = null;
  const choose = (one) => {
    chosen = one;
    note.textContent = one?.note ?? "";
    for (const button of buttons) button.disabled = !one;
  };
  const list = new Suggestions(field, (one) => {
    field.value = one.name;
    choose(one);
  });
  field.after(list.element);
  field.addEventListener("keydown", (event) => list.key(event));
  field.addEventListener("input", () => {
    choose(null);
    find(field, list);
  });
  for (const button of buttons) button.addEventListener("click", () => doTo(chosen, button.dataset.do, note));
  let organisation = "";
  on("reset", () => {
    if (organisation === (organisation = state.world.organisation)) return;
    field.value = "";
    choose(null);
  });
}

async function find(field, list) {
  const typed = field.value;
  const answer = typed.trim() ? await attempt("people", { typed }) : { people: [] };
  if (answer && typed === field.value && document.activeElement === field) list.show("People of the CRM", answer.people);
}

async function doTo(one, what, note) {
  const answer = await attempt("person", { id: one.id, do: what });
  if (!answer) return;
  say(`${one.name} ${done[what]}. ${answer.note}`);
  const { people } = await call("people", { typed: one.name }).catch(() => ({ people: [] }));
  note.textContent = people.find((p) => p.id === one.id)?.note ?? "";
}

function looks(group) {
  for (const radio of group.querySelectorAll("input")) {
    radio.checked = radio.value === (document.documentElement.dataset.look ?? "");
    radio.addEventListener("change", () => look(radio.value));
  }
}

function look(value) {
  document.documentElement.dataset.look = value;
  try {
    localStorage.setItem("look", value);
  } catch {
    // It holds until the page is left.
  }
}

// bounds says what cannot be changed, and what is under way.
function bounds($) {
  const { real, busy } = state.world;
  const note = $(".real");
  note.hidden = !real;
  note.textContent = real ? `Asks the real Zoho CRM behind ${real}. Its people, its days and its clock are not ours to change.` : "";
  for (const ours of [".day", ".clock .buttons", ".person", "label:has(#organisation)"]) $(ours).hidden = Boolean(real);
  $(".controls").setAttribute("aria-busy", String(Boolean(busy)));
  if (busy) say(`${busy} …`);
}
