// What is said of the difference between runs: only what their settings and their last tests support.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { english, inChinese } from "./speech.mjs";

const { caution, changes, lastTest, namesOf, points, signed, verdict } = await script("differences.js");
const { Series } = await script("series.js");
const { changed, differing, isUsed, told } = await script("settings.js");

const SETTINGS = { data: "digits", arms: ["none", "bn"], learning_rate: 0.5, batch_size: 64, epochs: 8, optimizer: "sgd", momentum: 0, activation: "sigmoid",
  init: "xavier", depth: 5, pool: "max", dropout: 0, examples: 640, drop_last: true, seed: 0 };
test("weight decay and the schedule are told as the page calls them", () => {
  assert.equal(changed("weight_decay", 0, 0.0005), "weight decay 0 → 0.0005");
  assert.equal(changed("schedule", "constant", "step"), "lr schedule constant → stepwise");
  assert.equal(told("schedule", "cosine"), "lr schedule cosine");
  assert.deepEqual([told("step_epochs", 2), told("step_factor", 0.1)], ["epochs a stage 2", "factor a stage 0.1"]);
});

const run = (id, settings = {}, name = "") => ({ id, name, total: 80, settings: { ...SETTINGS, ...settings } });

// A run that was tested at `step` with these accuracies; `extra` are further records.
function measured(accuracy, { step = 80, examples = 360, extra = [] } = {}) {
  const series = new Series();
  const arms = Object.keys(accuracy).map((name) => ({ name, norm: name, title: name }));
  series.add([
    { kind: "started", seq: 1, arms, test_examples: 360, steps_per_epoch: 10, total_steps: 80 },
    { kind: "test", seq: 2, step, epoch: 8, examples, loss: accuracy, accuracy, batch_loss: {}, batch_accuracy: {}, seconds: {} },
    ...extra.map((record, i) => ({ seq: 3 + i, ...record })),
  ]);
  return series;
}

function compared(one, other, [oneSeries, otherSeries]) {
  const all = new Map([[one.id, oneSeries], [other.id, otherSeries]]);
  const seriesOf = (id) => all.get(id);
  return { said: verdict(one, other, { letters: new Map([[one.id, "A"], [other.id, "B"]]), seriesOf }), seriesOf };
}

test("a difference is in points, with the settings that changed, and all of these", () => {
  const both = [measured({ none: 0.1, bn: 0.911 }), measured({ none: 0.1, bn: 0.93 })];
  assert.equal(compared(run("a"), run("b", { learning_rate: 0.05 }), both).said, "B, against A: none 0.0 points; bn +1.9 points. Changed: lr 0.5 → 0.05.");
  const two = compared(run("a"), run("b", { learning_rate: 0.05, batch_size: 16 }), both).said;
  assert.match(two, /Changed: lr 0\.5 → 0\.05; batch 64 → 16\.$/);
});

test("it is told in Chinese, too", async () => {
  await inChinese();
  const { said } = compared(run("a"), run("b", { learning_rate: 0.05 }), [measured({ bn: 0.911 }), measured({ bn: 0.93 })]);
  await english();
  assert.match(said, /学习率 0\.5 → 0\.05/);
  assert.match(said, /\+1\.9/);
  assert.doesNotMatch(said, /points|Changed|against/);
});

test("where only the seed differs, the difference is called chance; where nothing does, that is said", () => {
  const both = [measured({ bn: 0.9 }), measured({ bn: 0.91 })];
  assert.match(compared(run("a"), run("b", { seed: 1 }), both).said, /Only the seed differs: differences of this size are chance\.$/);
  assert.match(compared(run("a"), run("b"), both).said, /Their settings are the same\.$/);
});

test("a learning rate that was changed by hand is a difference that no setting shows", () => {
  const extra = [{ kind: "lr", old: 0.5, new: 0.01, step: 40 }];
  const { said, seriesOf } = compared(run("a"), run("b", { seed: 1 }), [measured({ bn: 0.9 }), measured({ bn: 0.8 }, { extra })]);
  assert.match(said, /Changed: seed 0 → 1; lr 0\.01 in B from step 40\.$/);
  assert.deepEqual(changes(run("b"), run("a"), { letters: new Map([["b", "A"]]), seriesOf }), ["lr 0.01 in A from step 40"]);
});

test("accuracies on other images are not compared", () => {
  const { said } = compared(run("a"), run("b", { data: "mnist" }), [measured({ bn: 0.9 }), measured({ bn: 0.8 })]);
  assert.equal(said, "B and A are tested on other images: their accuracies do not compare.");
});

test("an arm that was lost has no difference, and it is said in which run", () => {
  const extra = [{ kind: "diverged", arm: "bn", step: 7, what: "its loss" }];
  const [fine, lost] = [measured({ none: 0.1, bn: 0.9 }), measured({ none: 0.2, bn: 0.1 }, { extra })];
  assert.equal(points(lastTest(fine, "bn"), lastTest(lost, "bn")), null);
  assert.match(compared(run("a"), run("b", { seed: 1 }), [fine, lost]).said, /none \+10\.0 points; bn was lost in B only/);
  assert.match(compared(run("a"), run("b", { seed: 1 }), [lost, fine]).said, /none −10\.0 points; bn was lost in A only/);
  assert.match(compared(run("a"), run("b", { seed: 1 }), [lost, lost]).said, /bn was lost in both/);
});

test("arms that only one run has are left out, and runs without one in common say so", () => {
  assert.equal(compared(run("a"), run("b", { arms: ["gn"] }), [measured({ bn: 0.9 }), measured({ gn: 0.8 })]).said,
    "B and A have no arm in common that both have tested.");
});

test("nothing is said before both have come", () => {
  assert.equal(compared(run("a"), run("b"), [measured({ bn: 0.9 }), undefined]).said, "");
  assert.equal(compared(run("a"), run("b"), [new Series(), measured({ bn: 0.9 })]).said, "");
});

test("whoever reads numbers of a run that has not come to its end is told", () => {
  const all = new Map([["a", measured({ bn: 0.9 })], ["b", measured({ bn: 0.8 }, { step: 30 })]]);
  assert.match(caution([run("a"), run("b")], (id) => all.get(id))[0], /Not all have been trained to their end/);
  assert.equal(caution([run("a")], (id) => all.get(id))[0], false);
});

test("rounding leaves no −0.0, and a minus is a minus", () => {
  assert.equal(points({ accuracy: 0.9 }, { accuracy: 0.8999 }), 0);
  assert.equal(signed(points({ accuracy: 0.9 }, { accuracy: 0.8999 })), "0.0");
  assert.deepEqual([1.94, -8.86, 0].map(signed), ["+1.9", "−8.9", "0.0"]);
});

test("a run without a name is called by what sets it apart from the others", () => {
  const names = namesOf([run("a"), run("b", { learning_rate: 2 }), run("c", { seed: 1 }, "Mine")]);
  assert.deepEqual([...names.values()], ["lr 0.5, seed 0", "lr 2, seed 0", "Mine"]);
  assert.deepEqual([...namesOf([run("a"), run("b")]).values()], ["same settings", "same settings"]);
});

test("every setting has words, alone and changed, and those that differ are found", () => {
  assert.deepEqual(differing([run("a"), run("b", { seed: 1, arms: ["bn"] })]), ["arms", "seed"]);
  assert.equal(told("drop_last", false), "last short batch kept");
  assert.equal(changed("drop_last", true, false), "last short batch dropped → kept");
  assert.equal(changed("examples", 20000, 60000), "20,000 → 60,000 images");
  assert.equal(changed("data", "digits", "fashion-mnist"), "built-in digits → Fashion-MNIST");
  assert.equal(changed("init", "he", "default"), "He → PyTorch’s default weights");
  assert.equal(told("learning_rate", 1e-7), "lr 1e−7");
});

test("settings that change nothing in a run are no difference", () => {
  const stages = (step_factor, schedule, more = {}) => run("a", { step_factor, schedule, ...more });
  assert.deepEqual(differing([stages(0.3, "constant"), stages(0.5, "constant"), stages(0.7, "cosine")]), ["schedule"]);
  assert.deepEqual(differing([stages(0.3, "step"), stages(0.5, "step"), stages(0.5, "constant")]), ["schedule", "step_factor"]);
  assert.deepEqual(differing([stages(0.3, "step"), stages(0.5, "constant")]), ["schedule"]);
  assert.deepEqual(differing([run("a", { optimizer: "adam", momentum: 0.9 }), run("b", { optimizer: "adam" })]), []);
  assert.deepEqual([isUsed("momentum", { optimizer: "sgd" }), isUsed("momentum", { optimizer: "adam" })], [true, false]);
});
