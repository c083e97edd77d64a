// What outlives a reload, and a restart of the program.

import assert from "node:assert/strict";
import { visit } from "./visit.mjs";
import { gone, shows } from "./window.mjs";

visit("a reload keeps the history", {}, async (slack) => {
  await slack.answer("/crmuser kim", "Invitation pending");
  await slack.page.reload();
  await slack.ready();
  await shows(slack.last.getByRole("heading"), "Kim");
  await shows(slack.last, /\d+ ms of 3 s/);
  await shows(slack.exchanges.locator("summary"), "/crmuser");
});

visit("a restart keeps the history, and old buttons work", {}, async (slack) => {
  await slack.job("Run the audit");
  const audit = slack.message("Admin audit: 1 admin");
  await shows(audit, "Acknowledge");
  await slack.answer("/crmuser patricia", "9 people match");
  await slack.restart();
  await shows(slack.last.getByRole("heading"), "9 people match");
  await slack.press(slack.last, "Show COQL");
  await shows(slack.last.getByRole("heading"), "COQL");
  await slack.press(audit, "Acknowledge");
  await slack.press(slack.page.getByRole("dialog", { name: "Acknowledge this audit?" }), "Acknowledge");
  await shows(audit, /Acknowledged by @Patricia Boyle/);
});

visit("a restart keeps the clock, the people and who asks", {}, async (slack) => {
  await slack.later("+ 1 day");
  await slack.person("kim", "Kim", "Promote");
  await slack.becomes("Lee");
  await slack.restart();
  const group = slack.world.getByRole("group", { name: "Clock" });
  await shows(group, "1 d ahead");
  assert.equal(await slack.world.getByLabel("Who asks").evaluate((s) => s.selectedOptions[0].dataset.name), "Lee");
  await slack.becomes("Patricia Boyle");
  await slack.answer("/crmadmins", "2 admins in Zoho CRM");
});

visit("--fresh forgets", {}, async (slack) => {
  await slack.answer("/crmuser kim", "Invitation pending");
  await slack.restart("--fresh");
  await shows(slack.device, "Ask who is who in Zoho CRM");
  await gone(slack.messages);
});

visit("the page says that the program has ended", {}, async (slack) => {
  slack.forgive(/ERR_/);
  await slack.server.stop();
  await shows(slack.page.getByRole("alert"), "The bot has stopped. Start it again with make run.");
});
