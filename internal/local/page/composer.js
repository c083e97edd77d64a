// The field to write a message in, with completion of commands and people.

import { attempt, call } from "./calls.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { state } from "./state.js";
import { Suggestions } from "./suggestions.js";

const listed = 8; // people offered at once

/** Composer is the field of one device. Its `element` stays while conversations change. */
export class Composer {
  #where = "channel";
  #drafts = new Map(); // by conversation
  #sent = []; // for the arrow up
  #picked = new Map(); // ids by the names that were completed
  #suggestions;
  #hint;
  #send;
  #refused; // why what was typed last was not taken

  constructor() {
    this.field = h("textarea", { rows: "1", "aria-autocomplete": "list", "aria-haspopup": "listbox", spellcheck: "false", autocomplete: "off", enterkeyhint: "send",
      input: () => this.#typed(), keydown: (event) => this.#key(event) });
    this.#suggestions = new Suggestions(this.field, (item) => this.#complete(item));
    this.#hint = h("span", { class: "hint" });
    this.#send = h("button", { type: "submit", class: "send", "aria-label": "Send", disabled: true }, icon("send"));
    this.#refused = h("p", { role: "alert", class: "refused" });
    const shortcuts = h("button", { type: "button", class: "bolt", "aria-label": "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false" }, icon("bolt"));
    shortcuts.addEventListener("click", () => openMenu(shortcuts, "Shortcuts", globalShortcuts()));
    this.element = h("form", { class: "composer", submit: (event) => this.#submit(event) },
      this.#refused, this.#suggestions.element, this.field, h("div", { class: "tools" }, shortcuts, this.#hint, this.#send));
  }

  /** turnTo keeps what is typed here and brings back what was typed there. */
  turnTo(where, name) {
    this.#drafts.set(this.#where, this.field.value);
    this.#where = where;
    this.field.setAttribute("aria-label", `Message ${name}`);
    this.field.placeholder = `Message ${name}`;
    this.#refused.textContent = "";
    this.#write(this.#drafts.get(where) ?? "");
  }

  /** ask sends a text as if it had been typed. */
  async ask(text) {
    this.#write(text);
    await this.#say();
  }

  #write(text) {
    this.field.value = text;
    this.field.setSelectionRange(text.length, text.length);
    this.#suggestions.hide();
    this.#show();
  }

  #typed() {
    this.#refused.textContent = "";
    const before = this.field.value.slice(0, this.field.selectionStart);
    const command = /^\/\S*$/.exec(before);
    const person = /(?:^|\s)@([^@\n]*)$/.exec(before);
    if (command) this.#suggestions.show("Commands", commands(command[0]));
    else this.#suggestions.show("People", person ? people(person[1]) : []);
    this.#show();
  }

  // show fits the field to its text, and tells how a command goes on.
  #show() {
    const text = this.field.value;
    this.field.rows = Math.min(6, text.split("\n").length);
    this.#send.disabled = !text.trim();
    const command = state.world?.commands.find((c) => text.startsWith(`${c.name} `) || text === c.name);
    this.#hint.textContent = command ? [command.name, command.hint].filter(Boolean).join(" ") : "";
  }

  #key(event) {
    const whole = event.key === "Enter" && this.#suggestions.current?.name === this.field.value;
    if (!whole && this.#suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#submit(event);
    if (event.key === "ArrowUp" && !this.field.value && this.#sent.length) {
      event.preventDefault();
      this.#write(this.#sent.at(-1));
    }
  }

  #complete(item) {
    const { value, selectionStart: at } = this.field;
    const begin = value.slice(0, at).search(item.id ? /@[^@]*$/ : /^/);
    const word = item.id ? `@${item.name} ` : `${item.name} `;
    if (item.id) this.#picked.set(item.name, item.id);
    this.#write(value.slice(0, begin) + word + value.slice(at));
    this.field.setSelectionRange(begin + word.length, begin + word.length);
  }

  #submit(event) {
    event.preventDefault();
    this.#suggestions.hide();
    this.#say();
  }

  async #say() {
    const text = this.field.value.trim();
    if (!text) return;
    this.#sent.push(text);
    this.#write("");
    this.#refused.textContent = "";
    const where = this.#where;
    try {
      await call("type", { where, text: withMentions(text, this.#picked) });
    } catch (error) {
      this.#refused.textContent = error.message;
      if (!this.field.value && this.#where === where) this.#write(text);
    }
  }
}

// withMentions writes @Name as Slack sends it. Who was completed wins among
// people of one name.
function withMentions(text, picked) {
  const ids = new Map([...state.world.askers.map((a) => [a.name, a.id]), ...picked]);
  const names = [...ids.keys()].sort((a, b) => b.length - a.length);
  return names.reduce((said, name) => said.replaceAll(`@${name}`, `<@${ids.get(name)}>`), text);
}

function commands(typed) {
  return state.world.commands.filter((c) => c.name.startsWith(typed.toLowerCase()))
    .map((c) => ({ name: c.name, hint: c.hint, note: c.description }));
}

function people(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (name) => words.every((w) => name.toLowerCase().split(/\s+/).some((part) => part.startsWith(w)));
  return state.world.askers.filter((a) => fits(a.name)).slice(0, listed);
}

function globalShortcuts() {
  return state.world.shortcuts.filter((s) => s.kind === "global")
    .map((s) => ({ name: s.name, note: state.world.app.name, choose: () => attempt("shortcut", { id: s.id }) }));
}
