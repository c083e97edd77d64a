// What went between Slack and the bot: newest first, each with its log lines
// and metrics.

import { second, size, took } from "./clock.js";
import { h } from "./dom.js";
import { on, state } from "./state.js";

/** exchangeList shows the exchanges in a section. */
export function exchangeList(section) {
  const list = section.querySelector("ol");
  const none = section.querySelector(".none");
  const items = new Map(); // by id; 0 has the lines that belong to none
  const itemOf = (id) => items.get(id) ?? add(id);
  const add = (id) => {
    const item = drawItem();
    items.set(id, item);
    if (id === 0) list.append(item.element);
    else list.prepend(item.element);
    none.hidden = true;
    return item;
  };
  const takeExchange = (exchange) => {
    itemOf(exchange.id).head(exchange);
    prune(items);
  };
  const takeLine = (line) => {
    if (line.exchange === 0 || state.exchanges.has(line.exchange)) itemOf(line.exchange).line(line);
  };
  on("exchange", takeExchange);
  on("line", takeLine);
  on("reset", () => {
    const open = new Set([...items].filter(([, item]) => item.details.open).map(([id]) => id));
    items.clear();
    list.replaceChildren();
    none.hidden = false;
    for (const exchange of state.exchanges.values()) takeExchange(exchange);
    for (const line of state.lines) takeLine(line);
    for (const [id, item] of items) item.details.open = open.has(id);
  });
}

// prune drops what the state has forgotten.
function prune(items) {
  for (const [id, item] of items) {
    if (id === 0 || state.exchanges.has(id)) continue;
    item.element.remove();
    items.delete(id);
  }
}

// drawItem is one exchange; `head` and `line` fill it as it goes on.
function drawItem() {
  const what = h("b", {}, "The bot itself");
  const cost = h("span", { class: "cost" });
  const facts = h("p", { class: "facts" });
  const lines = h("ul", { class: "lines" });
  const metrics = h("tbody");
  const table = h("table", { hidden: true }, h("caption", {}, "Metrics"),
    h("thead", {}, h("tr", {}, ["Name", "Value", "Unit"].map((name) => h("th", { scope: "col" }, name)))), metrics);
  const details = h("details", {}, h("summary", {}, what, cost), facts, lines, table);
  return {
    details,
    element: h("li", {}, details),
    head(exchange) {
      what.textContent = nameOf(exchange.what);
      cost.textContent = costOf(exchange);
      facts.textContent = factsOf(exchange);
      details.classList.toggle("failed", Boolean(exchange.error));
    },
    line(line) {
      lines.append(drawLine(line));
      metrics.append(...(line.metrics ?? []).map(drawMetric));
      table.hidden = !metrics.childElementCount;
      if (!cost.textContent) cost.textContent = ` · ${second(line.at)}`;
    },
  };
}

function nameOf(what) {
  return what[0].toUpperCase() + what.slice(1);
}

function costOf(exchange) {
  const parts = exchange.error ? [exchange.error]
    : exchange.ms === undefined ? ["under way"]
      : [took(exchange.ms), exchange.got && size(exchange.got), exchange.result];
  return parts.filter(Boolean).map((part) => ` · ${part}`).join("");
}

function factsOf(exchange) {
  return [
    `At ${second(exchange.at)}`,
    exchange.sent && `signed request ${size(exchange.sent)}`,
    exchange.ms !== undefined && [`first reply after ${took(exchange.ms)}`, exchange.got && size(exchange.got)].filter(Boolean).join(", "),
  ].filter(Boolean).join(" · ");
}

function drawLine({ at, level, msg, attrs }) {
  return h("li", {}, h("time", {}, second(at)), " ", h("span", { class: `level ${level.toLowerCase()}` }, level), " ", h("b", {}, msg),
    h("span", { class: "attrs" }, Object.entries(attrs ?? {}).map(([name, value]) => [
      " ", h("span", {}, h("i", {}, name), "=", typeof value === "string" ? value : JSON.stringify(value)),
    ]).flat()));
}

function drawMetric({ name, value, unit }) {
  return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value)), h("td", {}, unit));
}
