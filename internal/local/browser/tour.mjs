// A tour through the page that takes README's pictures: each in a world of its
// own, over Zoho's documented sample, so that none depends on another.
//
//	node tour.mjs [FOLDER]

import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gone, launch, serve, shows, Window } from "./window.mjs";

const phone = { width: 375, height: 1600, scale: 1.6 };

// sights are the pictures, by the names of their files. What gives columns of
// shots is put side by side; the others take the window as it is.
const sights = {
  async page(slack) {
    await slack.answer("/crmowner gentest", "4 records match");
    await slack.answer("/crmuser kim", "Invitation pending");
    await slack.press(slack.last, "Share here");
    await slack.press(slack.page.getByRole("dialog"), "Share");
    await shows(slack.last, "Shared by");
    await slack.exchanges.locator("summary").first().click();
    await quiet(slack.page);
  },
  async "page-phone"(slack) {
    await slack.answer("/crmuser kim", "Invitation pending");
    await quiet(slack.page);
  },
  async answers(slack) {
    for (const [typed, name] of [["kim", "Kim"], ["john", "John"], ["coql", "COQL"]]) await slack.person(typed, name, "Promote");
    await slack.job("Sync the list of people");
    return [
      [await slack.shot("/crmuser patricia boyle", "CEO"), await slack.shot("/crmusers by role", "15 people by role")],
      [await slack.shot("/crmuser patricia", "9 people match")],
      [await slack.shot("/crmadmins", "4 admins")],
    ];
  },
  async owners(slack) {
    const records = await slack.shot("/crmowner gentest", "4 records match");
    const found = await slack.answer("/crmowner gensample foods", "2 records match");
    await slack.press(found, /^Show Gensample Foods$/);
    await shows(found, "Ask a manager");
    const deleted = await shoot(found);
    return [
      [records],
      [deleted, await slack.shot("/crmuser lee", "Lee")],
      [await slack.shot("/crmowner what does patricia boyle own", "What Patricia Boyle owns"), await slack.shot("/crmowner orphans", "whose owner is not active")],
    ];
  },
  async audit(slack) {
    await slack.job("Run the audit");
    const first = slack.message("Admin audit: 1 admin");
    await slack.press(first, "Acknowledge");
    await slack.press(slack.page.getByRole("dialog"), "Acknowledge");
    await shows(first, "Acknowledged by");
    for (const [typed, name] of [["kim", "Kim"], ["lee", "Lee"]]) await slack.person(typed, name, "Promote");
    await slack.later("+ 1 day");
    const added = slack.message("2 new admins");
    await shows(added, "This is no audit");
    await slack.job("Run the audit");
    const second = slack.message("Admin audit: 3 admins");
    await shows(second, "Acknowledge");
    await slack.day("Down");
    await slack.later("+ 1 minute"); // of each scheduled time there is one audit
    await slack.job("Run the audit");
    const failed = slack.message("No admin audit was made");
    await shows(failed, "Nothing was compared");
    return [[await shoot(second)], [await shoot(added)], [await shoot(first), await shoot(failed)]];
  },
  async messages(slack) {
    await slack.press(slack.device, "Shortcuts");
    await slack.page.getByRole("menuitem", { name: "Find a person" }).click();
    await slack.modal.getByRole("combobox").pressSequentially("oliver");
    await slack.device.getByRole("option", { name: "Oliver" }).click();
    await slack.press(slack.modal, "Show");
    await shows(slack.modal.getByRole("heading"), "Oliver");
    await slack.page.setViewportSize({ width: phone.width, height: 475 }); // a modal fills the screen
    const search = await shoot(slack.modal);
    await slack.page.setViewportSize(phone);
    await slack.press(slack.modal, "Close");
    await gone(slack.modal);
    const card = await slack.answer("/crmuser kim", "Invitation pending");
    await slack.press(card, "Share here");
    await slack.press(slack.page.getByRole("dialog"), "Share");
    await shows(slack.last, "Shared by");
    const shared = await shoot(slack.last);
    const asked = slack.message("Only visible to you");
    await asked.getByRole("button", { name: "More options" }).click();
    await slack.page.getByRole("menuitem", { name: "Up the chain" }).click();
    await shows(asked, "Who Kim reports to");
    const chain = await shoot(asked);
    const status = await slack.shot("/crmstatus", "All is well");
    await slack.day("Slow");
    const looking = await slack.shot("/crmowner gentest", "Looking in Zoho CRM");
    await shows(slack.last, "match “gentest”");
    await slack.day("Down");
    const failed = await slack.shot("/crmowner gensample", "cannot be reached");
    await slack.becomes("Sample Guest");
    const refused = await slack.shot("/crmadmins", "is not open to you");
    return [[search], [shared, looking], [chain], [failed, refused, status]];
  },
  async notices(slack) {
    await slack.day("Grant is dead");
    const dead = slack.message("Zoho does not accept the grant any more");
    await shows(dead, "Generate a code");
    await slack.later("+ 1 hour");
    const status = await slack.shot("/crmstatus", "Not well");
    await slack.day("Well");
    const well = slack.message("is well again");
    await shows(well, "There is nothing to do");
    return [[await shoot(dead)], [status], [await shoot(well)]];
  },
};

/** pictures are the names of all pictures. */
export const pictures = Object.keys(sights);

const sizes = { page: { width: 1600, height: 950, scale: 1 }, "page-phone": { width: 375, height: 720, scale: 2 } };

/** tour takes all pictures into a folder. */
export async function tour(folder) {
  await mkdir(folder, { recursive: true });
  const browser = await launch();
  try {
    for (const name of pictures) await visit(browser, name, folder);
  } finally {
    await browser.close();
  }
}

async function visit(browser, name, folder) {
  const dir = await mkdtemp(join(tmpdir(), "crmwho-tour-"));
  const server = await serve(dir);
  try {
    const { scale, ...size } = sizes[name] ?? phone;
    const slack = await Window.open(browser, server, { ...size, dir, options: { deviceScaleFactor: scale } });
    slack.shot = async (text, words) => shoot(await slack.answer(text, words));
    const columns = await sights[name](slack);
    const picture = columns ? await sideBySide(browser, columns) : await slack.page.screenshot();
    slack.assertClean();
    await slack.close();
    await keep(join(folder, `${name}.png`), picture);
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

// shoot is a picture of a message or a modal.
async function shoot(what) {
  await quiet(what.page());
  return what.screenshot({ animations: "disabled" });
}

// quiet takes away what is not to be seen: the pointer, the focus, and what the
// status line says, which a phone shows over everything.
async function quiet(page) {
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    document.activeElement.blur();
    document.querySelector("[role=status]").textContent = "";
  });
}

// sideBySide puts pictures into columns, one below the other in each.
async function sideBySide(browser, columns) {
  const page = await browser.newPage({ viewport: { width: columns.length * 391 + 16, height: 400 }, deviceScaleFactor: phone.scale });
  const image = (png) => `<img src="data:image/png;base64,${png.toString("base64")}">`;
  await page.setContent(`<!doctype html><style>
    body { margin: 0; padding: 16px; display: flex; gap: 16px; align-items: flex-start; background: #e9ebef; }
    div { display: grid; gap: 16px; width: 375px; }
    img { display: block; width: 100%; border-radius: 8px; background: #fff; }
  </style>${columns.map((shots) => `<div>${shots.map(image).join("")}</div>`).join("")}`, { waitUntil: "load" });
  const picture = await page.screenshot({ fullPage: true });
  await page.close();
  return picture;
}

// keep writes a picture, with fewer colours where there is a tool for that.
async function keep(path, picture) {
  const smaller = spawnSync("pngquant", ["--strip", "--speed", "1", "32", "-"], { input: picture, maxBuffer: 1 << 26 });
  await writeFile(path, smaller.status === 0 ? smaller.stdout : picture);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await tour(process.argv[2] ?? "docs");
