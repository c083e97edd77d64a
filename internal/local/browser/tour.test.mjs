// README's pictures can be taken anew at any time.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pictures, tour } from "./tour.mjs";

test("the tour takes every picture of README", { timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "crmwho-pictures-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await tour(folder);
  for (const name of pictures) {
    const picture = await readFile(join(folder, `${name}.png`));
    assert.equal(picture.subarray(1, 4).toString(), "PNG", name);
    assert.ok(picture.length > 10_000, `${name}: ${picture.length} bytes`);
  }
  const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
  const shown = [...readme.matchAll(/\]\(docs\/([\w-]+)\.png\)/g)].map(([, name]) => name);
  assert.deepEqual(shown.filter((name) => !pictures.includes(name)), [], "pictures that nobody takes");
});
