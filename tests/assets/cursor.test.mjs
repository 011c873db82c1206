// One time for all pages: what a tab keeps of it, which look it shows, where the keys lead, what is said.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { inChinese, english } from "./speech.mjs";
import { tab } from "./tab.mjs";

const { followLive, heldAt, hold, lookAt, moved, when } = await script("cursor.js");
const { keep } = await script("kept.js");

const looks = [0, 1, 5, 20, 50].map((step) => ({ step }));
const shown = (step) => looks[lookAt(looks, step)].step;

test("a run is held at a step until it is followed live again, and another run is not", () => {
  tab();
  assert.equal(heldAt("a"), null);
  hold("a", 0);
  assert.equal(heldAt("a"), 0);
  assert.equal(heldAt("b"), null);
  followLive("a");
  assert.equal(heldAt("a"), null);
});

test("what nobody can read is live", () => {
  for (const cursor of [null, 7, { run: "a" }, { run: "a", step: "12" }, { run: "a", step: null }]) {
    tab();
    keep("cursor", cursor);
    assert.equal(heldAt("a"), null);
  }
});

test("a cursor between two looks takes the one before, and before the first look the first", () => {
  assert.deepEqual([0, 1, 4, 5, 19, 20, 49, 50, 900].map(shown), [0, 1, 1, 5, 5, 20, 20, 50, 50]);
  assert.equal(lookAt([{ step: 10 }, { step: 20 }], 3), 0);
  assert.equal(shown(null), 50);
  assert.deepEqual([lookAt([], null), lookAt([], 7)], [-1, -1]);
});

test("the arrows go by one look from the one that is shown, whether the cursor is on it or behind it", () => {
  assert.deepEqual([null, 50, 20, 19, 5, 1, 0].map((step) => moved(looks, step, "ArrowLeft")), [20, 20, 5, 1, 1, 0, 0]);
  assert.deepEqual([0, 1, 4, 5].map((step) => moved(looks, step, "ArrowRight")), [1, 5, 5, 20]);
});

test("the newest look is live, so that what comes after it is followed", () => {
  assert.deepEqual([20, 49, 50, null].map((step) => moved(looks, step, "ArrowRight")), [null, null, null, null]);
  assert.equal(moved(looks, 5, "End"), null);
  assert.equal(moved(looks, null, "Home"), 0);
});

test("it is said whether a run is live, at its end, or held at a step, in both languages", async () => {
  tab();
  await english();
  assert.deepEqual([when("a", "running"), when("a", "paused"), when("a", "finished")], ["Live", "Live", "At the end"]);
  hold("a", 1200);
  assert.deepEqual([when("a", "running"), when("a", "failed"), when("b", "running")], ["Held at step 1,200", "Held at step 1,200", "Live"]);
  await inChinese();
  assert.equal(when("a", "running"), "停在第1,200步");
  await english();
});
