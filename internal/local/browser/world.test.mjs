// Good days and bad ones, the audit, and what else is changed around the bot.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { visit } from "./visit.mjs";
import { choose, eventually, gone, shows } from "./window.mjs";

const widths = [375, 1280];

visit("while Zoho is down an answer says how old it is and why", { widths }, async (slack) => {
  await slack.answer("/crmuser kim", "Invitation pending");
  await slack.day("Down");
  await slack.later("+ 10 minutes");
  await slack.answer("/crmuser kim", "That is 10 minutes old: Zoho CRM cannot be reached right now.");
  await slack.day("Well");
  await slack.later("+ 1 minute");
  await slack.ask("/crmuser kim");
  await shows(slack.last, "read just now");
});

visit("what cannot be answered can be tried again", {}, async (slack) => {
  await slack.day("Down");
  const failed = await slack.answer("/crmowner gentest", "Zoho CRM cannot be reached right now");
  await slack.day("Well");
  await slack.later("+ 1 minute");
  await slack.press(failed, "Try again");
  await shows(slack.last, "4 records match “gentest”");
});

visit("a dead grant is told in the channel, and that it is well again", {}, async (slack) => {
  await slack.day("Grant is dead");
  await shows(slack.last, "Zoho does not accept the grant any more");
  await shows(slack.last, "Run crmwho setup");
  await slack.later("+ 1 hour");
  await slack.answer("/crmstatus", "Not well");
  await slack.day("Well");
  await shows(slack.messages.last(), "The access to Zoho CRM is well again");
  await slack.answer("/crmstatus", "All is well");
});

visit("refused tokens leave the last list, and say so", {}, async (slack) => {
  await slack.day("Refuses tokens");
  await slack.later("+ 10 minutes");
  await slack.answer("/crmuser kim", /That is 10 minutes old: Zoho CRM does not accept my access/);
  await slack.day("Well");
  await slack.later("+ 1 minute");
  await slack.ask("/crmuser kim");
  await shows(slack.last, "read just now");
});

visit("what takes long is announced and follows, with its time, its log and its metrics", {}, async (slack) => {
  await slack.day("Slow");
  await slack.ask("/crmowner gentest");
  const clock = slack.device.getByRole("progressbar");
  await clock.waitFor();
  assert.equal(await clock.getAttribute("max"), "3000");
  await shows(slack.last, "Looking in Zoho CRM");
  await gone(clock);
  await shows(slack.last, /\d( or more)? records match “gentest”/);
  await shows(slack.last, /after \d+\.\d s · \d\.\d kB/);
  const exchange = slack.exchanges.locator("li").filter({ has: slack.page.locator("summary", { hasText: "/crmowner" }) }).first();
  await shows(exchange.locator("summary"), /\/crmowner · \d\.\d s · \d+ B/);
  await exchange.locator("summary").click();
  await shows(exchange.locator("table"), "total_ms");
  await shows(exchange, /(INFO|WARN) answer/);
  await shows(exchange, "command=/crmowner");
});

visit("a throttled Zoho is waited for", {}, async (slack) => {
  await slack.day("Throttled");
  await slack.answer("/crmowner gentest", /Zoho/);
  await shows(slack.exchanges.locator("summary").first(), "/crmowner");
});

visit("who signs an audit stands under it", { widths }, async (slack) => {
  await slack.job("Run the audit");
  const audit = slack.message("Admin audit: 1 admin");
  await slack.press(audit, "Acknowledge");
  await slack.press(slack.page.getByRole("dialog", { name: "Acknowledge this audit?" }), "Acknowledge");
  await shows(audit, /Acknowledged by @Patricia Boyle/);
  await eventually(() => audit.getByRole("button", { name: "Acknowledge" }).count(), (n) => n === 0, "buttons of a signed audit");
});

visit("an audit is questioned in a sentence", { widths }, async (slack) => {
  await slack.job("Run the audit");
  const audit = slack.message("Admin audit: 1 admin");
  await slack.press(audit, "Question");
  const sentence = slack.modal.getByRole("textbox", { name: "What is wrong or unclear?" });
  const send = slack.modal.getByRole("button", { name: "Send" });
  await send.click();
  await eventually(() => sentence.getAttribute("aria-invalid"), (is) => is === "true", "aria-invalid of an empty sentence");
  await shows(slack.modal, "Please complete this required field.");
  await sentence.fill("x".repeat(301));
  assert.equal((await sentence.inputValue()).length, 300, "characters that could be typed");
  await sentence.fill("Why is Patricia the only one?");
  await send.click();
  await shows(audit, "Questioned by @Patricia Boyle");
  await shows(slack.device, "Why is Patricia the only one?");
});

visit("the table and a file for a spreadsheet are in the thread", { widths }, async (slack) => {
  await slack.job("Run the audit");
  await shows(slack.message("Admin audit"), "Acknowledge");
  await slack.device.getByRole("button", { name: "2 replies" }).click();
  await shows(slack.device.getByRole("list", { name: "Replies" }).getByRole("table"), "Administrator, CEO");
  const arrival = slack.page.waitForEvent("download");
  await slack.device.getByRole("link", { name: /\.csv/ }).click();
  const file = await arrival;
  assert.match(file.suggestedFilename(), /^crm-admins-.*\.csv$/);
  assert.match(await readFile(await file.path(), "utf8"), /Patricia Boyle/);
});

visit("the next audit has whoever was promoted", {}, async (slack) => {
  await slack.job("Run the audit");
  await shows(slack.message("Admin audit: 1 admin"), "The first audit");
  await slack.person("kim", "Kim", "Promote");
  await slack.later("+ 1 day");
  await shows(slack.last, "new admin");
  await slack.job("Run the audit");
  await shows(slack.message("Admin audit: 2 admins"), "+1 −0 ~0 since the last audit");
});

visit("who asks changes who may", {}, async (slack) => {
  await slack.becomes("Sample Guest");
  await slack.answer("/crmadmins", "is not open to you");
  await slack.answer("/crmuser kim", "Invitation pending");
});

visit("another organisation has its own people and its own history", {}, async (slack) => {
  await slack.answer("/crmuser kim", "Invitation pending");
  await slack.control((world) => choose(world.getByLabel("Organisation"), "Generated, 500 people"));
  await shows(slack.device, "Generated, 500 people");
  await gone(slack.messages);
  await slack.answer("/crmusers", "500 people in Zoho CRM");
  await slack.control((world) => choose(world.getByLabel("Organisation"), "Zoho's documented sample"));
  await shows(slack.last, "Invitation pending");
});

visit("everything that a job did stands in its exchange", {}, async (slack) => {
  await slack.job("Sync the list of people");
  const job = slack.exchanges.locator("li").filter({ has: slack.page.locator("summary", { hasText: "Job directory-sync" }) }).first();
  await job.locator("summary").click();
  await shows(job, /INFO/);
});
