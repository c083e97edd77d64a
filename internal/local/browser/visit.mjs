// What the tests of the page have in common.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { launch, serve, Window } from "./window.mjs";

let browser; // one for each file of tests
after(() => browser?.close());

/**
 * visit is a test with a window on a bot. `widths` has it run at each of them;
 * `flags` are the program's, and `options` those of a Playwright context. The
 * window must have no error in its console, and call nobody but the bot.
 */
export function visit(name, { widths = [1280], flags = [], options = {}, timeout = 120_000 } = {}, body) {
  for (const width of widths) {
    test(widths.length > 1 ? `${name}, ${width} px wide` : name, { timeout }, async (t) => {
      const dir = await mkdtemp(join(tmpdir(), "crmwho-browser-"));
      let server, slack;
      try {
        browser ??= await launch();
        server = await serve(dir, ...flags);
        slack = await Window.open(browser, server, { width, dir, options });
        await body(slack, t);
        slack.assertClean();
      } finally {
        await slack?.close();
        await (slack?.server ?? server)?.stop(); // a restart has another one
        await rm(dir, { recursive: true, force: true });
      }
    });
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** accessible fails on what axe-core finds in the page as it is. */
export async function accessible(slack, when) {
  await slack.page.evaluate(axe); // the debugger may, where the page's policy keeps scripts out
  const { violations } = await slack.page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)}: ${n.failureSummary.replaceAll("\n", " ")}`));
  assert.deepEqual(found, [], `axe-core ${when}`);
}
