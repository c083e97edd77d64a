// Puts the page together: two devices with Slack, the world around them, and
// what goes between Slack and the bot.

import { leave, stopped } from "./calls.js";
import { exchangeList } from "./exchanges.js";
import { lockScreen } from "./lock.js";
import { Device } from "./slack.js";
import { listen, on, state } from "./state.js";
import { controlPanel } from "./world.js";

const $ = (selector) => document.querySelector(selector);

new Device($(".phone"), { live: true, nav: "Conversations" });
new Device($(".desktop"), { live: false, nav: "Conversations on the desktop" });
lockScreen($(".lock"));
controlPanel($(".world"));
exchangeList($(".exchanges"));

on("connected", (connected) => {
  $(".stopped").hidden = connected;
  $(".stopped").textContent = connected ? "" : stopped;
});
on("reset world", () => {
  $(".version").textContent = state.world.version;
  $(".top .about").textContent = `The whole bot, on this computer. Slack is played, ${state.world.real ? "Zoho CRM is real" : "and so is Zoho CRM"}.`;
});

// In a narrow window one part is shown at a time.
const switches = document.querySelectorAll("[data-show]");
for (const button of switches) {
  button.addEventListener("click", () => {
    leave();
    document.body.dataset.shown = button.dataset.show;
    for (const other of switches) other.setAttribute("aria-pressed", String(other === button));
  });
}

listen();
