// assets/lessons/demonstration.js: what is computed in place of a run, as tables and code.

import assert from "node:assert/strict";
import test from "node:test";

import { Demonstration, blocks } from "../../assets/lessons/demonstration.js";

const TABLE = { kind: "table", title: "X < Y", columns: ["a", "b"], rows: [{ head: "one", cells: ["1", "2"] }, { head: "two", cells: ["3", "4"] }], marked: [[1, 0]], typed: true };

test("the matrix has a field for each cell, row after row, once it may be typed over", () => {
  const fields = (canType) => [...blocks([TABLE], canType).matchAll(/data-typed="(\d)" value="(\d)"/g)].map(([, place, value]) => [place, value]);
  assert.deepEqual(fields(false), []);
  assert.deepEqual(fields(true), [["0", "1"], ["1", "2"], ["2", "3"], ["3", "4"]]);
  assert.match(blocks([TABLE], true), /aria-label="two, b"/);
});

test("what has changed is marked, and what a text says is no HTML", () => {
  const drawn = blocks([TABLE, { kind: "code", title: "code", text: "a < b" }], false);
  assert.equal(drawn.match(/class="ns-marked"/g).length, 1);
  assert.match(drawn, /ns-marked">3</);
  assert.match(drawn, /X &#60; Y/);
  assert.match(drawn, /a &#60; b/);
});

test("the newest question counts, and what cannot be read leaves what there was", async () => {
  const answers = [];
  globalThis.document = { baseURI: "http://localhost/", dispatchEvent() {}, documentElement: { lang: "en" } };
  globalThis.fetch = (url) => new Promise((resolve) => answers.push({ url: String(url), give: (answer) => resolve({ json: async () => answer }) }));
  const it = new Demonstration("api/shown", () => {});
  const [older, newer] = [it.ask({ matrix: "1" }), it.ask({ matrix: "2" })];
  answers[1].give({ blocks: [TABLE], verdict: null });
  answers[0].give({ blocks: [], verdict: null });
  await Promise.all([older, newer]);
  assert.equal(it.blocks.length, 1);
  const wrong = it.ask({ matrix: "x" });
  answers[2].give({ error: "It must be a number." });
  await wrong;
  assert.equal(it.problem, "It must be a number.");
  assert.equal(it.blocks.length, 1);
});
