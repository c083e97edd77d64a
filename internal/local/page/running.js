// The clock that runs while the bot owes Slack its first reply.

import { now, took } from "./clock.js";
import { h } from "./dom.js";
import { on, state } from "./state.js";

const limit = 3000; // milliseconds that Slack waits
const patience = 150; // what is answered sooner shows no clock: it would only flicker

/** runningClock is a bar from 0 to 3 s with its number, hidden while nothing is under way. */
export function runningClock() {
  const number = h("span", { class: "number" });
  const what = h("span", { class: "what" });
  const bar = h("progress", { max: limit, value: 0, "aria-label": "Time until Slack gives up" });
  const element = h("div", { class: "running", hidden: true }, what, bar, number);
  let frame = 0;
  const tick = () => {
    const exchange = underWay();
    frame = exchange ? requestAnimationFrame(tick) : 0;
    const ms = exchange ? now() - exchange.at : 0;
    element.hidden = ms < patience;
    if (element.hidden) return;
    element.classList.toggle("late", ms > limit);
    bar.value = Math.min(ms, limit);
    bar.setAttribute("aria-valuetext", `${took(ms)} of 3 s`);
    what.textContent = exchange.what;
    number.textContent = `${took(ms)} of 3 s`;
  };
  on("exchange reset", () => {
    cancelAnimationFrame(frame);
    tick();
  });
  return element;
}

// underWay is the last request without a reply. Jobs have their own time, and a
// search shows by itself that it waits.
function underWay() {
  return [...state.exchanges.values()].findLast((x) => x.ms === undefined && !x.error && !/^job |^search$/.test(x.what));
}
