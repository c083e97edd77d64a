// One message of a conversation.

import { access } from "./bot.js";
import { drawMessage, plain } from "./blocks.js";
import { attempt } from "./calls.js";
import { size, time, took } from "./clock.js";
import { showText } from "./dialog.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { nameOf, state } from "./state.js";

/** drawEntry is an entry as an article. */
export function drawEntry(entry) {
  const author = authorOf(entry);
  const only = entry.kind !== "shared";
  const label = [author, only && "only visible to you", time(entry.at)].filter(Boolean).join(", ");
  const draw = { typed: drawTyped, error: drawError }[entry.kind] ?? drawSaid;
  return h("article", { "aria-label": label, tabindex: "-1", class: `message ${entry.kind}` }, draw(entry, author));
}

function authorOf(entry) {
  if (entry.kind === "error") return "Slack";
  return entry.kind === "typed" ? "You" : nameOf(entry.by);
}

function drawTyped(entry) {
  return [h("p", { class: "used" }, "You used ", h("span", {}, entry.body.text)), timeOf(entry)];
}

function drawError(entry) {
  return [onlyYou(), h("p", { class: "wrong" }, icon("warning"), h("span", {}, entry.body.text)), costOf(entry)];
}

function drawSaid(entry, author) {
  const app = entry.by === state.world.app.id;
  return [
    entry.kind === "private" && onlyYou(),
    h("div", { class: "avatar", "aria-hidden": "true", "data-tone": app ? "app" : toneOf(entry.by) }, app ? "c" : initials(author)),
    h("div", { class: "said" },
      h("p", { class: "by" }, h("b", {}, author), app && h("span", { class: "app" }, "App"), timeOf(entry),
        entry.edited && h("span", { class: "edited" }, "(edited)")),
      drawMessage(entry.body, access({ entry: entry.id })),
      entry.files && h("ul", { class: "files" }, entry.files.map(drawFile)),
      app && costOf(entry)),
    moreOf(entry),
  ];
}

function onlyYou() {
  return h("p", { class: "only" }, icon("eye"), "Only visible to you");
}

function timeOf(entry) {
  return h("time", { datetime: new Date(entry.at).toISOString() }, time(entry.at));
}

function initials(name) {
  return name.split(/\s+/).slice(0, 2).map((word) => word[0]).join("").toUpperCase();
}

// toneOf gives everybody a colour that they keep.
function toneOf(id) {
  return [...id].reduce((sum, c) => sum + c.codePointAt(0), 0) % 5;
}

function drawFile(file) {
  return h("li", {}, h("a", { href: `/api/file/${encodeURIComponent(file.id)}`, download: file.name },
    icon("file"), h("span", {}, file.name), h("small", {}, size(file.size))));
}

function costOf(entry) {
  return h("p", { class: "cost" }, costLine(entry));
}

/**
 * costLine says what an answer took: the time of the first reply, or after what
 * time it came later, and what the app sent.
 */
export function costLine(entry) {
  const exchange = state.exchanges.get(entry.exchange);
  const late = entry.after && `after ${took(entry.after)}`;
  const first = exchange?.ms !== undefined && `${took(exchange.ms)} of 3 s`;
  return [late || first, entry.bytes && size(entry.bytes)].filter(Boolean).join(" · ");
}

function moreOf(entry) {
  const button = h("button", { type: "button", class: "more", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false" }, icon("more"));
  const again = () => button.closest("section")?.querySelector(`[data-entry="${entry.id}"] .more`);
  button.addEventListener("click", () => openMenu(button, "More actions", actionsOf(entry), again));
  return button;
}

// Slack offers message shortcuts on messages that stay, not on private ones.
function actionsOf(entry) {
  const shortcuts = entry.kind === "shared" ? state.world.shortcuts.filter((s) => s.kind === "message") : [];
  return [
    ...shortcuts.map((s) => ({ name: s.name, note: nameOf(state.world.app.id), choose: () => attempt("shortcut", { id: s.id, entry: entry.id }) })),
    { name: "Show JSON", choose: () => showText("JSON of the message", "", JSON.stringify(entry.body, null, 2)) },
    { name: "Notification", choose: () => showText("Notification of the message", "What a phone shows and a screen reader reads:", notification(entry)) },
  ];
}

/** notification is a message as one plain text. */
export function notification(entry) {
  return plain(entry.body.text ?? "", access({ entry: entry.id })) || "The message has no text: Slack makes one of its blocks.";
}
