// The lock screen of the phone: what a notification shows of an answer.

import { time } from "./clock.js";
import { h } from "./dom.js";
import { notification } from "./message.js";
import { on, state } from "./state.js";

/** lockScreen shows the last message of the app in a section, as a phone would. */
export function lockScreen(section) {
  let shown = null;
  on("reset entry", () => {
    const entry = [...state.entries.values()].findLast(isAnswer);
    if (entry && entry === shown) return;
    shown = entry;
    section.replaceChildren(h("p", { class: "label", "aria-hidden": "true" }, "Lock screen"), entry ? card(entry) : nothing());
  });
}

// isAnswer keeps out what Slack says when the app fails, and replies in threads:
// a phone tells of those only whoever is in the thread.
function isAnswer(entry) {
  return entry.by === state.world.app.id && ["private", "shared"].includes(entry.kind) && !entry.thread;
}

function card(entry) {
  return h("div", { class: "card" },
    h("div", { class: "avatar", "aria-hidden": "true", "data-tone": "app" }, "c"),
    h("div", { class: "text" },
      h("p", { class: "by" }, h("b", {}, state.world.app.name), h("time", { datetime: new Date(entry.at).toISOString() }, time(entry.at))),
      h("p", { class: "clamped" }, notification(entry))));
}

function nothing() {
  return h("p", { class: "quiet" }, "What a phone shows of an answer, and what a screen reader reads.");
}
