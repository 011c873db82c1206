// What the records of a run become, and the moving mean.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Series, hasFailed, last, lineOf, smooth } = await script("series.js");

const STARTED = {
  kind: "started", seq: 2, steps_per_epoch: 8, total_steps: 16,
  arms: [{ name: "none", norm: "none" }, { name: "bn", norm: "bn" }],
};
const train = (seq, step, more = {}) => ({
  kind: "train", seq, step, epoch: step / 8, seconds: { none: step / 10, bn: step / 5 },
  loss: { none: 2, bn: 1 }, accuracy: { none: 0.25, bn: 0.5 }, examples: { none: 32 * step, bn: 32 * step }, ...more,
});
const tested = (seq, step) => ({
  kind: "test", seq, step, epoch: step / 8, seconds: { none: step / 10, bn: step / 5 }, examples: 360,
  loss: { none: 2.25, bn: 1.25 }, accuracy: { none: 0.125, bn: 0.375 }, batch_loss: { bn: 1.125 }, batch_accuracy: { bn: 0.5 },
});
const seriesOf = (...records) => {
  const series = new Series();
  series.add(records);
  return series;
};

test("a run of which nothing is known has no arms, and all that comes is newer", () => {
  const series = seriesOf();
  assert.equal(series.latest, 0);
  assert.equal(series.arms.size, 0);
  assert.deepEqual([series.started, series.replaced, series.arriving, series.message], [null, null, null, ""]);
});

test("what is told twice is there once", () => {
  const series = seriesOf(STARTED, train(3, 1), tested(4, 1));
  series.add([train(3, 1), tested(4, 1), train(5, 2)]);
  assert.deepEqual(series.arms.get("bn").train.step, [1, 2]);
  assert.deepEqual(series.arms.get("bn").test.step, [1]);
});

test("the arms come in the order in which the run names them, each with columns that are empty and its own", () => {
  const { arms } = seriesOf(STARTED);
  assert.deepEqual([...arms.keys()], ["none", "bn"]);
  for (const arm of arms.values()) {
    for (const column of [arm.train, arm.test, arm.batch]) {
      assert.deepEqual(column, { step: [], epoch: [], seconds: [], loss: [], accuracy: [], examples: [] });
    }
  }
  assert.notEqual(arms.get("none").train, arms.get("bn").train);
  assert.notEqual(arms.get("bn").train.loss, arms.get("bn").batch.loss);
});

test("a training point goes to every arm, with the arm's own loss, seconds and examples", () => {
  const { arms } = seriesOf(STARTED, train(3, 4), train(4, 8));
  assert.deepEqual(arms.get("none").train, {
    step: [4, 8], epoch: [0.5, 1], seconds: [0.4, 0.8], loss: [2, 2], accuracy: [0.25, 0.25], examples: [128, 256],
  });
  assert.deepEqual(arms.get("bn").train, {
    step: [4, 8], epoch: [0.5, 1], seconds: [0.8, 1.6], loss: [1, 1], accuracy: [0.5, 0.5], examples: [128, 256],
  });
});

test("an arm that failed ends as one that diverged does, under its own word", () => {
  const failed = { kind: "arm-failed", seq: 4, arm: "none", step: 4, doing: "step", what: "RuntimeError: no" };
  const { arms } = seriesOf(STARTED, train(3, 4), failed, { kind: "diverged", seq: 5, arm: "bn", step: 5 });
  assert.deepEqual([arms.get("none"), arms.get("bn")].map(hasFailed), [true, false]);
  assert.equal(arms.get("none").diverged.what, "RuntimeError: no");
});

test("an arm that has diverged gets no further point, and the others do", () => {
  const lost = { kind: "diverged", seq: 4, arm: "none", step: 4 };
  const later = train(5, 8, { loss: { bn: 0.5 }, accuracy: { bn: 0.75 }, examples: { bn: 256 } });
  const { arms } = seriesOf(STARTED, train(3, 4), lost, later);
  assert.deepEqual(arms.get("none").train.step, [4]);
  assert.deepEqual(arms.get("bn").train.step, [4, 8]);
  assert.equal(arms.get("none").diverged, lost);
  assert.equal(arms.get("bn").diverged, null);
});

test("a loss that is not finite is null on its way here, and stays a gap", () => {
  const { arms } = seriesOf(STARTED, train(3, 4, { loss: { none: null, bn: 1 } }));
  assert.deepEqual(arms.get("none").train.loss, [null]);
});

test("only the arms that were tested with batch statistics have such points", () => {
  const { arms } = seriesOf(STARTED, tested(3, 8));
  assert.deepEqual(arms.get("none").test.loss, [2.25]);
  assert.deepEqual(arms.get("none").batch.loss, []);
  assert.deepEqual(arms.get("bn").test, { step: [8], epoch: [1], seconds: [1.6], loss: [1.25], accuracy: [0.375], examples: [360] });
  assert.deepEqual(arms.get("bn").batch, { step: [8], epoch: [1], seconds: [1.6], loss: [1.125], accuracy: [0.5], examples: [360] });
});

test("falls of a schedule stand where they were passed, before the rates that were set by hand", () => {
  const change = { kind: "lr", seq: 6, step: 9, old: 0.05, new: 0.02 };
  const series = seriesOf(STARTED, train(3, 2));
  const [first, second] = [{ step: 3, old: 0.2, new: 0.1 }, { step: 8, old: 0.1, new: 0.05 }];
  series.add([train(4, 4)], [first]);
  series.add([train(5, 8), change, train(7, 12)], [first, second]);
  assert.deepEqual(series.turns.map(({ step, new: rate, epoch, seconds }) => [step, rate, epoch, seconds]),
    [[3, 0.1, 0.375, 0.4], [8, 0.05, 1, 0.8], [9, 0.02, 1.125, 0.8]]);
  assert.equal(series.rates.length, 1); // by hand
});

test("a new learning rate lies at its step, also in epochs and in the first arm's seconds", () => {
  const change = { kind: "lr", seq: 4, step: 6, old: 0.1, new: 0.01 };
  const { rates } = seriesOf(STARTED, train(3, 4), change);
  assert.deepEqual(rates, [{ ...change, epoch: 0.75, seconds: 0.4 }]);
});

test("a new learning rate before the first point lies at no seconds", () => {
  const { rates } = seriesOf(STARTED, { kind: "lr", seq: 3, step: 0, old: 0.1, new: 0.01 });
  assert.deepEqual([rates[0].epoch, rates[0].seconds], [0, 0]);
});

test("what arrives is told until the run starts", () => {
  const arriving = { kind: "data", seq: 1, file: "train", done: 5, total: 10 };
  assert.equal(seriesOf(arriving).arriving, arriving);
  assert.equal(seriesOf(arriving, STARTED).arriving, null);
});

test("what replaced the data and the last message are kept", () => {
  const replaced = { kind: "data-replaced", seq: 1, reason: "no network" };
  const series = seriesOf(replaced, { kind: "status", seq: 2, message: "one" }, { kind: "status", seq: 3, message: "two" });
  assert.equal(series.replaced, replaced);
  assert.equal(series.message, "two");
});

test("a record of a kind that nobody here knows is passed over, and counts as seen", () => {
  const series = seriesOf(STARTED, { kind: "looked", seq: 7 });
  assert.equal(series.latest, 7);
});

test("the last of nothing is undefined", () => {
  assert.equal(last([]), undefined);
  assert.equal(last([1, 2, 0]), 0);
});

test("a moving mean of three is the mean of each value and of the two before it, of those that are there", () => {
  assert.deepEqual(smooth([1, 2, 3, 10], 3), [1, 1.5, 2, 5]);
  assert.deepEqual(smooth([-4, 4], 3), [-4, 0]);
  assert.deepEqual(smooth([7], 9), [7]);
  assert.deepEqual(smooth([], 9), []);
});

test("a line begins at the value that was measured first, however wide the window", () => {
  const values = [0.1, 0.12, 0.9, 0.95, 0.97, 0.98];
  for (const width of [1, 3, 9, 31, 101]) assert.equal(smooth(values, width)[0], 0.1);
  assert.deepEqual(smooth([null, 0.1, 0.9], 9), [null, 0.1, 0.5]);
});

test("what is measured later does not change what is drawn of before", () => {
  const values = [...Array(40).fill(0.1), ...Array(40).fill(0.9)];
  for (const width of [3, 9, 31, 101]) {
    const whole = smooth(values, width);
    for (let count = 0; count <= values.length; count++) assert.deepEqual(smooth(values.slice(0, count), width), whole.slice(0, count));
    assert.equal(whole[39], smooth(Array(40).fill(0.1), width)[39]);
  }
});

test("over one point, or none, the values are left as they are", () => {
  const values = [1, NaN, 3];
  assert.equal(smooth(values, 1), values);
  assert.equal(smooth(values, 0), values);
});

test("what is not finite stays a gap and counts nowhere", () => {
  assert.deepEqual(smooth([1, 1, NaN, null, 4, 4, Infinity, 4], 3), [1, 1, null, null, 4, 4, null, 4]);
  assert.deepEqual(smooth([NaN, null], 3), [null, null]);
});

test("a moving mean knows nothing of what is outside its window, however large", () => {
  assert.deepEqual(smooth([2.3, 1e32, 1e10, ...Array(20).fill(570)], 9).slice(11), Array(12).fill(570));
});

test("a moving mean is that of a window cut out by hand, at every place and width", () => {
  const values = Array.from({ length: 60 }, (_, i) => (i % 7 === 3 ? null : ((i * 37) % 23) - 11));
  for (const width of [3, 9, 31, 101]) {
    const padded = [...Array(width - 1).fill(null), ...values];
    const expected = values.map((value, i) => {
      const window = padded.slice(i, i + width).filter((each) => each !== null);
      return value === null ? null : window.reduce((sum, each) => sum + each) / window.length;
    });
    assert.deepEqual(smooth(values, width), expected);
  }
});

const arm = seriesOf(STARTED, ...[0.1, 0.3, 0.8, 0.9].map((accuracy, i) => train(3 + i, i + 1, { accuracy: { none: 0, bn: accuracy } })), tested(8, 4)).arms.get("bn");
arm.test.accuracy = [0.1, 0.9, 0.2]; // as far from their mean as can be

test("of an arm's lines only the training one is smoothed: a test is drawn as it was measured", () => {
  const view = { x: "epoch", smooth: 9 };
  const { x, y } = lineOf(arm, "train", "accuracy", view);
  assert.deepEqual(x, [0.125, 0.25, 0.375, 0.5]);
  y.forEach((value, i) => assert.ok(Math.abs(value - [0.1, 0.2, 0.4, 0.525][i]) < 1e-12, String(y)));
  assert.deepEqual(lineOf(arm, "test", "accuracy", view).y, [0.1, 0.9, 0.2]);
  assert.deepEqual(lineOf(arm, "batch", "loss", view), { x: [0.5], y: [1.125] });
});

test("with the smoothing off a line is the very column of what was measured", () => {
  for (const kind of ["train", "test", "batch"]) assert.equal(lineOf(arm, kind, "loss", { x: "step", smooth: 1 }).y, arm[kind].loss);
});
