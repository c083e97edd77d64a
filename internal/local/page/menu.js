// Menus that open at a button.

import { fresh, h } from "./dom.js";

/**
 * openMenu shows items ({name, note, choose}) at a button and moves the focus
 * into them. Arrows, Home and End move, Escape and Tab close. The focus goes
 * back to the button, or to what `instead` finds where the button is gone.
 */
export function openMenu(button, label, items, instead = () => null) {
  const menu = h("div", { role: "menu", "aria-label": label, popover: "auto", class: "menu", id: fresh() });
  menu.append(...items.map((item) => itemOf(menu, item)));
  button.closest("section").append(menu);
  button.setAttribute("aria-expanded", "true");
  menu.addEventListener("keydown", (event) => move(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") close(menu, button, instead);
  });
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.firstElementChild?.focus();
}

function itemOf(menu, { name, note, choose }) {
  const pick = () => {
    menu.hidePopover();
    choose();
  };
  return h("button", { type: "button", role: "menuitem", tabindex: "-1", click: pick },
    h("span", {}, name), note && h("small", {}, note));
}

function move(menu, event) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Tab" || event.key === "Escape") menu.hidePopover();
  else if (to !== undefined) items.at(to % items.length).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// close gives the focus back, unless somebody has moved it elsewhere.
function close(menu, button, instead) {
  const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
  button.setAttribute("aria-expanded", "false");
  menu.remove();
  if (inside) (button.isConnected ? button : instead())?.focus();
}

// place puts the menu below the button, or above it where there is no room.
function place(menu, at) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height < innerHeight;
  const left = at.left + width < innerWidth - 8 ? at.left : at.right - width;
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px`;
}
