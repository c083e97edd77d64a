// A list of suggestions at a text field: the field keeps the focus, the arrows
// go through the list.

import { fresh, h } from "./dom.js";

/** Suggestions is the list of one field. Put its `element` next to the field. */
export class Suggestions {
  #field;
  #choose;
  #items = [];
  #at = 0;

  /** `choose` gets the item that was taken. */
  constructor(field, choose) {
    this.#field = field;
    this.#choose = choose;
    this.element = h("ul", { role: "listbox", class: "suggestions", id: fresh(), hidden: true });
    field.setAttribute("aria-controls", this.element.id);
    field.addEventListener("blur", () => this.hide());
  }

  /** isOpen says whether there is something to take. */
  get isOpen() {
    return !this.element.hidden;
  }

  /** current is the item that Enter takes. */
  get current() {
    return this.#items[this.#at];
  }

  /** show offers items ({name, hint, note}); without any the list closes. */
  show(label, items) {
    this.#items = items;
    this.#at = 0;
    this.element.setAttribute("aria-label", label);
    this.element.replaceChildren(...items.map((item, i) => this.#option(item, i)));
    this.element.hidden = items.length === 0;
    this.#mark();
  }

  /** hide closes the list. */
  hide() {
    this.show("", []);
  }

  /** key takes a key that is meant for the list, and says whether it was. */
  key(event) {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.current);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #take(item) {
    this.hide();
    this.#choose(item);
  }

  #move(step) {
    this.#at = (this.#at + step + this.#items.length) % this.#items.length;
    this.#mark();
  }

  #mark() {
    const options = [...this.element.children];
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.#at)));
    options[this.#at]?.scrollIntoView({ block: "nearest" });
    if (this.#field.getAttribute("role") === "combobox") this.#field.setAttribute("aria-expanded", String(this.isOpen));
    if (this.isOpen) this.#field.setAttribute("aria-activedescendant", options[this.#at].id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #option(item, i) {
    return h("li", {
      role: "option", id: `${this.element.id}-${i}`,
      mousedown: (event) => event.preventDefault(), // the field keeps the focus
      click: () => this.#take(item),
    }, h("b", {}, item.name), item.hint && h("span", {}, item.hint), item.note && h("small", {}, item.note));
  }
}
