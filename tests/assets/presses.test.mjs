// Which of several quick presses count.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = new EventTarget();
const { Presses } = await script("presses.js");

// Presses at given moments; `touch` is somebody who does something else.
function pressing() {
  let at = 0;
  const presses = new Presses(() => at);
  return {
    presses,
    counts: (what, run, ms, clicks = 1) => {
      at = ms;
      return !presses.isRepeated(what, run, clicks);
    },
    touch: (kind, isButton) => document.dispatchEvent(event(kind, isButton)),
  };
}

function event(kind, isButton) {
  const made = new Event(kind);
  Object.defineProperty(made, "target", { value: { closest: () => (isButton ? {} : null) } });
  return made;
}

for (const what of ["start", "restart", "renew"]) {
  test(`clicks on ${what} within a second of each other are one`, () => {
    const { presses, counts } = pressing();
    assert.ok(counts(what, "old", 0));
    presses.underWay = 1;
    assert.ok(!counts(what, "old", 150));
    presses.underWay = 0;
    assert.ok(!counts(what, "new", 900), "though the new run is in view by then");
    assert.ok(!counts(what, "new", 1800), "a series goes on");
    assert.ok(counts(what, "new", 2900));
  });
}

test("a start that was refused is tried again at once", () => {
  const { counts } = pressing();
  assert.ok(counts("start", "", 0));
  assert.ok(counts("start", "", 300));
});

test("a press counts when something else was touched meanwhile, and not for a touch of the button itself", () => {
  const { counts, touch } = pressing();
  assert.ok(counts("start", "", 0));
  touch("pointerdown", true);
  assert.ok(!counts("start", "one", 200));
  touch("input", false);
  assert.ok(counts("start", "one", 400));
});

test("a double click pauses and does not resume, and drops one run", () => {
  const { counts } = pressing();
  for (const what of ["pause", "drop"]) assert.deepEqual([1, 2, 3].map((clicks) => counts(what, "one", 100 * clicks, clicks)), [true, false, false]);
});

test("whoever presses Pause again soon after, but not as a double click, or by a key, means it", () => {
  const { counts } = pressing();
  assert.deepEqual([0, 100].map((ms) => counts("pause", "one", ms, 1)), [true, true]);
  assert.deepEqual([200, 300].map((ms) => counts("pause", "one", ms, 0)), [true, true]);
});

test("each press of Step is a step", () => {
  const { counts } = pressing();
  assert.deepEqual([0, 50, 100].map((ms) => counts("step", "one", ms)), [true, true, true]);
});
