// A running bot, a browser, and a window with the page in it. Every wait is
// bounded and says what was seen instead.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const program = fileURLToPath(new URL("../../../build/crmwho", import.meta.url));
const patience = 20_000; // milliseconds; for a busy machine, not for a slow page

/** within fails where a promise takes longer than everything here may. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} took longer than ${patience} ms`)), patience); });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** serve starts the program over a folder. What it gives has its `url` and `stop`. */
export async function serve(dir, ...flags) {
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--dir", dir, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  const url = new Promise((resolve, reject) => {
    const hear = (data) => {
      said += data;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (address) resolve(address[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    ended.then((status) => reject(new Error(`crmwho serve ended with ${status}: ${said}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await within(ended, "the end of crmwho serve").catch(() => child.kill("SIGKILL"));
  };
  try {
    return { url: await within(url, "the start of crmwho serve"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// Debian's Chromium has what calls home switched off, and what is left cannot
// find anybody: no name resolves and no proxy is asked. Playwright's own flags
// switch off the rest, such as updates of components and background networking.
const flags = ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--no-proxy-server", "--disable-domain-reliability", "--no-pings"];

/**
 * launch starts a browser that finds nobody but this computer. It has no sandbox:
 * containers often cannot give it one, and the page is our own.
 */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    chromiumSandbox: false,
    args: flags,
    timeout: 3 * patience,
  });
}

/** Window is a window of the browser with the page in it. */
export class Window {
  /** open opens the page of a server. */
  static async open(browser, server, { width, height = 900, dir, options }) {
    const w = new Window();
    Object.assign(w, { server, width, dir, own: [server.url], faults: [], forgiven: [], urls: [], responses: [] });
    w.context = await browser.newContext({ viewport: { width, height }, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
    w.context.setDefaultTimeout(patience);
    w.page = await w.context.newPage();
    w.#watch();
    await w.page.goto(server.url);
    await w.ready();
    return w;
  }

  #watch() {
    this.context.on("request", (r) => this.urls.push(r.url()));
    this.context.on("response", (r) => this.responses.push(r));
    this.page.on("pageerror", (error) => this.faults.push(`page error: ${error.message}`));
    this.page.on("console", (m) => {
      if (m.type() === "error" || m.type() === "warning") this.faults.push(`console: ${m.text()} ${m.location().url}`);
    });
  }

  /** forgive lets the console have what fits a pattern: what a test itself brings about. */
  forgive(pattern) {
    this.forgiven.push(pattern);
  }

  /** assertClean fails on what the console had, and on calls to others. */
  assertClean() {
    const faults = this.faults.filter((fault) => !this.forgiven.some((pattern) => pattern.test(fault)));
    assert.deepEqual(faults, [], "errors of the page");
    const others = this.urls.filter((url) => !this.own.some((own) => url.startsWith(`${own}/`)) && !url.startsWith("data:"));
    assert.deepEqual(others, [], "requests to others");
  }

  close() {
    return this.context.close();
  }

  /** ready waits until the page knows the world. */
  async ready() {
    await this.field.waitFor({ state: "attached" });
    await this.page.getByLabel("Who asks").locator("option").first().waitFor({ state: "attached" });
  }

  /** restart ends the program and starts it over the same folder; the page is opened anew. */
  async restart(...flags) {
    this.forgive(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
    await this.server.stop();
    this.server = await serve(this.dir, ...flags);
    this.own.push(this.server.url);
    await this.page.goto(this.server.url);
    await this.ready();
  }

  get narrow() { return this.width < 900; }
  get phone() { return this.page.getByRole("region", { name: "Phone", exact: true }); }
  get desktop() { return this.page.getByRole("region", { name: "Desktop", exact: true }); }
  get world() { return this.page.getByRole("region", { name: "World", exact: true }); }
  get exchanges() { return this.page.getByRole("region", { name: "Exchanges", exact: true }); }

  /** device is the one that a test uses: the only one, or the desktop. */
  get device() { return this.narrow ? this.phone : this.desktop; }
  get field() { return this.device.getByRole("textbox", { name: /^Message / }); }
  get messages() { return this.device.locator('ol[aria-label="Messages"] > li > article'); }
  get last() { return this.messages.last(); }
  /** message is the last one with the words. */
  message(words) { return this.messages.filter({ hasText: words }).last(); }
  get modal() { return this.device.getByRole("dialog"); }

  /** part shows "Slack", "World" or "Log" where there is room for one alone. */
  async part(name) {
    if (this.narrow) await this.page.getByRole("group", { name: "What is shown" }).getByRole("button", { name, exact: true }).click();
  }

  /** ask sends what somebody types, and does not wait for what comes of it. */
  async ask(text) {
    await this.field.fill(text);
    await this.field.press("Escape"); // the completion
    await this.device.getByRole("button", { name: "Send" }).click();
  }

  /** answer asks, and gives the message that came once it shows the words. */
  async answer(text, words) {
    const wanted = await this.messages.count() + (text.startsWith("/") ? 2 : 1);
    await this.ask(text);
    await eventually(() => this.messages.count(), (n) => n >= wanted, `messages after ${text}, of ${wanted}`);
    await shows(this.last, words);
    return this.last;
  }

  /** direct turns to the conversation with the app. */
  direct() {
    return this.device.getByRole("navigation").getByRole("button", { name: "crmwho", exact: true }).click();
  }

  /** press presses a button of a message, or a modal. */
  async press(where, name) {
    await where.getByRole("button", { name, exact: typeof name === "string" }).click();
  }

  /** more chooses from a message's menu. */
  async more(message, name) {
    await message.getByRole("button", { name: "More actions" }).click();
    await this.page.getByRole("menuitem", { name }).click();
  }

  /** control works one of the world's controls, waits until that is done, and comes back to Slack. */
  async control(work) {
    await this.part("World");
    const done = this.page.waitForResponse(/\/api\/(world|job|person)$/);
    await work(this.world);
    await done;
    await this.part("Slack");
  }

  /** day changes how Zoho is. */
  day(name) {
    return this.control(async (world) => {
      await world.getByRole("radiogroup", { name: "Zoho CRM today" }).getByRole("radio", { name: new RegExp(`^${name}`) }).check();
    });
  }

  /** later moves the clock. */
  later(button) {
    return this.control((world) => world.getByRole("button", { name: button, exact: true }).click());
  }

  /** job does a job. */
  job(button) {
    return this.control((world) => world.getByRole("button", { name: button, exact: true }).click());
  }

  /** person does something to somebody in the CRM, who is found by what is typed. */
  person(typed, name, button) {
    return this.control(async (world) => {
      const field = world.getByRole("combobox", { name: "Person" });
      await field.clear();
      await field.pressSequentially(typed);
      await world.getByRole("listbox", { name: "People of the CRM" }).getByRole("option", { name }).first().click();
      await world.getByRole("button", { name: button, exact: true }).click();
    });
  }

  /** becomes makes somebody else the one who asks. */
  becomes(name) {
    return this.control((world) => choose(world.getByLabel("Who asks"), name));
  }
}

/** choose chooses the option of a select whose words begin so. */
export async function choose(select, beginning) {
  const option = select.locator("option").filter({ hasText: beginning }).first();
  await select.selectOption({ value: await option.getAttribute("value") });
}

/** shows waits until words stand where they should, and says what stands there instead. */
export async function shows(where, words) {
  try {
    await where.filter({ hasText: words }).first().waitFor();
  } catch {
    assert.fail(`saw ${await seen(where)}, want ${words}`);
  }
}

/** gone waits until something is no longer to be seen. */
export async function gone(where) {
  try {
    await where.first().waitFor({ state: "hidden" });
  } catch {
    assert.fail(`still saw ${await seen(where)}`);
  }
}

async function seen(where) {
  const texts = await where.allInnerTexts();
  return texts.length ? JSON.stringify(texts) : "nothing";
}

/** tabTo presses Tab until something has the focus. */
export async function tabTo(page, wanted, key = "Tab") {
  const passed = [];
  for (let i = 0; i < 200; i++) {
    if (await wanted.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press(key);
    passed.push(await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.slice(0, 20)));
  }
  assert.fail(`${key} never came to it, but to ${passed.slice(0, 40).join(", ")}`);
}

/** eventually waits until what a function gives is so, and says what it was instead. */
export async function eventually(get, wanted, what) {
  const end = Date.now() + patience;
  let got = await get();
  while (!wanted(got) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    got = await get();
  }
  assert.ok(wanted(got), `${what}: saw ${JSON.stringify(got)}`);
  return got;
}
