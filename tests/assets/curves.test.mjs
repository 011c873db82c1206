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

test("while the run in view hides arms, an earlier run's that it does not have are neither drawn nor named", () => {
  const inView = (hides) => ({ ...run(["none", "none"]), hides });
  const colors = (series, hidden = []) => keyOfEarlier(EARLIER, ghosts, series, { hidden: new Set(hidden) }, look).map((line) => line.colors);
  assert.deepEqual(colors(inView(false)), [["#111111", "#222222", "#333333"], ["#222222"]]);
  assert.deepEqual(colors(inView(true)), [["#111111"]]);
  assert.deepEqual(colors(inView(true), ["none"]), []);
  assert.deepEqual(colors(new Series()), []); // of which nobody knows yet whether it hides any
});

// A page in which every letter is 7 pixels wide.
const made = () => ({
  style: {}, children: [],
  getContext: () => ({ measureText: (text) => ({ width: 7 * text.length }) }),
  append(...children) {
    this.children.push(...children);
  },
  replaceChildren(...children) {
    this.children = children;
  },
});
globalThis.document = { createElement: made };

// A chart's place on it.
const place = (width = 520, height = 360) => ({
  clientWidth: width, clientHeight: height, querySelector: () => null, style: {}, on() {}, prepend(box) {
    this.box = box;
  },
  _fullLayout: { _size: { l: 56, t: 40, w: width - 150, h: height - 100 } },
});

// What is drawn of a run whose losses are these, on linear axes: {traces, layout} of the loss.
async function drawnLoss(losses, falls = []) {
  const drawn = [];
  const curves = new Curves({ react: (_, traces, layout) => drawn.push({ traces, layout }) }, place(), place());
  curves.drawn = true; // nobody clicks here
  const series = new Series();
  series.add([{ seq: 1, kind: "started", arms: [{ name: "none", title: "none", norm: "none" }], total_steps: 10, steps_per_epoch: 10, test_examples: 360 },
    ...losses.map((loss, i) => ({ seq: 2 + i, kind: "train", step: i + 1, epoch: i / 10, loss: { none: loss }, accuracy: { none: 0.1 }, examples: { none: 8 }, seconds: { none: 1 }, steps: 1 }))]);
  series.add([], falls);
  await curves.draw(series, [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false }, { ...look, type: 14, font: "sans" });
  return drawn[0];
}

test("a loss that blew up is written in powers of ten at its axis and under the pointer", async () => {
  const { traces: [{ text, hovertemplate }], layout: { xaxis, yaxis } } = await drawnLoss([2.3, 70559600, null]);
  assert.deepEqual([text, hovertemplate], [["2.3000", "7.1·10⁷", ""], "%{text}"]);
  assert.deepEqual([yaxis.exponentformat, yaxis.tickformat], ["power", undefined]);
  assert.deepEqual([xaxis.exponentformat, xaxis.separatethousands], ["none", true]); // steps are counted: 20,000
});

test("a loss that is as it should be has four decimals under the pointer", async () => {
  const { traces: [{ text, hovertemplate }] } = await drawnLoss([2.3, 1.1]);
  assert.deepEqual([text, hovertemplate], [undefined, "%{y:.4f}"]);
});

test("under marks that take room above the plot, the labels beside it lie no nearer to each other", async () => {
  const layouts = [];
  const accuracy = place();
  const curves = new Curves({ react: (_, __, layout) => layouts.push(layout) }, place(), accuracy);
  curves.drawn = true; // nobody clicks here
  const series = new Series();
  const arms = ["none:lr=1000", "none:lr=2000", "none:lr=3000"].map((name) => ({ name, title: name, norm: "none" }));
  const all = (value) => Object.fromEntries(arms.map(({ name }) => [name, value]));
  const drawn = async () => {
    layouts.length = 0;
    const view = { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false };
    await curves.draw(series, [], view, { ...look, type: 14, font: "sans", enlarged: 1 });
    return { top: layouts[1].margin.t, ends: accuracy.besidePlot };
  };
  series.add([{ seq: 1, kind: "started", arms, total_steps: 10, steps_per_epoch: 10, test_examples: 360 },
    ...[1, 2].map((step) => ({ seq: 1 + step, kind: "train", step, epoch: step / 10, loss: all(2), accuracy: all(0.1), examples: all(8), seconds: all(1), steps: 1 }))]);
  const before = await drawn();
  series.add(arms.map(({ name: arm }, i) => ({ seq: 4 + i, kind: "diverged", arm, step: 3, what: "the output of conv1" })));
  const after = await drawn();
  const room = after.top - before.top;
  assert.ok(room > 40, "the three marks stand above each other");
  const heights = after.ends.map(({ y }) => y * (360 - 6.5 * 14 - room));
  for (const i of [1, 2]) assert.ok(heights[i] - heights[i - 1] >= 2 * 1.3 * 14, heights);
});

test("on a low stage the words of the gap stand behind the title and take the plot no row; below a higher one they have a row", async () => {
  const drawn = async (innerHeight) => {
    globalThis.window = { innerHeight };
    const layouts = [];
    const curves = new Curves({ react: (_, __, layout) => layouts.push(layout) }, place(), place());
    curves.drawn = true; // nobody clicks here
    const series = new Series();
    const tests = [[0, 0.1, 0.1], [5, 0.1, 0.9], [10, 0.5, 0.6]]; // running statistics, the batch's
    series.add([{ seq: 1, kind: "started", arms: [{ name: "bn", title: "BatchNorm", norm: "bn" }], total_steps: 10, steps_per_epoch: 10, test_examples: 360 },
      ...tests.map(([step, running, batch], i) => ({ seq: 2 + i, kind: "test", step, epoch: step / 10, examples: 360, seconds: { bn: 1 },
        loss: { bn: 1 }, accuracy: { bn: running }, batch_loss: { bn: 1 }, batch_accuracy: { bn: batch } }))]);
    const view = { kinds: new Set(["train", "test", "batch"]), hidden: new Set(), x: "step", smooth: 1, log: false };
    await curves.draw(series, [], view, { ...look, type: 20, enlarged: 10 / 7, font: "sans" });
    const words = layouts[1].annotations.find(({ text }) => text.includes("the same weights"));
    return { words, tops: layouts.map(({ margin }) => Math.round(margin.t)) };
  };
  const low = await drawn(720);
  assert.deepEqual(low.tops, [33, 33]);
  assert.deepEqual([low.words.xanchor, low.words.y, low.words.yshift > 0, low.words.yshift + 20 < 33], ["right", 1, true, true]);
  const high = await drawn(1080);
  assert.ok(high.tops.every((top) => top > 49), high.tops);
  assert.equal(high.words.xanchor, "left");
});

test("the room that words above the plot have once taken stays until the run ends or other lines are shown", async () => {
  globalThis.window = { innerHeight: 1080 };
  const all = { kinds: new Set(["train", "test", "batch"]), hidden: new Set(), x: "step", smooth: 1, log: false };
  const tests = (seq, step, running, batch) => ({ seq, kind: "test", step, epoch: step / 60, examples: 360, seconds: { bn: 1 },
    loss: { bn: 1 }, accuracy: { bn: running }, batch_loss: { bn: 1 }, batch_accuracy: { bn: batch } });
  const started = { seq: 1, kind: "started", arms: [{ name: "bn", title: "BatchNorm", norm: "bn" }], total_steps: 60, steps_per_epoch: 60, test_examples: 360 };
  for (const [records, view] of [[[{ seq: 6, kind: "status", status: "finished", message: "" }], all], [[], { ...all, kinds: new Set(["train", "test"]) }]]) {
    const tops = [];
    const curves = new Curves({ react: (_, __, { margin }) => tops.push(Math.round(margin.t)) }, place(), place());
    curves.drawn = true; // nobody clicks here
    const series = new Series();
    const topAfter = async (more, shown = all) => {
      series.add(more);
      await curves.draw(series, [], shown, { ...look, type: 14, font: "sans", enlarged: 1 });
      const [loss, accuracy] = tops.splice(0);
      assert.equal(loss, accuracy);
      return loss;
    };
    const alone = await topAfter([started]);
    const above = await topAfter([tests(2, 5, 0.1, 0.9), tests(3, 10, 0.5, 0.6)]); // beside the mark the lines leave no room
    assert.ok(above > alone, `${above} after ${alone}`);
    assert.equal(await topAfter([tests(4, 20, 0, 0.95), tests(5, 55, 0.1, 0.2)]), above); // beside this one they do
    assert.equal(await topAfter(records, view), alone);
  }
});

test("each chart is drawn in a task of its own, before and between which the page hears clicks", async () => {
  const tasks = [];
  let task = 0;
  const curves = new Curves({ react: () => tasks.push(task) }, place(), place());
  curves.drawn = true;
  const series = new Series();
  series.add([{ seq: 1, kind: "started", arms: [{ name: "none", title: "none", norm: "none" }], total_steps: 10, steps_per_epoch: 10, test_examples: 360 }]);
  const timer = setInterval(() => (task += 1)); // asked for before the charts ask
  await curves.draw(series, [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false }, { ...look, type: 14, font: "sans" });
  clearInterval(timer);
  assert.equal(tasks.length, 2);
  assert.ok(tasks[0] > 0 && tasks[1] > tasks[0], tasks);
});

test("a drag that begins before a chart is not ended by that, which is not drawn; the first time nothing breaks off", async () => {
  const drawn = [];
  const curves = new Curves({ react: (chart) => drawn.push(chart) }, place(), place());
  Object.assign(curves, { listen() {}, isHeld: () => true });
  const series = new Series();
  series.add([{ seq: 1, kind: "started", arms: [{ name: "none", title: "none", norm: "none" }], total_steps: 10, steps_per_epoch: 10, test_examples: 360 }]);
  const all = [series, [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false }, { ...look, type: 14, font: "sans" }];
  assert.deepEqual([await curves.draw(...all), drawn.length], [true, 2]);
  assert.deepEqual([await curves.draw(...all), drawn.length], [false, 2]);
  const held = [false, true];
  curves.isHeld = () => held.shift();
  assert.deepEqual([await curves.draw(...all), drawn.length], [false, 3]);
  curves.isHeld = () => false;
  assert.deepEqual([await curves.draw(...all), drawn.length], [true, 5]);
});

test("where a schedule lets the learning rate fall there is a line and a mark", async () => {
  const drawn = await drawnLoss([2.3, 1.1, 1.0, 0.9], [{ step: 3, old: 0.1, new: 0.05 }]);
  assert.deepEqual(drawn.layout.shapes.map(({ x0 }) => x0), [3]);
  assert.ok(drawn.layout.annotations.some(({ text }) => text === "lr 0.1 → 0.05"));
});

test("an arm's name is told as it is, whatever it would be as HTML", async () => {
  const accuracy = place();
  const curves = new Curves({ react() {} }, place(), accuracy);
  curves.drawn = true;
  const series = new Series();
  const name = "<img src=x onerror=alert(1)>";
  series.add([{ seq: 1, kind: "started", arms: [{ name, title: name, norm: "none" }], total_steps: 10, steps_per_epoch: 10, test_examples: 360 },
    { seq: 2, kind: "train", step: 1, epoch: 0.1, loss: { [name]: 2 }, accuracy: { [name]: 0.5 }, examples: { [name]: 8 }, seconds: { [name]: 1 }, steps: 1 }]);
  await curves.draw(series, [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false }, { ...look, type: 14, font: "sans" });
  const told = accuracy.box.children.flatMap(({ children }) => children.map((part) => part.textContent ?? part));
  assert.ok(told.some((text) => typeof text === "string" && text.includes("<img")), JSON.stringify(told));
  assert.ok(accuracy.box.children.every(({ innerHTML }) => innerHTML === undefined));
});

test("a point that changes no axis is drawn as a transition of no length; what changes more is drawn whole", async () => {
  const drawn = [];
  const [loss, accuracy] = [place(), place()];
  const curves = new Curves({ react: (_, traces, { transition }) => drawn.push(transition?.duration ?? "whole") }, loss, accuracy);
  curves.drawn = true;
  const series = new Series();
  const point = (seq, step, value, share = 0.5) => ({ seq, kind: "train", step, epoch: step / 10, loss: { none: value }, accuracy: { none: share }, examples: { none: 8 }, seconds: { none: 1 }, steps: 1 });
  series.add([{ seq: 1, kind: "started", arms: [{ name: "none", title: "none", norm: "none" }], total_steps: 100, steps_per_epoch: 10, test_examples: 360 }, point(2, 1, 2.3)]);
  const after = async (add, view = {}) => {
    drawn.length = 0;
    add();
    await curves.draw(series, [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: true, ...view }, { ...look, type: 14, font: "sans" });
    return drawn;
  };
  assert.deepEqual(await after(() => {}), ["whole", "whole"]);
  assert.deepEqual(await after(() => series.add([point(3, 2, 2.29)])), [0, 0]);
  assert.deepEqual([loss, accuracy].map(({ besidePlot: [{ text }] }) => text), ["<b>none</b> 2.29", "<b>none</b> 50.0 %"]);
  assert.deepEqual(await after(() => series.add([point(4, 3, 1.1)])), ["whole", 0], "the loss has left its range");
  assert.deepEqual(await after(() => series.add([point(5, 61, 1.1)])), ["whole", "whole"], "both are longer");
  assert.deepEqual(await after(() => {}, { smooth: 9 }), ["whole", "whole"], "there are more lines");
  assert.deepEqual(await after(() => {}, { smooth: 9 }), [0, 0]);
  loss.clientWidth = 400;
  assert.deepEqual(await after(() => {}, { smooth: 9 }), ["whole", 0], "a chart is drawn in another size");
});

test("what was chosen in a chart's bar stays while the run goes on", async () => {
  const modes = [];
  const panned = place();
  panned._fullLayout.dragmode = "pan";
  const curves = new Curves({ react: (_, __, { dragmode }) => modes.push(dragmode) }, panned, place());
  curves.drawn = true;
  await curves.draw(new Series(), [], { kinds: new Set(["train"]), hidden: new Set(), x: "step", smooth: 1, log: false }, { ...look, type: 14, font: "sans" });
  assert.deepEqual(modes, ["pan", "zoom"]);
});
