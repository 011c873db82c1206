// How far the axes of the curves go.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { xEnd, yRange } = await script("ranges.js");

const column = (...steps) => ({ step: steps, epoch: steps.map((step) => step / 100), seconds: steps.map((step) => step / 50), loss: steps.map(() => 1), accuracy: steps.map(() => 0.5) });
const run = (steps, { status = "running", total = 300, ...more } = {}) => ({
  started: { total_steps: total, steps_per_epoch: 100 }, status, arms: new Map([["none", { name: "none", train: column(...steps), test: column(0), batch: column(), ...more }]]),
});
const end = (series, x) => Math.round(1e6 * xEnd(series, { x }) / 1.005) / 1e6;

test("a run that has ended is drawn to its end, in every unit, whatever ended it", () => {
  for (const status of ["finished", "stopped", "failed", "interrupted"]) {
    const over = run([1, 90], { status }); // of which 1.8 s were its training
    assert.deepEqual(["step", "epoch", "seconds"].map((x) => end(over, x)), [90, 0.9, 1.8]);
  }
});

test("the last test may come after the last training point", () => {
  assert.equal(end(run([1, 90], { status: "finished", test: column(0, 100) }), "step"), 100);
});

test("a run that goes on has at most twice the room that it needs, and a second at least", () => {
  assert.equal(end(run([1]), "seconds"), 1);
  for (let step = 1; step < 20_000; step = Math.ceil(1.3 * step)) {
    const [now, found] = [step / 50, end(run([1, step], { total: 20_000 }), "seconds")];
    assert.ok(found >= now && found <= Math.max(1, 2 * now), `${found} at ${now}`);
  }
});

test("the range of a run that goes on grows by doubling, up to the run's last step", () => {
  assert.deepEqual([1, 60, 61, 130, 290].map((step) => end(run([1, step]), "step")), [60, 60, 120, 240, 300]);
  assert.equal(end(run([1, 130]), "epoch"), 2.4);
  assert.equal(end(run([1], { total: 20 }), "step"), 20);
});

test("a run that failed before its first point, and one that has not begun, have some room", () => {
  assert.ok(xEnd(run([], { status: "failed", test: column() }), { x: "seconds" }) > 0);
  assert.equal(xEnd({ started: null, arms: new Map() }, { x: "step" }), 1);
});

test("accuracy goes from none to all, and the loss's range holds what is drawn", () => {
  const view = { x: "step", kinds: new Set(["train"]), hidden: new Set() };
  assert.deepEqual(yRange("accuracy", false, run([1]), view), [0, 1]);
  const [low, high] = yRange("loss", true, run([1, 2]), view);
  assert.ok(low < 0 && high > 0);
});

test("the loss's range holds an earlier run's lines as far as they are drawn, but none on its way to infinity", () => {
  const view = { x: "step", kinds: new Set(["train"]), hidden: new Set() };
  const live = run([1, 90], { status: "finished" }); // its loss is 1 throughout
  const ghost = (x, y, diverged = false) => ({ x, y, meta: { diverged } });
  const reach = (...earlier) => yRange("loss", true, live, view, earlier).map((exponent) => 10 ** exponent);
  const alone = reach();
  const [low, high] = reach(ghost([1, 90], [20, 0.01]));
  assert.ok(low < 0.01 && high > 20);
  assert.deepEqual(reach(ghost([1, 90], [1e9, null], true)), alone);
  assert.deepEqual(reach(ghost([1, 200], [1, 0.001])), alone); // right of the picture
});
