// Runs side by side: what is asked of each again and again, and how far a zoomed chart goes.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { Comparison } = await script("comparison.js");
const { held } = await script("compare_chart.js");
const { Series } = await script("series.js");

const RECORDS = [{ kind: "started", seq: 1, arms: [], steps_per_epoch: 10 }, { kind: "lr", seq: 2, step: 3 }];
const none = (status) => ({ records: [], state: { status } });

// The server's answers in turn, null where the connection is cut; `asked` has since when each was asked for.
function compared(t, ...answers) {
  tab();
  t.after(() => delete globalThis.document);
  globalThis.document = { baseURI: "http://server/" };
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(Number(new URL(url).searchParams.get("since")));
    const json = answers.shift();
    if (!json) throw new TypeError("cut");
    return { json: async () => json };
  };
  const comparison = new Comparison({ chart: new EventTarget() }, {});
  return { comparison, asked };
}

test("there is something to tell where a run has new points or another status, and else nothing", async (t) => {
  const { comparison } = compared(t, { ...none("running"), records: RECORDS }, none("running"), none("paused"), none("paused"));
  const told = [];
  for (let i = 0; i < 4; i++) told.push(await comparison.fetch("a"));
  assert.deepEqual(told, [true, false, true, false]);
});

test("after a cut connection a run's points are asked for from the first, and take the place of the former ones", async (t) => {
  const { comparison, asked } = compared(t, { ...none("running"), records: RECORDS }, null, { ...none("running"), records: RECORDS }, none("running"));
  for (let i = 0; i < 4; i++) await comparison.fetch("a");
  assert.deepEqual(asked, [0, 2, 0, 2]);
  assert.equal(comparison.series.get("a").rates.length, 1);
});

test("a zoomed chart is given the range it had, one that is whole or shows something else the new one", () => {
  const given = { range: [-1, 1], revision: "loss step" };
  assert.deepEqual(held([-2, 1], "loss step", given, { range: [0, 0.5] }), [-1, 1]);
  assert.deepEqual(held([-2, 1], "loss step", given, { range: [-1, 1] }), [-2, 1]);
  assert.deepEqual(held([0, 1], "accuracy step", given, { range: [0, 0.5] }), [0, 1]);
  assert.deepEqual(held([-2, 1], "loss step", undefined, undefined), [-2, 1]);
});

test("the table has a difference where the test images are the same, and none where they are not", () => {
  tab();
  const comparison = new Comparison({ chart: new EventTarget() }, {});
  const records = (accuracy) => [
    { kind: "started", seq: 1, arms: [{ name: "bn" }], test_examples: 360, steps_per_epoch: 10, total_steps: 80 },
    { kind: "test", seq: 2, step: 80, epoch: 8, examples: 360, loss: { bn: 1 }, accuracy: { bn: accuracy }, batch_loss: {}, batch_accuracy: {}, seconds: {} },
  ];
  const runs = [["a", "digits", 0.5], ["b", "digits", 0.75], ["c", "mnist", 0.875]];
  const series = new Map(runs.map(([id, , accuracy]) => {
    const its = new Series();
    its.add(records(accuracy));
    return [id, its];
  }));
  Object.assign(comparison, {
    series, base: "a", arms: { bn: { name: "bn" } }, colors: new Map([["bn", "red"]]), letters: new Map([["a", "A"], ["b", "B"], ["c", "C"]]), names: new Map(runs.map(([id]) => [id, id])),
    runs: runs.map(([id, data]) => ({ id, total: 80, settings: { data, arms: ["bn"] } })),
  });
  const cells = [...comparison.numbers().matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell.replaceAll(/<[^>]*>/g, "").replaceAll(/\s/g, " "));
  assert.deepEqual(cells, ["50.0 %", "75.0 % +25.0", "87.5 %"]);
});
