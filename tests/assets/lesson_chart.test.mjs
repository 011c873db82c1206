// The one chart of a lesson's step: curves that grow while it is looked at.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { draw, picture } = await script("chart.js");

const LOOK = { arms: { bn: "#0072b2" }, dark: false, type: 14, text: "#000000", grid: "#eeeeee", font: "sans-serif", background: "#ffffff" };
const EXPERIMENTS = [{ arms: [{ name: "bn", title: "BatchNorm", norm: "bn" }] }];

test("points that came later are in other lists than those drawn before, since Plotly.react looks at a list once", () => {
  const train = { step: [1], loss: [2.3], accuracy: [0.1] };
  const run = { series: { arms: new Map([["bn", { train }]]) } };
  const drawn = () => picture({ shows: "loss" }, EXPERIMENTS, [run], LOOK).traces[0];
  const before = drawn();
  train.step.push(2);
  train.loss.push(2.1);
  const after = drawn();
  assert.deepEqual([before.x, before.y], [[1], [2.3]]);
  assert.deepEqual([after.x, after.y], [[1, 2], [2.3, 2.1]]);
});

// Every letter is half as wide as the type is high.
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText(text) { return { width: (text.length * Number(this.font.match(/([\d.]+)px/)[1])) / 2 }; } }) }) };

async function titleOf(shows, clientHeight, type = 14) {
  const look = { ...LOOK, type, enlarged: type / 14 };
  const drawn = {};
  const Plotly = { react: (_element, _traces, layout) => Object.assign(drawn, layout) };
  await draw(Plotly, { clientHeight, on() {}, emit() {} }, picture({ shows }, EXPERIMENTS, [{ series: { arms: new Map() }, lookAt: () => null }], look));
  return drawn.yaxis.title.text.split("<br>");
}

test("the title of the upright axis goes on in a next line where the plot ends, and loses no word", async () => {
  assert.deepEqual(await titleOf("loss", 330), ["training loss (nats)"]);
  for (const [height, type] of [[330, 14], [330, 20], [600, 20]]) {
    const lines = await titleOf("running_variance", height, type);
    assert.equal(lines.join(" "), "running variance over that of the images looked at");
    for (const line of lines) assert.ok((line.length * 1.2 * type) / 2 <= 0.6 * height, line);
  }
  assert.ok((await titleOf("running_variance", 330)).length > 1);
});

test("an arm of which the measure says nothing has no line, and the legend does not name it", () => {
  const arms = ["none", "bn"].map((name) => ({ name, title: name, norm: name }));
  const layer = (scaled) => ({ conv1: { stages: { scaled } }, fc1: { stages: { scaled } } });
  const run = { lookAt: () => ({ arms: { none: layer(undefined), bn: layer({ drift: 0.1 }) } }) };
  const { traces } = picture({ shows: "drift_after_norm" }, [{ arms }], [run], { ...LOOK, arms: { none: "#6b7280", bn: "#0072b2" } });
  assert.deepEqual(traces.map(({ name, y }) => [name, y]), [["bn", [0.1, 0.1]]]);
});

test("arms of several experiments are called by what tells these apart, and those of one by their titles", () => {
  const arms = [{ name: "none", title: "No normalization", norm: "none" }];
  const run = { lookAt: () => ({ arms: { none: { conv1: { mean_abs: 0.1 } } } }) };
  const names = (...apart) => picture({ shows: "gradient" }, apart.map((each) => ({ arms, apart: each })), apart.map(() => run), { ...LOOK, arms: { none: "#6b7280" } }).traces.map(({ name }) => name);
  assert.deepEqual(names("activation sigmoid", "activation relu"), ["No normalization (activation sigmoid)", "No normalization (activation relu)"]);
  assert.deepEqual(names(""), ["No normalization"]);
});
