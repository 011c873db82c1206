// What the strip below the curves draws of a look.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.window = new EventTarget();
globalThis.IntersectionObserver = class {};
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: 7 * text.length }) }) }) };
const { frame, lines, rangeOf } = await script("strip_charts.js");

const arms = [{ name: "none", norm: "none" }, { name: "bn", norm: "bn" }];
const colors = new Map([["none", "#111111"], ["bn", "#222222"]]);
const both = (gradient, spread) => ({ gradient, spread });
const look = { step: 1200, arms: { none: { conv1: both(0, 0.5), fc1: both(1e-3, null) }, bn: { conv1: both(0.02, 0.25), fc1: both(0.01, null) } } };
const of = (kind, hidden = [], some = look) => lines(kind, some, arms, colors, new Set(hidden));

test("each arm is one line over the layers, in its colour and with its marker", () => {
  assert.deepEqual(of("gradient").map(({ name, x, y, line, marker }) => [name, x, y, line.color, marker.symbol]), [
    ["none", ["conv1", "fc1"], [null, 1e-3], "#111111", "circle"],
    ["bn", ["conv1", "fc1"], [0.02, 0.01], "#222222", "square"],
  ]);
});

test("a gradient of 0 has no place on the log axis, and what a layer does not have is no layer of the chart", () => {
  assert.equal(of("gradient")[0].customdata[0], "0");
  assert.deepEqual(of("spread").map(({ x }) => x), [["conv1"], ["conv1"]]);
});

test("a hidden arm, and one that is not in the look, is not drawn, and the others keep their markers", () => {
  assert.deepEqual(of("gradient", ["none"]).map(({ name, marker }) => [name, marker.symbol]), [["bn", "square"]]);
  assert.deepEqual(of("gradient", [], { step: 1, arms: { bn: look.arms.bn } }).map(({ name, marker }) => [name, marker.symbol]), [["bn", "square"]]);
});

test("the axis holds the shown arms of all looks, so that it stands while the cursor moves", () => {
  const later = { step: 1300, arms: { none: { conv1: both(100, 1), fc1: both(1e-6, null) } } };
  const [low, high] = rangeOf("gradient", [look, later], arms, new Set());
  assert.ok(low < -6 && low > -7 && high > 2 && high < 3, `${low} ${high}`);
  const [, without] = rangeOf("gradient", [look, later], arms, new Set(["none"]));
  assert.ok(without < -1);
});

test("a chart names the step of its look, and has few numbers", () => {
  const colours = { type: 14, font: "sans", grid: "#000", text: "#000", faint: "#000", background: "#fff" };
  const { title, yaxis } = frame("gradient", look, of("gradient"), [-13, 2], colours);
  assert.equal(title.text, "Gradient by layer at step 1,200: mean |∂L/∂W|");
  assert.ok(yaxis.tickvals.length > 1 && yaxis.tickvals.length <= 4, yaxis.tickvals);
});
