// What the page says of running statistics: of each norm only what is true of it.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { averaged, withoutMemory } = await script("memory_words.js");

const norm = (title, kind, remembers = false) => ({ title, kind, remembers });
const BN = norm("BatchNorm", "BatchNorm2d", true);

test("the norms that are known to take each image by itself are said to", () => {
  const said = withoutMemory([BN, norm("LayerNorm", "LayerNorm"), norm("RMSNorm", "RMSNorm")], "fc1");
  assert.equal(said, "LayerNorm, RMSNorm: each image is normalized by its own statistics, in evaluation as in training, so there is nothing to remember.");
});

test("of a norm that was added only what the run shows is said", () => {
  const said = withoutMemory([BN, norm("LayerNorm", "LayerNorm"), norm("Mean-only", "MeanOnly")], "fc1");
  assert.match(said, /^LayerNorm: each image .* Mean-only: no running statistics\.$/);
  assert.equal(averaged([norm("Mean-only", "MeanOnly", true)]), "");
});

test("without any running statistics it says so first, and without any norm nothing more", () => {
  assert.match(withoutMemory([norm("GroupNorm", "GroupNorm")], "conv2"), /^No arm drawn here has BatchNorm behind conv2, so there are no running statistics\. GroupNorm: each image/);
  assert.equal(withoutMemory([], "conv2"), "No arm drawn here has BatchNorm behind conv2, so there are no running statistics.");
  assert.equal(withoutMemory([BN], "conv2"), "");
});

test("whose variance is averaged is told of the book's class and of PyTorch's, each once", () => {
  assert.equal(averaged([BN, BN]), "PyTorch’s class, which averages the unbiased variance");
  assert.match(averaged([norm("Book", "BatchNorm", true), BN]), /^the book’s class.*; PyTorch’s class/);
});
