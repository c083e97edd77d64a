// How the page looks, weighs, and is used without a mouse or without eyes.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { accessible, visit } from "./visit.mjs";
import { eventually, gone, shows, tabTo } from "./window.mjs";

const widths = [375, 1280];

for (const colorScheme of ["light", "dark"]) {
  visit(`axe-core finds nothing, ${colorScheme}`, { widths, options: { colorScheme } }, async (slack) => {
    await accessible(slack, "at the start");
    await slack.field.pressSequentially("/crm");
    await slack.device.getByRole("listbox", { name: "Commands" }).waitFor();
    await accessible(slack, "with the completion");
    await slack.answer("/crmuser patricia", "9 people match");
    await slack.answer("/crmuser kim", "Invitation pending");
    await slack.job("Run the audit");
    await shows(slack.message("Admin audit"), "Acknowledge");
    await slack.device.getByRole("button", { name: "2 replies" }).click();
    await accessible(slack, "with messages");
    for (const part of ["World", "Log"]) {
      await slack.part(part);
      if (part === "Log") await slack.exchanges.locator("summary").first().click();
      await accessible(slack, `at ${part}`);
    }
    await slack.part("Slack");
    await slack.press(slack.message("Admin audit"), "Question");
    await slack.modal.waitFor();
    await accessible(slack, "with a modal");
    await slack.press(slack.modal, "Cancel");
    await gone(slack.modal);
    await slack.last.getByRole("button", { name: "More actions" }).click();
    await slack.page.getByRole("menu").waitFor();
    await accessible(slack, "with a menu");
    await slack.page.keyboard.press("Escape");
    await slack.direct();
    await slack.device.getByRole("tab", { name: "Home" }).click();
    await shows(slack.device.getByRole("tabpanel"), "Patricia Boyle");
    await accessible(slack, "at the Home tab");
  });
}

visit("the look follows the system, and what was chosen is kept", { options: { colorScheme: "dark" } }, async (slack) => {
  const dark = () => slack.page.evaluate(() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return r + g + b < 3 * 128;
  });
  const look = slack.world.getByRole("radiogroup", { name: "Look" });
  assert.equal(await dark(), true, "dark, as the system");
  await look.getByRole("radio", { name: "Light" }).check();
  await eventually(dark, (is) => !is, "dark after Light was chosen");
  await slack.page.reload();
  await slack.ready();
  assert.equal(await dark(), false, "dark after a reload");
  await look.getByRole("radio", { name: "Dark" }).check();
  await slack.page.emulateMedia({ colorScheme: "light" });
  assert.equal(await dark(), true, "dark where the system is light");
  await look.getByRole("radio", { name: "As the system" }).check();
  await eventually(dark, (is) => !is, "dark where the system is light and rules");
});

visit("nothing scrolls sideways", { widths: [320, 375, 900, 1280, 1600] }, async (slack) => {
  await slack.answer("/crmuser patricia", "9 people match");
  await slack.answer("/crmowner orphans", "records whose owner is not active");
  await slack.job("Run the audit");
  await shows(slack.message("Admin audit"), "Acknowledge");
  await slack.device.getByRole("button", { name: "2 replies" }).click();
  for (const part of ["Slack", "World", "Log"]) {
    await slack.part(part);
    const { wide, over } = await slack.page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - innerWidth,
      over: [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".bk-scroller"))
        .map((e) => `${e.tagName} ${e.className}`).slice(0, 5),
    }));
    assert.ok(wide <= 0, `${part} is ${wide} px too wide; beyond the edge: ${over}`);
  }
});

visit("a button of a message is reached and pressed with the keyboard", { widths }, async (slack) => {
  const list = await slack.answer("/crmuser patricia", "9 people match");
  await slack.field.focus();
  await tabTo(slack.page, list.getByRole("button", { name: "Show COQL" }), "Shift+Tab");
  await slack.page.keyboard.press("Enter");
  await shows(slack.last.getByRole("heading"), "COQL");
  await eventually(() => slack.last.evaluate((article) => article.contains(document.activeElement)), Boolean, "the focus stays in the message");
});

visit("Escape closes a modal, and the focus comes back", { widths }, async (slack) => {
  await slack.job("Run the audit");
  const question = slack.message("Admin audit").getByRole("button", { name: "Question" });
  await question.focus();
  await slack.page.keyboard.press("Enter");
  await slack.modal.waitFor();
  await eventually(() => slack.modal.evaluate((dialog) => dialog.contains(document.activeElement)), Boolean, "the focus is in the modal");
  for (let i = 0; i < 8; i++) {
    await slack.page.keyboard.press("Tab");
    assert.ok(await slack.device.evaluate((device) => !device.querySelector(".slack").contains(document.activeElement)), `after ${i + 1} Tabs the focus is below the modal`);
  }
  await slack.modal.getByRole("textbox").focus();
  await slack.page.keyboard.press("Escape");
  await gone(slack.modal);
  await eventually(() => question.evaluate((b) => document.activeElement === b), Boolean, "the focus is back at the button");
});

visit("a menu closes with Escape, and the focus comes back", {}, async (slack) => {
  const shortcuts = slack.device.getByRole("button", { name: "Shortcuts" });
  await shortcuts.focus();
  await slack.page.keyboard.press("Enter");
  await eventually(() => slack.page.evaluate(() => document.activeElement.getAttribute("role")), (role) => role === "menuitem", "what has the focus");
  await slack.page.keyboard.press("Escape");
  await gone(slack.page.getByRole("menu"));
  assert.ok(await shortcuts.evaluate((b) => document.activeElement === b), "the focus is back at the button");
});

visit("messages are read out by one device alone", {}, async (slack) => {
  const read = slack.page.locator('[role=log][aria-live="polite"]');
  await eventually(() => read.count(), (n) => n === 1, "logs that are read out"); // none is while all is drawn anew
});

visit("the page is painted from less than 300 kB", {}, async (slack, t) => {
  const sizes = await Promise.all(slack.responses.filter((r) => !r.url().endsWith("/api/events"))
    .map(async (r) => ({ path: new URL(r.url()).pathname, bytes: gzipSync(await r.body()).length })));
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  t.diagnostic(`${sizes.length} files, ${sum} bytes compressed`);
  assert.ok(sizes.length > 5 && sum < 300_000, `${sum} bytes compressed: ${JSON.stringify(sizes)}`);
});
