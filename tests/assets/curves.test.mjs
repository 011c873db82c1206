// What a picture's key says of earlier runs, and where the curves' labels are.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Curves, keyOfEarlier } = await script("curves.js");
const { Series } = await script("series.js");

const run = (...arms) => ({ started: {}, arms: new Map(arms.map(([name, norm]) => [name, { name, norm }])) });
const look = { dark: false, arms: { none: "#111111", bn: "#222222", ln: "#333333" } };
const EARLIER = [{ id: "a", label: "Run 1: none, bn, ln" }, { id: "b", label: "Run 2: bn" }];
const ghosts = new Map([["a", run(["none", "none"], ["bn", "bn"], ["ln", "ln"])], ["b", run(["bn", "bn"])]]);
const key = (hidden, known = ghosts) => keyOfEarlier(EARLIER, known, run(["none", "none"], ["bn", "bn"]), { hidden: new Set(hidden) }, look);

test("an earlier run has its arms' colours, and is faint", () => {
  assert.deepEqual(key([]), [
    { text: "Run 1: none, bn, ln", colors: ["#111111", "#222222", "#333333"], faint: true },
    { text: "Run 2: bn", colors: ["#222222"], faint: true },
  ]);
});

test("of an earlier run only what is drawn has its colour, and one of which nothing is drawn is not named", () => {
  assert.deepEqual(key(["bn", "ln"]).map(({ colors }) => colors), [["#111111", "#333333"]]);
  assert.deepEqual(key([], new Map()), []);
});

// A page in which every letter is 7 pixels wide.
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: 7 * text.length }) }) }) };

test("under marks that take room above the plot, the labels beside it lie no nearer to each other", async () => {
  const layouts = [];
  const chart = () => ({ clientWidth: 520, clientHeight: 360 });
  const curves = new Curves({ react: (_, __, layout) => layouts.push(layout) }, chart(), chart());
  curves.drawn = true; // nobody clicks here
  const series = new Series();
  const arms = ["none:lr=1000", "none:lr=2000", "none:lr=3000"].map((name) => ({ name, title: name, norm: "none" }));
  const all = (value) => Object.fromEntries(arms.map(({ name }) => [name, value]));
  const drawn = async () => {
    layouts.length = 0;
    const view = { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false };
    await curves.draw(series, [], view, { ...look, type: 14, font: "sans", enlarged: 1 });
    return layouts[1]; // accuracy
  };
  series.add([{ seq: 1, kind: "started", arms, total_steps: 10, steps_per_epoch: 10, test_examples: 360 },
    ...[1, 2].map((step) => ({ seq: 1 + step, kind: "train", step, epoch: step / 10, loss: all(2), accuracy: all(0.1), examples: all(8), seconds: all(1), steps: 1 }))]);
  const before = await drawn();
  series.add(arms.map(({ name: arm }, i) => ({ seq: 4 + i, kind: "diverged", arm, step: 3, what: "the output of conv1" })));
  const after = await drawn();
  const room = after.margin.t - before.margin.t;
  assert.ok(room > 40, "the three marks stand above each other");
  const heights = after.annotations.map(({ y }) => y * (360 - 6.5 * 14 - room));
  for (const i of [1, 2]) assert.ok(heights[i] - heights[i - 1] >= 2 * 1.3 * 14, heights);
});
