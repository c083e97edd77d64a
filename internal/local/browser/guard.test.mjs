// Who may call the page's server: the page alone.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serve, within } from "./window.mjs";

let dir, server;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "crmwho-browser-"));
  server = await serve(dir);
});
after(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

// call makes a request as no browser would, and gives the reply. Of what goes on
// it reads no more than the headers.
function call(method, path, headers = {}, body = "") {
  const { hostname, port, host } = new URL(server.url);
  const reply = new Promise((resolve, reject) => {
    const r = request({ hostname, port, method, path, headers: { Host: host, ...headers } }, (response) => {
      resolve({ status: response.statusCode, headers: response.headers });
      response.destroy();
    });
    r.once("error", reject);
    r.end(body);
  });
  return within(reply, `${method} ${path}`);
}

const json = { "Content-Type": "application/json" };
const said = JSON.stringify({ where: "channel", text: "good morning" });

test("the page itself is served", async () => {
  for (const path of ["/", "/page/page.css", "/page/main.js"]) {
    assert.equal((await call("GET", path)).status, 200, path);
  }
  const own = { ...json, Origin: server.url, "Sec-Fetch-Site": "same-origin" };
  assert.equal((await call("POST", "/api/type", own, said)).status, 200);
});

const strangers = {
  "a page of another site": { Origin: "https://crmwho.example" },
  "a page on another port": { Origin: "http://127.0.0.1:1" },
  "a page without an origin": { Origin: "null" },
  "no page at all": {},
  "a name that was made to lead here": { Host: "crmwho.example", Origin: "http://crmwho.example" },
  "a browser that tells of another site": { "Sec-Fetch-Site": "cross-site", Origin: "own" },
  "a browser that tells of another port": { "Sec-Fetch-Site": "same-site", Origin: "own" },
};
for (const [who, headers] of Object.entries(strangers)) {
  test(`${who} is refused`, async () => {
    const own = headers.Origin === "own" ? { Origin: server.url } : {};
    assert.equal((await call("POST", "/api/type", { ...json, ...headers, ...own }, said)).status, 403);
  });
}

test("what was said is read by nobody else", async () => {
  for (const headers of [{ Host: "crmwho.example" }, { Origin: "https://crmwho.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
    assert.equal((await call("GET", "/api/events", headers)).status, 403, JSON.stringify(headers));
  }
});

test("a form cannot call", async () => {
  for (const kind of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const { status } = await call("POST", "/api/type", { "Content-Type": kind, Origin: server.url }, said);
    assert.ok(status >= 400, `${kind}: ${status}`);
  }
});

test("the policy lets the page load and call itself alone", async () => {
  for (const path of ["/", "/page/page.css", "/api/events"]) {
    const { headers } = await call("GET", path);
    assert.equal(headers["content-security-policy"], "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'", path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["access-control-allow-origin"], undefined, path);
  }
});
