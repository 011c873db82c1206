// Where a BatchNorm network does otherwise with the batch's statistics than with the running ones, and the words there.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { gapMark, widestGap } = await script("gap.js");

const STEPS = [0, 1, 5, 20];
const arm = (name, own, batch) => ({
  name, test: { step: STEPS, epoch: STEPS.map((step) => step / 8), accuracy: own },
  batch: { step: STEPS.slice(1), epoch: STEPS.slice(1).map((step) => step / 8), accuracy: batch },
});
const bn = arm("bn", [0.1, 0.1, 0.2, 0.8], [0.3, 0.7, 0.85]);
const book = arm("bn:book", [0.1, 0.1, 0.1, 0.8], [0.3, 0.9, 0.9]);
const none = { name: "none", test: { step: STEPS, accuracy: [0.1, 0.1, 0.1, 0.1] }, batch: { step: [], accuracy: [] } };
const view = { x: "step", kinds: new Set(["train", "test", "batch"]), hidden: new Set() };
const place = (more = {}) => ({ range: [0, 20], width: 500, yRange: [0, 1], height: 200, color: ({ name }) => `color of ${name}`,
  look: { type: 14 }, widthOf: (text) => 7 * text.length, lines: [], ...more });
const short = (found) => found && [found.arm.name, STEPS[found.at], found.low, found.high];

test("the widest gap is that of one arm's two tests at one step", () => {
  assert.deepEqual(short(widestGap([none, bn], view)), ["bn", 5, 0.2, 0.7]);
  assert.deepEqual(short(widestGap([none, bn, book], view)), ["bn:book", 5, 0.1, 0.9]);
});

test("there is none where the lines stay together, and none of what is hidden", () => {
  assert.equal(widestGap([none, arm("bn", [0.1, 0.1, 0.2, 0.8], [0.19, 0.28, 0.75])], view), null);
  assert.deepEqual(short(widestGap([bn, book], { ...view, hidden: new Set(["bn:book"]) })), ["bn", 5, 0.2, 0.7]);
  for (const kind of ["test", "batch"]) assert.equal(widestGap([bn], { ...view, kinds: new Set(["train", kind]) }), null);
});

test("with batch statistics an arm may also be worse", () => {
  assert.deepEqual(short(widestGap([arm("bn", [0.1, 0.9, 0.9, 0.9], [0.4, 0.9, 0.9])], view)), ["bn", 1, 0.4, 0.9]);
});

test("the mark spans the gap, and its words say whose and what it is beside it, within it", () => {
  const { shapes: [mark], annotations: [label] } = gapMark([none, bn], view, place());
  assert.deepEqual([mark.x0, mark.x1, mark.y0, mark.y1, mark.line.color, mark.layer], [5, 5, 0.2, 0.7, "color of bn", "below"]);
  assert.match(label.text, /^bn: the same weights,<br>only the statistics differ$/);
  assert.ok(label.y > 0.2 && label.y < 0.7);
  assert.deepEqual([label.x, label.xanchor], [5, "left"]);
});

test("near the right edge the words stand at the left, in the axis's own unit", () => {
  const { annotations: [label] } = gapMark([bn], { ...view, x: "epoch" }, place({ range: [0, 5 / 8 + 0.05] }));
  assert.deepEqual([label.x, label.xanchor, label.align], [5 / 8, "right", "right"]);
});

// Whether a line between the ends of each part comes into the words of a label, in pixels: by stepping along it.
function crosses({ x, y, xshift, xanchor }, text, lines, { range, width, yRange, height, look, widthOf }) {
  const [along, up] = [(each) => ((each - range[0]) / (range[1] - range[0])) * width, (each) => ((each - yRange[0]) / (yRange[1] - yRange[0])) * height];
  const long = Math.max(...text.split("<br>").map((each) => widthOf(each)));
  const left = along(x) + xshift - (xanchor === "left" ? 0 : long);
  const half = look.type; // two lines of type
  return lines.some((line) => line.x.some((end, i) => i && Array.from({ length: 200 }, (_, k) => k / 199).some((share) => {
    const [px, py] = [along(line.x[i - 1] + share * (end - line.x[i - 1])), up(line.y[i - 1] + share * (line.y[i] - line.y[i - 1]))];
    return px >= left && px <= left + long && Math.abs(py - up(y)) <= half;
  })));
}

test("the words stand where no line goes through them: higher, lower, or on the other side of the mark", () => {
  const late = { ...bn, test: { ...bn.test, step: [0, 1, 10, 20] }, batch: { ...bn.batch, step: [1, 10, 20] } }; // its gap is in the middle
  const wide = { width: 900 };
  const through = [
    [{ x: [0, 20], y: [0.45, 0.45] }],
    [{ x: [0, 20], y: [0.45, 0.45] }, { x: [0, 10, 20], y: [0.1, 0.6, 0.65] }],
    [{ x: [10, 11, 20], y: [0.2, 0.8, 0.9] }, { x: [11, 12, 13], y: [0.1, 0.95, 0.1] }],
  ];
  for (const [i, lines] of through.entries()) {
    const where = place({ ...wide, height: 300, lines });
    const { annotations: [label], above } = gapMark([late], view, where);
    assert.ok(label && !above.length, `${i}`);
    assert.ok(!crosses(label, label.text, lines, where), `${i}: ${label.y} ${label.xanchor}`);
    assert.ok(label.y >= 0.2 && label.y <= 0.7);
  }
  assert.equal(gapMark([late], view, place({ ...wide, height: 300, lines: through[2] })).annotations[0].xanchor, "right");
});

test("where a line would go through them on either side, or they have no room, the words stand above the plot", () => {
  const lines = [{ x: [0, 3, 20], y: [0, 0.3, 1] }, { x: [0, 20], y: [1, 0] }, { x: [6, 6], y: [0, 1] }];
  for (const more of [{ lines }, { width: 150 }, { height: 20 }]) {
    const { shapes, annotations, above: [told] } = gapMark([bn], view, place(more));
    assert.deepEqual([shapes.length, annotations.length, told.x, told.color], [1, 0, 5, "color of bn"], JSON.stringify(more));
    assert.deepEqual(told.texts, ["bn: the same weights, only the statistics differ"]);
  }
});

test("a gap of a line, where it was not finite, is no line", () => {
  const lines = [{ x: [5, 10, 15], y: [0.1, null, 0.9] }];
  assert.equal(gapMark([bn], view, place({ lines })).annotations.length, 1);
});

test("nothing is drawn where a zoom has left the gap out", () => {
  const nothing = { shapes: [], annotations: [], above: [] };
  for (const more of [{ range: [6, 20] }, { yRange: [0.4, 1] }]) assert.deepEqual(gapMark([bn], view, place(more)), nothing, JSON.stringify(more));
});
