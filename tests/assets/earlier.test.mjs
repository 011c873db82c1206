// The earlier runs that a tab remembers. A reload is a session of Python's that knows no earlier run: ghosts is empty.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { speak } = await script("language.js");
const { drop, earlierRuns, numberOf, takeUp } = await script("earlier.js");

const told = (run, ...earlier) => earlierRuns({ run, ghosts: earlier.map((id) => ({ id, label: { en: `of ${id}`, zh: `${id}的` } })) });
const ids = (runs) => runs.map(({ id }) => id);

test("the runs of the session are there in their order, numbered as they came into view", () => {
  tab();
  told("a");
  told("b", "a");
  assert.deepEqual(told("c", "a", "b"), [{ id: "a", label: "Run 1: of a" }, { id: "b", label: "Run 2: of b" }]);
  assert.equal(numberOf("c"), 3);
});

test("after a reload they are there still, under their numbers, and later ones count on", () => {
  tab();
  told("a");
  told("b", "a");
  assert.deepEqual(told("b"), [{ id: "a", label: "Run 1: of a" }]);
  assert.deepEqual(told("c", "b").map(({ label }) => label), ["Run 1: of a", "Run 2: of b"]);
  assert.equal(numberOf("c"), 3);
});

test("after a reload they are told in the language that is spoken then", async () => {
  tab();
  told("b", "a");
  globalThis.document = { documentElement: {} };
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  await speak("zh");
  assert.deepEqual(told("b"), [{ id: "a", label: "运行1：a的" }]);
  await speak("en");
  assert.deepEqual(told("b"), [{ id: "a", label: "Run 1: of a" }]);
});

test("another tab has none of them", () => {
  tab();
  told("b", "a");
  tab();
  assert.deepEqual(told("b"), []);
  assert.equal(numberOf("b"), 1);
});

test("the run in view is no earlier run, and becomes one again when another comes into view", () => {
  tab();
  told("b", "a");
  assert.deepEqual(ids(told("a")), []);
  assert.deepEqual(ids(told("c", "a")), ["a"]);
});

test("four stay, the newest", () => {
  tab();
  told("d", "a", "b", "c");
  told("d"); // a reload
  assert.deepEqual(ids(told("f", "d", "e")), ["b", "c", "d", "e"]);
});

test("a run that is dropped does not come back: not before Python has heard of it, not after, not with a reload", () => {
  tab();
  told("c", "a", "b");
  drop("a");
  assert.deepEqual(ids(told("c", "a", "b")), ["b"]);
  assert.deepEqual(ids(told("c", "b")), ["b"]);
  assert.deepEqual(ids(told("c")), ["b"]);
});

test("a run that was dropped and is watched again is an earlier run after it", () => {
  tab();
  told("b", "a");
  drop("a");
  told("b", "a");
  told("a");
  assert.deepEqual(ids(told("c", "a")), ["a"]);
});

test("the words for a run are Python's newest: its learning rate may have changed since", () => {
  tab();
  told("b", "a");
  earlierRuns({ run: "b", ghosts: [{ id: "a", label: { en: "lr 0.1 → 0.2" } }] });
  assert.equal(told("b")[0].label, "Run 1: lr 0.1 → 0.2");
});

test("without a run there is none in view, and none is numbered", () => {
  tab();
  assert.deepEqual(told(""), []);
  told("a");
  assert.equal(numberOf("a"), 1);
});

test("a run that was dropped and is chosen to be drawn again is", () => {
  tab();
  told("c", "a", "b");
  drop("a");
  takeUp(["a"]);
  assert.deepEqual(ids(told("c", "b", "a")), ["b", "a"]);
});

test("a run that NormScope comes with is none of the visitor’s, and has no number", () => {
  tab();
  earlierRuns({ run: "recorded", ghosts: [], recorded: true });
  told("a");
  assert.equal(numberOf("a"), 1);
});
