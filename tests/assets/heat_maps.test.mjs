// Maps that would show nothing say so instead.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { whyFlat } = await script("heat_maps.js");

test("a map of zeros is said in words", () => {
  assert.equal(whyFlat("exact zeros", false, [0, 0, 0]), "No exact zeros in any layer at any look.");
});

test("a map without a single value says why it has no colours", () => {
  assert.match(whyFlat("mean |∂L/∂W|", true, []), /^mean \|∂L\/∂W\| has no finite value above 0 in any layer/);
  assert.doesNotMatch(whyFlat("exact zeros", false, []), /above 0/);
});

test("one value above 0 is enough for a map, and on a log scale 0 is the exponent of 1", () => {
  assert.equal(whyFlat("exact zeros", false, [0, 0.01]), "");
  assert.equal(whyFlat("mean |∂L/∂W|", true, [0, 0]), "");
});
