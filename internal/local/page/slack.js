// One device with Slack on it. The page has two, a phone and a desktop, drawn
// from the same state; style sheets make the difference.

import { access } from "./bot.js";
import { drawBlocks, redate } from "./blocks.js";
import { attempt } from "./calls.js";
import { everySecond, now, time } from "./clock.js";
import { Composer } from "./composer.js";
import { fresh, h, keepFocus } from "./dom.js";
import { examples } from "./examples.js";
import { icon } from "./icons.js";
import { Log } from "./log.js";
import { Modal } from "./modal.js";
import { runningClock } from "./running.js";
import { on, state } from "./state.js";

const minute = 60_000; // milliseconds between two looks at how old dates are

let lastUsed = null;
const devices = [];

/** Device draws Slack into a section. Of all devices only one may be `live`: what comes is read out there. */
export class Device {
  #where = "channel"; // or dm
  #tab = "Messages"; // of the app
  #homeTyped = new Map();
  #composer;
  #log;
  #modal;
  #buttons;
  #tabs;
  #panel;
  #home;
  #title;
  #about;
  #main;

  constructor(section, { live, nav }) {
    devices.push(this);
    lastUsed ??= this;
    this.section = section;
    this.#composer = new Composer();
    this.#log = new Log({ live, empty: (where) => examples(where, (text) => this.#try(text)) });
    this.#modal = new Modal(() => devices.forEach((d) => d.#drawModal()), this.#composer.field);
    this.#build(nav);
    for (const used of ["focusin", "pointerdown"]) section.addEventListener(used, () => { lastUsed = this; });
    on("reset", () => this.#drawAll());
    on("world", () => this.#drawNames());
    on("entry", (entry) => this.#notice(entry));
    on("world", () => state.world.busy || redate(section));
    setInterval(() => redate(section), minute);
    on("modal", () => this.#drawModal());
    on("home", () => this.#drawHome());
  }

  #build(nav) {
    this.#buttons = { channel: this.#link("channel"), dm: this.#link("dm") };
    this.#tabs = h("div", { role: "tablist", "aria-label": "crmwho", class: "tabs", keydown: (event) => this.#turnTab(event) },
      ["Home", "Messages"].map((name) => this.#tabOf(name)));
    this.#title = h("h2");
    this.#about = h("p", { class: "about" });
    this.#home = h("div", { class: "home", tabindex: "0", role: "group", "aria-label": "Home of crmwho" });
    this.#panel = h("div", { class: "panel-of-tab", id: fresh() },
      h("button", { type: "button", class: "skip", click: () => this.#composer.field.focus() }, "Go to the message field"),
      this.#home, this.#log.element, h("div", { class: "foot" }, runningClock(), this.#composer.element));
    this.#main = h("div", { class: "slack" },
      h("nav", { "aria-label": nav }, h("p", { class: "workspace" }, "Sample workspace"),
        h("p", { class: "kind" }, "Channels"), this.#buttons.channel, h("p", { class: "kind" }, "Apps"), this.#buttons.dm),
      h("div", { class: "conversation" }, h("div", { class: "head" }, this.#title, this.#about, this.#tabs), this.#panel));
    this.section.append(h("div", { class: "frame" }, bar(), h("div", { class: "screen" }, this.#main, this.#modal.element),
      h("div", { class: "grip", "aria-hidden": "true" })));
  }

  #link(where) {
    return h("button", { type: "button", click: () => this.#turnTo(where) });
  }

  #tabOf(name) {
    return h("button", { type: "button", role: "tab", id: fresh(), click: () => this.#showTab(name) }, name);
  }

  #drawAll() {
    this.#homeTyped = new Map();
    this.#turnTo(this.#where);
    this.#drawHome();
    this.#drawModal();
  }

  #drawNames() {
    const { channel, app, organisations, organisation, real, busy } = state.world;
    const names = { channel: `# ${channel.name}`, dm: app.name };
    for (const [where, button] of Object.entries(this.#buttons)) {
      button.textContent = names[where];
      button.setAttribute("aria-current", where === this.#where ? "page" : "false");
    }
    this.#title.textContent = names[this.#where];
    this.#about.textContent = busy ? `${busy} …` : real || organisations.find((o) => o.id === organisation)?.name;
    return names[this.#where];
  }

  #turnTo(where) {
    this.#where = where;
    this.#buttons[where].classList.remove("unread");
    this.#buttons[where].removeAttribute("aria-description");
    this.#composer.turnTo(where, this.#drawNames());
    this.#log.turnTo(where);
    this.#tabs.hidden = where !== "dm";
    this.#showPanel();
    if (where === "dm" && this.#tab === "Home") attempt("home", {});
  }

  #showTab(name) {
    this.#tab = name;
    this.#showPanel();
    if (name === "Home") attempt("home", {});
    else this.#log.turnTo(this.#where);
  }

  #showPanel() {
    const home = this.#where === "dm" && this.#tab === "Home";
    this.#home.hidden = !home;
    this.#panel.classList.toggle("with-home", home);
    for (const tab of this.#tabs.children) {
      const selected = tab.textContent === this.#tab;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      tab.setAttribute("aria-controls", this.#panel.id);
      if (selected) this.#panel.setAttribute("aria-labelledby", tab.id);
    }
    if (this.#where === "dm") this.#panel.setAttribute("role", "tabpanel");
    else for (const name of ["role", "aria-labelledby"]) this.#panel.removeAttribute(name);
  }

  #turnTab(event) {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    this.#showTab(this.#tab === "Home" ? "Messages" : "Home");
    this.#tabs.querySelector("[aria-selected=true]").focus();
  }

  // notice marks the conversation that something came in while another is shown.
  #notice(entry) {
    if (entry.gone || entry.where === this.#where) return;
    this.#buttons[entry.where].classList.add("unread");
    this.#buttons[entry.where].setAttribute("aria-description", "New messages");
  }

  #drawHome() {
    const view = state.home;
    const to = view && access({ view: view.id }, { values: view.state?.values, typed: this.#homeTyped });
    keepFocus(this.#home, () => this.#home.replaceChildren(view ? drawBlocks(view.blocks, to) : h("p", { class: "quiet" }, "The bot fills this tab when it is opened.")));
  }

  #drawModal() {
    if (!state.modal) this.#main.inert = false; // the focus goes back there
    this.#modal.draw(this === lastUsed);
    this.#main.inert = Boolean(state.modal);
  }

  #try(text) {
    this.#composer.field.focus({ preventScroll: true });
    this.#composer.ask(text);
  }
}

// bar is the upper edge: a phone's status bar, a window's title bar.
function bar() {
  const clock = h("time", {});
  everySecond(() => { clock.textContent = time(now()); });
  return h("div", { class: "bar" }, h("span", { class: "lights", "aria-hidden": "true" }, h("i"), h("i"), h("i")), clock,
    h("span", { class: "signals", "aria-hidden": "true" }, icon("signal"), icon("wifi"), icon("battery")));
}
