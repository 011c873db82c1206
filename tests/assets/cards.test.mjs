// What an arm's card and the lines about the run say.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Series } = await script("series.js");
const { figures, testImages } = await script("cards.js");
const { whatDiffers } = await script("idle.js");

const started = (test_examples) => ({ kind: "started", seq: 1, steps_per_epoch: 8, test_examples, arms: [{ name: "bn", norm: "bn" }] });
const train = (seq, step, steps) => ({
  kind: "train", seq, step, steps, epoch: step / 8, loss: { bn: 0.5 }, accuracy: { bn: 0.75 }, seconds: { bn: 1 }, examples: { bn: 32 * step },
});
const test_ = (seq, step, examples) => ({
  kind: "test", seq, step, epoch: step / 8, examples, loss: { bn: 0.625 }, accuracy: { bn: 0.75 }, batch_loss: {}, batch_accuracy: {}, seconds: { bn: 1 },
});
const seriesOf = (...records) => {
  const series = new Series();
  series.add(records);
  return series;
};

const lossOf = (arm) => figures(arm).loss.replaceAll("\u00a0", " ");

test("the training loss of a card is named as what it is: that of the last mini-batch", () => {
  const { arms } = seriesOf(started(360), train(2, 8, 1), test_(3, 8, 360));
  assert.equal(lossOf(arms.get("bn")), "loss: last mini-batch 0.500 · test 0.625");
});

test("where a long run's points are means, the card says over how many mini-batches", () => {
  const { arms } = seriesOf(started(360), train(2, 8, 1), train(3, 1200, 1200));
  assert.match(lossOf(arms.get("bn")), /^loss: last 1,200 mini-batches 0\.500 · test /);
});

test("live tests on some of the images and whole ones at an epoch's end are told apart, with the run's own numbers", () => {
  const series = seriesOf(started(10_000), test_(2, 4, 1000), test_(3, 8, 10_000));
  assert.equal(testImages(series), "Test, dashed: evaluation mode, on the first 1,000 test images while an epoch runs and on all 10,000 at its end (big markers).");
});

test("where the data have fewer images than a live test takes, every test is on all of them", () => {
  assert.equal(testImages(seriesOf(started(360), test_(2, 4, 360), test_(3, 8, 360))), "Test, dashed: evaluation mode, on all 360 test images.");
});

test("before a run has begun nothing is said of how many", () => {
  assert.equal(testImages(seriesOf()), "Test, dashed: evaluation mode, on the test images.");
});

test("the heading promises that the norm alone differs only where it does", () => {
  const arms = (...names) => names.map((name) => ({ name }));
  assert.equal(whatDiffers(arms("none", "bn", "ln")), "One thing differs: the norm.");
  assert.equal(whatDiffers(arms("none", "bn:dropout=0.5")), "What differs stands on each arm.");
  assert.equal(whatDiffers(arms("bn", "bn:lr=0.02")), "What differs stands on each arm.");
  assert.equal(whatDiffers(arms("bn")), "Choose another arm beside it, and one thing differs.");
});
