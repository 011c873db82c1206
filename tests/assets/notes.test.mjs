// The fixed words of the pages: what was measured in other runs stands apart, and says where and when.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = { body: { classList: { contains: () => false } } }; // no projector
const { NOTES } = await script("notes.js");
const { body } = await script("parameters_body.js");
const { skeleton } = await script("live_body.js");

const ELSEWHERE = /<p class="ns-elsewhere">.*?<\/p>/gs;
const TEXTS = { activations: NOTES.activations(), gradients: NOTES.gradients(), parameters: body(), train: skeleton() };

for (const [page, text] of Object.entries(TEXTS)) {
  test(`beside the run's own numbers ${page} has none of other runs, and none that its data may lack`, () => {
    const words = text.replaceAll(ELSEWHERE, "").replaceAll(/<[^>]*>/g, " ");
    assert.doesNotMatch(words, /\d\.\d+ (to|and) \d\.\d|at learning rate \d|less than one point|at most \d\.\d/);
    assert.doesNotMatch(words, /first 1,000 test images|at depth \d+|\bcure/);
  });
}

test("what stands apart says when and on what it was measured, and that it is not of this run", () => {
  const apart = Object.values(TEXTS).flatMap((text) => text.match(ELSEWHERE) ?? []);
  assert.equal(apart.length, 2);
  for (const note of apart) {
    assert.match(note, /not in this run<\/b> \(\d+ \w+ 20\d\d, NormScope \d.*Fashion-MNIST.*seeds \d/);
  }
});
