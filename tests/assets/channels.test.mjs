// The ends of what a layer's channels have.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { spread } = await script("channels.js");

test("two decimals do where they tell the ends apart, with a real minus", () => {
  assert.equal(spread([1.07, null, 0.98, 1]), "0.98 to 1.07");
  assert.equal(spread([-0.1, 0.021]), "−0.10 to 0.02");
});

test("ends that differ are never written alike", () => {
  assert.equal(spread([0.9957, 1.003]), "0.996 to 1.003");
  assert.equal(spread([0.99996, 1]), "0.99996 to 1.00000");
  assert.equal(spread([-0.00013, 0.0009]), "0.000 to 0.001");
});

test("one value is written once for both ends, and nothing has no ends", () => {
  assert.equal(spread([1, 1]), "1.00 to 1.00");
  assert.equal(spread([null, null]), null);
});

test("what has blown up is written as the axes write it", () => {
  assert.equal(spread([-70559600, 3]), "−7.1·10⁷ to 3.00");
});
