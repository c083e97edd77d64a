// What an empty conversation offers to try.

import { h } from "./dom.js";
import { state } from "./state.js";

const ofSample = [
  ["/crmuser kim", "One person"],
  ["/crmuser patricia", "Several of one name"],
  ["/crmowner gentest", "Who owns a record"],
  ["/crmadmins", "Who administers the CRM"],
  ["/crmstatus", "How the bot is"],
];

// Names of a made or a real organisation are not known here.
const ofOthers = [
  ["/crmusers by role", "How many have which role"],
  ["/crmusers status:active", "Who is active, page by page"],
  ["/crmadmins", "Who administers the CRM"],
  ["/crmowner orphans", "Records whose owner is gone"],
  ["/crmstatus", "How the bot is"],
];

/** examples are what stands in an empty conversation. `ask` gets the words of a button. */
export function examples(where, ask) {
  const sample = state.world.organisation === "sample" && !state.world.real;
  const title = where === "channel" ? "Ask who is who in Zoho CRM" : "Here you and the bot are alone";
  return [
    h("p", { class: "title" }, title),
    h("p", {}, "Type a command below, or try one:"),
    h("ul", {}, (sample ? ofSample : ofOthers).map(([text, note]) =>
      h("li", {}, h("button", { type: "button", click: () => ask(text) }, h("code", {}, text), h("small", {}, note))))),
  ];
}
