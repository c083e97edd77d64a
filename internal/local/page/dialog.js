// Dialogs of the page itself, over both devices. Slack's own are in modal.js.

import { fresh, h } from "./dom.js";

/**
 * showText opens a dialog with a title, a sentence, and a text that can be
 * copied. The browser keeps the focus inside and gives it back.
 */
export function showText(title, sentence, text) {
  const id = fresh();
  const said = h("span", { role: "status" });
  const copy = () => copied(text, said);
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id, close: () => dialog.remove() },
    h("h2", { id }, title),
    sentence && h("p", {}, sentence),
    h("pre", { tabindex: "0", role: "group", "aria-label": title }, text),
    h("p", { class: "buttons" }, said,
      h("button", { type: "button", click: copy }, "Copy"),
      h("button", { type: "button", class: "primary", click: () => dialog.close() }, "Close")));
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".primary").focus();
}

async function copied(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    said.textContent = "The browser does not let me copy. Select the text instead.";
  }
}
