// A number on a slider, by equal differences or by equal factors.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { POSITIONS, positionOf, valueAt, written } = await script("slider.js");

const SHARES = { low: 0.2, high: 0.8 };
const FACTORS = { low: 0.001, high: 10, log: true };
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) <= 1e-12 * Math.abs(wanted), `${found} is not ${wanted}`);

test("the ends of a slider are its low and its high, and its middle is their mean or, by factors, their geometric mean", () => {
  for (const [slider, middle] of [[SHARES, 0.5], [FACTORS, 0.1]]) {
    near(valueAt(slider, 0), slider.low);
    near(valueAt(slider, POSITIONS), slider.high);
    near(valueAt(slider, POSITIONS / 2), middle);
  }
});

test("by factors equal ways are equal factors, and else equal differences", () => {
  const at = (slider) => [0, 50, 100, 150].map((position) => valueAt(slider, position));
  const [a, b, c, d] = at(FACTORS);
  near(b / a, 10);
  near(d / c, 10);
  const [e, f, g, h] = at(SHARES);
  near(f - e, 0.15);
  assert.ok(Math.abs(f - e - (h - g)) < 1e-12);
});

test("each position is that of its own value, so that what was committed is drawn where it was put", () => {
  for (const slider of [SHARES, FACTORS]) {
    for (let position = 0; position <= POSITIONS; position += 1) assert.equal(positionOf(slider, valueAt(slider, position)), position);
  }
});

test("a share is written in percent, all else in few digits, with its unit if it has one", () => {
  assert.equal(written({ percent: true, unit: "" }, 0.4567), "46 %");
  assert.equal(written({ percent: false, unit: "" }, 0.25), "0.25");
  assert.equal(written({ percent: false, unit: "MB" }, 12.34), "12 MB");
});
