// Gradients that are exactly 0.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { ratio, withoutPlace } = await script("zeros.js");

const ARMS = [{ name: "none", title: "No normalization" }, { name: "bn:book", title: "BatchNorm, the book's own code" }];
const LAYERS = ["conv1", "fc1", "fc2"];
const look = (none, book) => Object.fromEntries([["none", none], ["bn:book", book]].map(([name, values]) =>
  [name, Object.fromEntries(LAYERS.map((layer, i) => [layer, { rms: values[i] }]))]));

test("a ratio of gradients is written as the axes write it", () => {
  assert.equal(ratio(0.012, 0.024), "0.50");
  assert.equal(ratio(2.7e-9, 0.01), "2.7·10⁻⁷");
});

test("a first layer without any gradient has a ratio of 0, and two layers without one have none", () => {
  assert.equal(ratio(0, 0.5), "0");
  assert.equal(ratio(0, 0), "0 / 0");
});

test("what is not known, or not finite, has no ratio", () => {
  assert.deepEqual([ratio(undefined, 1), ratio(null, 1), ratio(1, null)], ["–", "–", "–"]);
});

test("an arm that a log axis leaves out is named, with all layers where it is 0", () => {
  assert.equal(withoutPlace(ARMS, LAYERS, look([0, 0, 0], [0, 0.1, 0.2]), "rms"),
    "Exactly 0, which has no place on a log axis: No normalization: every layer; BatchNorm, the book's own code: conv1.");
});

test("layers that follow one another are named by the first and the last, two of them by both", () => {
  const layers = ["conv1", "conv2", "fc1", "fc2", "fc3"];
  const named = (...zeros) => withoutPlace(ARMS.slice(0, 1), layers, { none: Object.fromEntries(layers.map((layer, i) => [layer, { rms: zeros.includes(i) ? 0 : 1 }])) }, "rms");
  assert.match(named(1, 2, 3), /: conv2 to fc2\.$/);
  assert.match(named(0, 1), /: conv1, conv2\.$/);
  assert.match(named(0, 2, 3, 4), /: conv1, fc1, fc2, fc3\.$/);
});

test("where an axis shows everything, nothing is said; so where a number is lost, which is not 0", () => {
  assert.equal(withoutPlace(ARMS, LAYERS, look([0.1, 1e-40, 2], [1, null, 3]), "rms"), "");
  assert.equal(withoutPlace(ARMS, ["conv1", "unseen"], look([0.1, 1, 2], [1, 2, 3]), "rms"), "");
});
