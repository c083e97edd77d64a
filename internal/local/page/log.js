// The list of messages of one conversation.

import { h, keepFocus } from "./dom.js";
import { icon } from "./icons.js";
import { day } from "./clock.js";
import { costLine, drawEntry } from "./message.js";
import { on, state } from "./state.js";

const near = 48; // pixels from the end that still count as the end
const quiet = 1000; // milliseconds after which a list that was drawn anew is read out again
const margin = 12; // pixels of the list below its last message

/** Log shows a conversation in its `element` and follows it, one entry at a time. */
export class Log {
  #where = "channel";
  #items = new Map(); // list items, by the ids of entries
  #follows = true; // the end is in sight, or what came last
  #expected = 0; // where this file has scrolled to
  #places = new Map(); // where other conversations were left
  #list;
  #empty;
  #fillEmpty;
  #live; // what aria-live is
  #quiet = 0; // the timer of the silence

  /** A `live` log is read out. `empty` gives what stands where nothing was said. */
  constructor({ live, empty }) {
    this.#live = live ? "polite" : "off";
    this.#list = h("ol", { "aria-label": "Messages" });
    this.#empty = h("div", { class: "empty" });
    this.#fillEmpty = empty;
    this.element = h("div", { class: "log", role: "log", "aria-label": "Messages", "aria-live": this.#live, tabindex: "0",
      scroll: () => this.#scrolled() }, this.#empty, this.#list);
    on("entry", (entry) => this.#take(entry));
    on("exchange", (exchange) => this.#cost(exchange));
    const sizes = new ResizeObserver(() => this.#follow());
    sizes.observe(this.element);
    sizes.observe(this.#list);
  }

  /** turnTo shows another conversation, where it was left. */
  turnTo(where) {
    this.#places.set(this.#where, this.#follows ? undefined : this.element.scrollTop);
    this.#where = where;
    keepFocus(this.element, () => this.#draw());
    const place = this.#places.get(where);
    this.#follows = place === undefined;
    if (!this.#follows) this.#scrollTo(place);
    this.#follow();
  }

  // draw draws the whole conversation anew. Nothing of that is news.
  #draw() {
    this.element.setAttribute("aria-live", "off");
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.element.setAttribute("aria-live", this.#live), quiet);
    const open = new Set([...this.#items].filter(([, item]) => isOpen(item)).map(([id]) => id));
    this.#items.clear();
    this.#list.replaceChildren();
    for (const entry of state.entries.values()) if (entry.where === this.#where) this.#add(entry);
    for (const id of open) if (this.#items.has(id)) setOpen(this.#items.get(id), true);
    this.#showEmpty();
  }

  #showEmpty() {
    this.#empty.hidden = this.#items.size > 0;
    if (!this.#empty.hidden) this.#empty.replaceChildren(...this.#fillEmpty(this.#where));
  }

  #take(entry) {
    const item = this.#items.get(entry.id);
    if (entry.gone) this.#remove(entry.id);
    else if (item) keepFocus(item.querySelector(":scope > article"), () => this.#replace(item, entry));
    else if (entry.where === this.#where) this.#add(entry);
    else return;
    this.#showEmpty();
    this.#follow();
  }

  #add(entry) {
    const parent = this.#items.get(entry.thread);
    const list = parent ? repliesOf(parent) : this.#list;
    const item = h("li", { "data-entry": entry.id }, !parent && this.#dayOf(entry), drawEntry(entry));
    list.append(item);
    this.#items.set(entry.id, item);
    if (parent) count(parent);
  }

  // dayOf is a line with the day where another one begins.
  #dayOf(entry) {
    const before = state.entries.get(Number(this.#list.lastElementChild?.dataset.entry));
    const said = day(entry.at);
    return (!before || day(before.at) !== said) && h("p", { class: "day-line" }, h("span", {}, said));
  }

  // replace draws an entry anew. The article itself stays, and with it the focus.
  #replace(item, entry) {
    const made = drawEntry(entry);
    const old = item.querySelector(":scope > article");
    old.setAttribute("aria-label", made.getAttribute("aria-label"));
    old.className = made.className;
    old.replaceChildren(...made.childNodes);
  }

  #remove(id) {
    const item = this.#items.get(id);
    if (!item) return;
    const parent = item.parentElement.closest("li");
    const neighbour = item.previousElementSibling ?? item.nextElementSibling;
    if (item.contains(document.activeElement)) (neighbour?.querySelector("article") ?? this.element).focus({ preventScroll: true });
    item.remove();
    this.#items.delete(id);
    if (parent) count(parent);
  }

  #cost(exchange) {
    for (const [id, item] of this.#items) {
      const entry = state.entries.get(id);
      const line = entry?.exchange === exchange.id && item.querySelector(":scope > article .cost");
      if (line) line.textContent = costLine(entry);
    }
  }

  // follow brings what came last into sight, unless somebody reads elsewhere: its
  // end, or its beginning where it is higher than the list.
  #follow() {
    const last = this.#list.lastElementChild;
    if (!this.#follows || !last) return;
    const { scrollHeight, clientHeight } = this.element;
    this.#scrollTo(last.offsetHeight > clientHeight ? scrollHeight - last.offsetHeight - margin : scrollHeight);
  }

  #scrollTo(top) {
    this.element.scrollTop = top;
    this.#expected = this.element.scrollTop;
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    if (Math.abs(scrollTop - this.#expected) < 2) return;
    this.#follows = scrollTop + clientHeight > scrollHeight - near;
    this.#expected = -2;
  }
}

// repliesOf is the list of replies under a message, which is closed at first.
function repliesOf(item) {
  const found = item.querySelector(":scope > .replies > ol");
  if (found) return found;
  const list = h("ol", { "aria-label": "Replies", hidden: true });
  const toggle = h("button", { type: "button", class: "toggle", "aria-expanded": "false", click: () => setOpen(item, list.hidden) }, icon("reply"), h("span", {}));
  item.append(h("div", { class: "replies" }, toggle, list));
  return list;
}

function count(item) {
  const replies = item.querySelector(":scope > .replies > ol").children.length;
  const box = item.querySelector(":scope > .replies");
  if (replies === 0) box.remove();
  else box.querySelector(".toggle span").textContent = replies === 1 ? "1 reply" : `${replies} replies`;
}

function isOpen(item) {
  return item.querySelector(":scope > .replies > .toggle")?.getAttribute("aria-expanded") === "true";
}

function setOpen(item, open) {
  const toggle = item.querySelector(":scope > .replies > .toggle");
  if (!toggle) return;
  toggle.setAttribute("aria-expanded", String(open));
  item.querySelector(":scope > .replies > ol").hidden = !open;
}
