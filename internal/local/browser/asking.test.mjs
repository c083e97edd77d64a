// What people do in Slack, in the page.

import assert from "node:assert/strict";
import { visit } from "./visit.mjs";
import { choose, eventually, gone, shows, tabTo } from "./window.mjs";

const widths = [375, 1280];

visit("a question that is typed with the keyboard alone brings a private card", { widths }, async (slack) => {
  const { keyboard } = slack.page;
  await tabTo(slack.page, slack.field);
  await keyboard.type("/crmu");
  const commands = slack.device.getByRole("listbox", { name: "Commands" });
  await shows(commands.getByRole("option").first(), "/crmuser");
  await shows(commands, "[name, e-mail, phone, id or @mention]");
  await keyboard.press("ArrowDown");
  await shows(commands.getByRole("option", { selected: true }), "/crmusers");
  await keyboard.press("ArrowUp");
  await keyboard.press("Tab");
  await gone(commands);
  assert.equal(await slack.field.inputValue(), "/crmuser ");
  await keyboard.type("kim");
  await keyboard.press("Enter");
  await shows(slack.last.getByRole("heading"), "Kim");
  await shows(slack.last, "Only visible to you");
  await shows(slack.last, /\d+ ms of 3 s · \d\.\d kB/);
  assert.match(await slack.last.getAttribute("aria-label"), /^crmwho, only visible to you, \d\d:\d\d$/);
  await shows(slack.messages.nth(-2), "You used /crmuser kim");
});

visit("Escape closes the completion and keeps what was typed", {}, async (slack) => {
  await slack.field.pressSequentially("/crm");
  const commands = slack.device.getByRole("listbox", { name: "Commands" });
  await commands.waitFor();
  await slack.field.press("Escape");
  await gone(commands);
  assert.equal(await slack.field.inputValue(), "/crm");
});

visit("a person is mentioned by a completed name", {}, async (slack) => {
  await slack.field.pressSequentially("/crmuser @ki");
  await slack.device.getByRole("listbox", { name: "People" }).getByRole("option", { name: "Kim" }).click();
  await slack.field.press("Enter");
  await shows(slack.last.getByRole("heading"), "Kim");
});

visit("a person is picked from a list, and Back leads to it", { widths }, async (slack) => {
  const list = await slack.answer("/crmuser patricia", "9 people match");
  const before = await slack.messages.count();
  await slack.press(list, "Show COQL");
  await shows(slack.last.getByRole("heading"), "COQL");
  await slack.press(slack.last, "Back");
  await shows(slack.last.getByRole("heading"), "9 people match");
  assert.equal(await slack.messages.count(), before, "messages: each answer takes the place of the one before");
});

visit("the pages of 500 people are turned", {}, async (slack) => {
  await slack.control((world) => choose(world.getByLabel("Organisation"), "Generated, 500 people"));
  await shows(slack.device, "Generated, 500 people");
  const page = await slack.answer("/crmusers", "500 people in Zoho CRM");
  const first = await page.innerText();
  await slack.press(page, "Next");
  await shows(page, "Page 2 of 50");
  assert.notEqual((await page.innerText()).split("\n").find((line) => line.includes("@")), first.split("\n").find((line) => line.includes("@")), "an address of the page");
  await slack.press(page, "Previous");
  await shows(page, "Page 1 of 50");
});

visit("others see what was shared, and nothing that was private", {}, async (slack) => {
  const card = await slack.answer("/crmuser kim", "Invitation pending");
  await slack.press(card, "Share here");
  const sure = slack.page.getByRole("dialog", { name: "Share this card?" });
  await shows(sure, "Everybody in this channel will see it");
  await slack.press(sure, "Share");
  await shows(slack.last, "Shared by @Patricia Boyle");
  assert.match(await slack.last.getAttribute("aria-label"), /^crmwho, \d\d:\d\d$/);
  await slack.becomes("Lee");
  await shows(slack.last, "Shared by @Patricia Boyle");
  assert.equal(await slack.messages.count(), 1, "messages that Lee sees");
  await slack.answer("/crmuser lee", "Lee");
  await slack.becomes("Patricia Boyle");
  await eventually(() => slack.messages.count(), (n) => n === 3, "messages that Patricia sees");
  assert.ok(!(await slack.messages.allInnerTexts()).join().includes("/crmuser lee"), "what Lee typed is Lee's");
});

visit("what is not confirmed is not done", {}, async (slack) => {
  const card = await slack.answer("/crmuser kim", "Invitation pending");
  await slack.press(card, "Share here");
  await slack.press(slack.page.getByRole("dialog", { name: "Share this card?" }), "Cancel");
  await slack.answer("/crmuser lee", "lee@mail.com");
  assert.equal(await slack.messages.count(), 4, "two questions with their answers");
});

visit("the shortcut finds a person while a name is typed", { widths }, async (slack) => {
  await slack.press(slack.device, "Shortcuts");
  await slack.page.getByRole("menuitem", { name: "Find a person" }).click();
  const field = slack.modal.getByRole("combobox");
  await slack.press(slack.modal, "Show");
  await shows(slack.modal, "Please complete this required field.");
  await field.pressSequentially("ki");
  const option = slack.device.getByRole("option", { name: "Kim" });
  await shows(option, "Invitation pending · kim@gmail.com");
  await option.click();
  await slack.press(slack.modal, "Show");
  await shows(slack.modal.getByRole("heading"), "Kim");
  await shows(slack.modal, "Sales Representative · Standard profile");
  await slack.press(slack.modal, "Close");
  await gone(slack.modal);
});

visit("both devices show one modal", {}, async (slack) => {
  await slack.press(slack.desktop, "Shortcuts");
  await slack.page.getByRole("menuitem", { name: "Find a person" }).click();
  for (const device of [slack.phone, slack.desktop]) await shows(device.getByRole("dialog", { name: "Find a person" }), "Who are you looking for?");
  await slack.press(slack.phone.getByRole("dialog"), "Close");
  for (const device of [slack.phone, slack.desktop]) await gone(device.getByRole("dialog"));
});

visit("the Home tab has one's own card and the search", { widths }, async (slack) => {
  await slack.direct();
  await slack.device.getByRole("tab", { name: "Home" }).click();
  const home = slack.device.getByRole("tabpanel");
  await shows(home.getByRole("heading"), "Patricia Boyle");
  await home.getByRole("combobox").first().pressSequentially("lee");
  await slack.device.getByRole("option", { name: "Lee" }).click();
  await shows(home.getByRole("heading"), "Lee");
  await slack.device.getByRole("tab", { name: "Messages" }).click();
  await slack.answer("/crmuser", "Patricia Boyle");
});

visit("a message tells who wrote it", { widths }, async (slack) => {
  await slack.becomes("Kim");
  await slack.answer("good morning", "good morning");
  await slack.becomes("Patricia Boyle");
  await shows(slack.last, "good morning");
  await slack.more(slack.last, "Who wrote this?");
  await shows(slack.modal.getByRole("heading"), "Kim");
});

visit("a message shows its JSON and its notification", { widths }, async (slack) => {
  const card = await slack.answer("/crmuser kim", "Invitation pending");
  await slack.more(card, "Show JSON");
  const json = slack.page.getByRole("dialog", { name: "JSON of the message" });
  const { text, blocks } = JSON.parse(await json.locator("pre").textContent());
  assert.equal(blocks[1].text.text, "Kim");
  await json.getByRole("button", { name: "Copy" }).waitFor();
  await slack.press(json, "Close");
  await gone(json);
  await slack.more(card, "Notification");
  const notification = slack.page.getByRole("dialog", { name: "Notification of the message" });
  assert.equal(await notification.locator("pre").textContent(), text);
  await slack.press(notification, "Close");
});

visit("the lock screen shows the plain text of the last answer", {}, async (slack) => {
  await slack.answer("/crmuser kim", "Invitation pending");
  const lock = slack.page.getByRole("region", { name: "Lock screen" });
  await shows(lock, "Invitation pending: Kim, Sales Representative. E-mail: kim@gmail.com.");
  await slack.answer("/crmadmins", "1 admin");
  await shows(lock, "1 admin in Zoho CRM");
  const height = await lock.locator("p").filter({ hasText: "1 admin" }).evaluate((p) => p.getBoundingClientRect().height / parseFloat(getComputedStyle(p).lineHeight));
  assert.ok(height <= 4.2, `${height} lines on the lock screen, want 4 at most`);
});

visit("a link is not followed in a played world: it is said where it leads", {}, async (slack) => {
  const card = await slack.answer("/crmuser kim", "Invitation pending");
  await card.getByRole("link", { name: "kim@gmail.com" }).click();
  await shows(slack.page.getByRole("dialog"), "mailto:kim@gmail.com");
});

visit("a command that there is not is refused, and stays in the field", { widths }, async (slack) => {
  slack.forgive(/status of 400 .*\/api\/type/);
  await slack.ask("/crmnothing at all");
  await shows(slack.page.getByRole("alert"), "/crmnothing is not a valid command");
  await eventually(() => slack.field.inputValue(), (value) => value === "/crmnothing at all", "what the field has");
});
