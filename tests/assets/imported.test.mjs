// A bundle on its way to the server: sent as it is, and every "no" is a sentence that names the file.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = Object.assign(new EventTarget(), { documentElement: {}, baseURI: "http://server/norm/" });
globalThis.window = new EventTarget();
const { bringIn, sent } = await script("imported.js");

const FILE = { name: "run.zip", size: 1000 };
let asked = [];
const answering = (answer) => {
  asked = [];
  globalThis.fetch = async (...question) => {
    asked.push(question);
    if (answer instanceof Error) throw answer;
    return answer.json ? answer : { status: 200, json: async () => answer };
  };
};

test("it is the body of one request, below the page’s own address, of a type that no form can send", async () => {
  answering({ id: "abc" });
  assert.deepEqual(await sent(FILE, 1000), { id: "abc" });
  assert.deepEqual(asked, [["http://server/norm/api/import", { method: "POST", headers: { "content-type": "application/zip" }, body: FILE }]]);
});

test("one that is too large is not sent, and what the server says against one is said of it", async () => {
  answering({ id: "abc" });
  assert.match((await sent({ ...FILE, size: 300e6 }, 268e6)).error, /at most 268 MB, and run\.zip has 300 MB/);
  assert.equal(asked.length, 0);
  answering({ error: "It is damaged." });
  assert.deepEqual(await sent(FILE, 1000), { error: "run.zip was not imported. It is damaged." });
});

test("a proxy that takes no such file is told of as one", async () => {
  answering({ status: 413, json: async () => JSON.parse("<html>") });
  assert.match((await sent(FILE, 1000)).error, /something between this browser and NormScope takes no file of 1 kB/);
});

test("without a connection it says so", async () => {
  answering(new TypeError("Failed to fetch"));
  assert.deepEqual(await sent(FILE, 1000), { error: "No connection" });
});

test("the same file can be chosen again, and no filter hides the new run, which is ticked", async () => {
  const said = [];
  const chosen = [];
  const panel = { answer: { most: 1000 }, parts: { search: { value: "bn" } }, say: (words) => said.push(words), choose: (change) => chosen.push(change), ask: async () => said.push("asked") };
  const field = { files: [FILE], value: "C:\\fakepath\\run.zip" };
  answering({ id: "abc" });
  await bringIn(panel, field);
  assert.equal(field.value, "");
  assert.deepEqual(said, ["Importing run.zip…", "", "asked"]);
  assert.deepEqual(chosen, [{ ticks: ["abc"], search: "", status: "", data: "", arm: "" }]);
  answering({ error: "No." });
  await bringIn(panel, field);
  assert.equal(said.at(-2), "run.zip was not imported. No.");
  assert.equal(chosen.length, 1);
});
