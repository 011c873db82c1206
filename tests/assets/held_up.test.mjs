// A server that is asked too often is left alone for as long as it says, and the page says so meanwhile.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { setImmediate } from "node:timers";
import { fileURLToPath } from "node:url";

import { script } from "./script.mjs";

const answer = (status, body, headers = {}) => ({ status, json: async () => JSON.parse(body), headers: new Headers(headers) });
const ASSETS = fileURLToPath(new URL("../../assets/", import.meta.url));
const settled = () => new Promise((done) => setImmediate(done));

const body = [];
globalThis.document = Object.assign(new EventTarget(), {
  baseURI: "http://norm.test/", body: { append: (element) => body.push(element) }, documentElement: { lang: "en" },
  createElement: () => ({ setAttribute() {} }),
});

// A server that answers with what is in `answers`, then with {"ok": true}; what it is asked.
function server(t, answers) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  globalThis.fetch = async (address) => {
    asked.push(new URL(address).pathname);
    return answers.shift() ?? answer(200, '{"ok": true}');
  };
  t.after(() => delete globalThis.fetch);
  return asked;
}

const { get } = await script("web.js");
const { Code } = await script("code.js");
const { savedAs } = await script("saved_run.js");
const { sent } = await script("imported.js");
await script("held_up.js"); // as it is fetched when it is needed

test("who is refused waits as long as the server says, and so does all else that the page asks", async (t) => {
  const asked = server(t, [answer(429, '{"error": "Asked too often. It goes on in 3 s."}', { "Retry-After": "3" })]);
  const first = get("api/runs/a/points?since=0");
  await settled();
  const second = get("api/terms");
  await settled();
  assert.deepEqual(asked, ["/api/runs/a/points"]);
  assert.deepEqual([body.length, body[0].textContent, body[0].hidden], [1, "Asked too often. It goes on in 3 s.", false]);
  t.mock.timers.tick(2900);
  await settled();
  assert.equal(asked.length, 1);
  t.mock.timers.tick(100);
  assert.deepEqual(await Promise.all([first, second]), [{ ok: true }, { ok: true }]);
  assert.deepEqual(asked.slice(1).toSorted(), ["/api/runs/a/points", "/api/terms"]);
  assert.equal(body[0].hidden, true);
});

test("two that are refused at once wait once; a refusal without our words, or without a time, is a second", async (t) => {
  const asked = server(t, [answer(429, "<html>"), answer(429, "<html>"), answer(429, "<html>")]);
  const both = [get("api/terms"), get("api/lessons")];
  await settled();
  assert.deepEqual([body.length, body[0].textContent], [1, "The server is asked too often. This page goes on by itself."]);
  t.mock.timers.tick(1000);
  await settled();
  t.mock.timers.tick(1000); // one of them is refused once more
  assert.deepEqual(await Promise.all(both), [{ ok: true }, { ok: true }]);
  assert.equal(asked.length, 5);
});

const part = (more) => ({ addEventListener() {}, querySelectorAll: () => [], ...more });
async function shownCode() {
  const code = new Code(Object.fromEntries(["code", "codeCopy", "codeScript", "codeNotebook", "codeChapter", "codeText", "codeSays"].map((name) => [name, part({ open: true })])));
  code.show({ run: "a", form: "", chapter: "", stamp: "" });
  for (let i = 0; i < 5; i += 1) await settled();
  return code.text;
}

// What each of them asks for, and what it has of an answer.
const COSTLY = {
  code: { path: "/api/runs/a/experiment.py", ask: shownCode },
  file: { path: "/api/runs/a/export/csv", ask: () => savedAs("a", "csv") },
  bundle: { path: "/api/import", ask: () => sent({ name: "run.zip", size: 10 }, 100) },
};

for (const [what, { path, ask }] of Object.entries(COSTLY)) {
  test(`what is refused is asked for again by itself: ${what}`, async (t) => {
    const asked = server(t, [answer(429, '{"error": "It goes on in 3 s."}', { "Retry-After": "3" })]);
    const found = ask();
    await settled();
    await settled();
    assert.deepEqual(asked, [path]);
    t.mock.timers.tick(3000);
    await found;
    assert.deepEqual(asked, [path, path]);
  });
}

test("nothing asks the server but as long as it answers: each script asks in time", () => {
  const hasty = readdirSync(ASSETS, { recursive: true }).filter((path) => path.endsWith(".js"))
    .flatMap((path) => readFileSync(join(ASSETS, path), "utf8").split("\n").filter((line) => /fetch\(address\(/.test(line) && !/inTime\(\(\) => fetch\(/.test(line)).map((line) => `${path}: ${line.trim()}`));
  assert.deepEqual(hasty, []);
});
