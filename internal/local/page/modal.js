// A modal of Slack, over the conversation of one device. The page keeps nothing
// of what it shows but the texts that are typed, and those of all devices
// together.

import { access } from "./bot.js";
import { drawBlocks } from "./blocks.js";
import { attempt, call, say } from "./calls.js";
import { focusables, fresh, h, keepFocus } from "./dom.js";
import { runningClock } from "./running.js";
import { state } from "./state.js";

// kept is what was typed into the modal that is open, and what is wrong with it.
let kept = { view: "", typed: new Map(), errors: {} };

function keep(view) {
  if (kept.view !== view.id) kept = { view: view.id, typed: new Map(), errors: {} };
  return kept;
}

/** Modal draws the modal that is open into its `element`, which is hidden while there is none. */
export class Modal {
  #shown = ""; // the view that is drawn, with its state
  #id = "";
  #before = null; // what had the focus before
  #redrawAll;
  #home;
  #place;
  #content;

  /**
   * `redraw` draws the modal in all devices: what is wrong shows in each. Where
   * what had the focus before is gone, `home` gets it when the modal closes.
   */
  constructor(redraw, home) {
    this.#redrawAll = redraw;
    this.#home = home;
    this.#place = h("div", { class: "place" });
    this.element = h("div", { class: "veil", hidden: true, keydown: (event) => this.#key(event) }, this.#place, runningClock());
  }

  /** draw shows the modal as it is now. With `focus` it takes the focus when it opens. */
  draw(focus) {
    const view = state.modal;
    if (!view) return this.#close();
    const opened = this.#id !== view.id;
    const drawn = JSON.stringify([view, keep(view).errors]);
    if (drawn === this.#shown) return;
    if (opened && !this.#id) this.#before = document.activeElement;
    [this.#id, this.#shown] = [view.id, drawn];
    this.element.hidden = false;
    if (opened) this.#place.replaceChildren(h("div", { role: "dialog", "aria-modal": "true", tabindex: "-1", class: "modal" }));
    const dialog = this.#place.firstElementChild;
    const top = opened ? 0 : this.#content.scrollTop;
    keepFocus(dialog, () => this.#fill(dialog, view));
    this.#content.scrollTop = top;
    if (opened && focus) this.#focus();
  }

  #focus() {
    const first = focusables(this.#content)[0] ?? this.#place.querySelector(".close");
    first.focus();
  }

  #close() {
    if (!this.#id) return;
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.#place.replaceChildren();
    this.#id = this.#shown = "";
    if (inside) (this.#before?.isConnected && this.#before !== document.body ? this.#before : this.#home).focus();
    this.#before = null;
  }

  #fill(dialog, view) {
    const id = fresh();
    const { typed, errors } = keep(view);
    this.#content = h("div", { class: "body" }, drawBlocks(view.blocks, access({ view: view.id }, { values: view.state?.values, typed, errors })));
    dialog.setAttribute("aria-labelledby", id);
    dialog.replaceChildren(h("form", { novalidate: true, submit: (event) => this.#submit(event) },
      h("h2", { id }, textOf(view.title)),
      this.#content,
      h("div", { class: "ends" },
        h("button", { type: "button", class: "close", click: () => attempt("close", { view: view.id }) }, textOf(view.close) || "Close"),
        view.submit && h("button", { type: "submit", class: "submit" }, textOf(view.submit)))));
  }

  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    attempt("close", { view: this.#id });
  }

  async #submit(event) {
    event.preventDefault();
    const view = state.modal;
    const empty = emptyOf(view, keep(view).typed);
    if (Object.keys(empty).length) return this.#showErrors(view, empty);
    const button = this.element.querySelector(".submit");
    button.setAttribute("aria-busy", "true");
    try {
      const { errors } = await call("submit", { view: view.id, values: valuesOf(view, keep(view).typed) });
      this.#showErrors(view, errors ?? {});
    } catch (error) {
      say(error.message, true);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  #showErrors(view, errors) {
    keep(view).errors = errors;
    this.#redrawAll();
    this.element.querySelector("[aria-invalid=true]")?.focus();
  }
}

function textOf(text) {
  return text?.text ?? text ?? "";
}

// emptyOf says of the inputs that have to be filled in which are not. Slack does
// not ask the app before that.
function emptyOf(view, typed) {
  const texts = valuesOf(view, typed);
  const isEmpty = (b) => {
    if (b.element.type === "plain_text_input") return !texts[textOf(b.label)];
    const { selected_option: one, selected_options: several } = view.state?.values?.[b.block_id]?.[b.element.action_id] ?? {};
    return !one && !several?.length;
  };
  const empty = view.blocks.filter((b) => b.type === "input" && !b.optional && isEmpty(b));
  return Object.fromEntries(empty.map((b) => [b.block_id, "Please complete this required field."]));
}

// valuesOf is what stands in the text fields, by their labels.
function valuesOf(view, typed) {
  const fields = view.blocks.filter((b) => b.type === "input" && b.element.type === "plain_text_input");
  return Object.fromEntries(fields.map((b) => [
    textOf(b.label), typed.get(`${b.block_id} ${b.element.action_id}`) ?? b.element.initial_value ?? "",
  ]));
}

