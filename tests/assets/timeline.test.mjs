// Steps and places on the curves' axis, in all three units.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Series } = await script("series.js");
const { lastStep, placeOf, stepAt } = await script("timeline.js");

const series = new Series();
series.add([
  { seq: 1, kind: "started", steps_per_epoch: 8, total_steps: 80, arms: [{ name: "none", norm: "none" }, { name: "bn", norm: "bn" }] },
  ...[1, 2, 3, 8, 16].map((step, i) => ({ seq: 2 + i, kind: "train", step, epoch: step / 8, loss: { none: 2, bn: 1 }, accuracy: { none: 0, bn: 0 },
    examples: { none: step, bn: step }, seconds: { none: step / 10, bn: step / 5 }, steps: 1 })),
]);

test("a place is the nearest step of those that were trained", () => {
  assert.deepEqual([-3, 0.4, 7.6, 15.9, 4000].map((x) => stepAt(x, series, "step")), [0, 0, 8, 16, 16]);
  assert.deepEqual([0, 0.5, 1.01, 9].map((x) => stepAt(x, series, "epoch")), [0, 4, 8, 16]);
});

test("on an axis of seconds it is the first arm's last step before", () => {
  assert.deepEqual([0, 0.1, 0.25, 0.9, 5].map((x) => stepAt(x, series, "seconds")), [0, 1, 2, 8, 16]);
});

test("a step's place leads back to the step, in every unit", () => {
  for (const unit of ["step", "epoch", "seconds"]) for (const step of [1, 3, 8, 16]) assert.equal(stepAt(placeOf(step, series, unit), series, unit), step, unit);
  assert.equal(placeOf(0, series, "seconds"), 0);
});

test("of a run without a point the last step is 0", () => {
  assert.equal(lastStep(series), 16);
  assert.equal(lastStep(new Series()), 0);
});
