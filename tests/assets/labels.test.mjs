// Words in the curves' charts, measured by a ruler for which every letter is half as wide as the type is high.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { endLabels, lost, marksAbove, mostLabels, rateMark } = await script("labels.js");

const look = { type: 13, faint: "grey", background: "white" }; // labels are of 14 then, marks of 12
const widthOf = (text, size) => (text.length * size) / 2;
const label = (name, value, { diverged, finite = true } = {}) => ({ arm: { name, diverged }, color: "red", value, finite });
const drawn = (labels, more = {}) => endLabels(labels, { kind: "loss", place: (value) => value, height: 400, look, widthOf, ...more });
const texts = (labels, more) => drawn(labels, more).annotations.map(({ text }) => text);
const near = (found, expected) => found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found} is not ${expected}`));

test("a label says the name and the loss with two decimals, or the accuracy in per cent", () => {
  assert.deepEqual(texts([label("bn", 0.5)]), ["<b>bn</b> 0.50"]);
  assert.deepEqual(texts([label("bn", 0.876)], { kind: "accuracy" }), ["<b>bn</b> 87.6 %"]);
});

test("an arm that is lost has a word in place of its number", () => {
  assert.deepEqual(texts([label("bn", 0.5, { diverged: { step: 3 } })]), ["<b>bn</b> diverged"]);
  assert.deepEqual(texts([label("bn", 0.5, { diverged: { step: 3, kind: "arm-failed" } })]), ["<b>bn</b> failed"]);
  assert.deepEqual(texts([label("bn", 0.5, { finite: false })]), ["<b>bn</b> not finite"]);
});

test("a name is broken where its parts join, and the number then has a line of its own", () => {
  assert.deepEqual(texts([label("bn:book:dropout=0.5", 0.5)]), ["<b>bn:book</b><br><b>:dropout=0.5</b><br>0.50"]);
  assert.deepEqual(texts([label("none:lr=10000", 0.5)]), ["<b>none:lr=10000</b><br>0.50"]);
  assert.deepEqual(texts([label("averylongnamewithoutanyjoint", 0.5)]), ["<b>averylongnamewithoutanyjoint</b><br>0.50"]);
});

test("labels stand where their lines end, and within the chart", () => {
  const { annotations } = drawn([label("a", 0.3), label("b", 0.7), label("c", -5), label("d", 5)]);
  near(annotations.map(({ y }) => y), [0.02, 0.3, 0.7, 0.98]);
});

test("two labels of one place are a line of type apart: 1.3 times 14 and 2 pixels, of 400", () => {
  const { annotations } = drawn([label("a", 0.5), label("b", 0.5)]);
  near(annotations.map(({ y }) => y), [0.5, 0.5 + (1.3 * 14 + 2) / 400]);
});

test("at the upper edge they are pushed down instead", () => {
  const [apart, { annotations }] = [(1.3 * 14 + 2) / 400, drawn([label("a", 1), label("b", 1), label("c", 1)])];
  near(annotations.map(({ y }) => y), [0.98 - 2 * apart, 0.98 - apart, 0.98]);
});

test("labels begin right of the chart, behind what marks a line's end, without arrows", () => {
  const [{ x, xshift, xref, yref, xanchor, align, showarrow }] = drawn([label("a", 0.5)]).annotations;
  assert.deepEqual([x, xref, yref, xanchor, align, showarrow], [1, "paper", "paper", "left", "left", false]);
  const { size } = losing(fallen(points(2, null))).cross.marker;
  assert.ok(xshift > size / 2 + 2 && xshift < 18, `${xshift}`); // of the 18 pixels that the margin has more
});

test("labels of two lines need more room", () => {
  const { annotations } = drawn([label("none:lr=10000", 0.5), label("bn", 0.5)]);
  near(annotations.map(({ y }) => y), [0.5, 0.5 + ((2 * 1.3 * 14 + 2) / 2 + (1.3 * 14 + 2) / 2) / 400]);
});

test("wherever the lines end, labels keep their order and lie apart below the upper edge", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const labels = Array.from({ length: 6 }, (_, i) => label(`arm${i}`, ((seed * 7919 + i * 104729) % 1000) / 1000));
    const { annotations } = drawn(labels);
    const order = labels.toSorted((a, b) => a.value - b.value).map(({ arm }) => `<b>${arm.name}</b>`);
    assert.deepEqual(annotations.map(({ text }) => text.split(" ")[0]), order);
    for (const [i, { y }] of annotations.entries()) {
      assert.ok(y <= 0.98 + 1e-9 && (i === 0 || y - annotations[i - 1].y >= (1.3 * 14 + 2) / 400 - 1e-9));
    }
  }
});

test("the margin holds the longest line, and is never so small that the chart would jump", () => {
  assert.equal(drawn([]).margin, 70 + 18);
  assert.equal(drawn([label("a", 0.5)]).margin, 70 + 18);
  assert.equal(drawn([label("abcdefghij", 0.5)]).margin, 15 * 7 + 18); // with the space and 0.50, all of 7 pixels
});

test("a new number of as many digits moves no margin, though digits are not equally wide", () => {
  const uneven = (text) => [...text].reduce((sum, letter) => sum + (letter === "1" ? 5 : 9), 0);
  const margin = (value, kind) => drawn([label("abcdef", value)], { widthOf: uneven, kind }).margin;
  assert.equal(margin(1.11, "loss"), margin(2.05, "loss"));
  assert.ok(margin(20.5, "loss") > margin(2.05, "loss"));
  for (const accuracy of [0, 0.098, 0.111]) assert.equal(margin(accuracy, "accuracy"), margin(0.987, "accuracy"));
});

test("more labels than have room beside a low plot are smaller, down to what can be read", () => {
  const six = Array.from({ length: 6 }, (_, i) => label(`arm${i}`, i / 6));
  const sizeIn = (height) => drawn(six, { height }).annotations[0].font.size;
  assert.equal(sizeIn(400), 14);
  assert.ok(Math.abs(6 * (1.3 * sizeIn(78) + 2) - (78 + 3 * 13)) < 1e-9); // the plot and the x-axis below it
  assert.equal(sizeIn(20), 13);
});

test("six long names beside a low plot are cut to a line each, rather than pushed off the chart", () => {
  const names = ["bn:book:dropout=0.5:lr=0.4", "none:dropout=0.25:lr=0.05", "ln:dropout=0.25:lr=0.01", "gn1:dropout=0.5", "rms", "in"];
  const [plot, type] = [128, 20]; // a projector of 1280 × 720
  const { annotations } = drawn(names.map((name) => label(name, 2.3)), { height: plot, look: { ...look, type }, place: () => 0.5 });
  assert.equal(annotations.find(({ text }) => text.includes("bn")).text, "<b>bn:book:dr…</b> 2.30");
  assert.equal(annotations.find(({ text }) => text.includes("in")).text, "<b>in</b> 2.30");
  for (const { y, text, font } of annotations) {
    const below = -y * plot + 0.5 * 1.3 * font.size * text.split("<br>").length;
    assert.ok(below <= 3 * type, `${text} ends ${below} pixels below the plot`);
  }
});

test("the label of a line whose end a zoomed chart does not show is left out, and its room is kept", () => {
  const labels = [label("a", 0.3), label("long:dropout=0.5", 0.7)];
  const zoomed = drawn(labels, { isSeen: ({ value }) => value < 0.5 });
  assert.deepEqual(zoomed.annotations.map(({ text }) => text), ["<b>a</b> 0.30"]);
  assert.equal(zoomed.margin, drawn(labels).margin);
});

const rate = (step, more = {}) => ({ step, epoch: step / 10, old: 0.1, new: 0.05, ...more });
test("a rate that a schedule has computed is told to six digits at most", () => {
  const mark = rateMark({ step: 3, old: 0.07071067811865475, new: 0.05 }, { x: "step" }, look);
  assert.deepEqual(mark.texts, ["lr 0.0707107 → 0.05", "lr 0.05"]);
});

const rateMarks = (rates, { view = { x: "step" } } = {}) => rates.map((each) => rateMark(each, view, look));
const above = (marks, more = {}) => marksAbove(marks, { range: [0, 100], width: 400, height: 400, look, widthOf, ...more });
const marks = (rates, more) => above(rateMarks(rates, more), more).annotations;
const LONG = "lr 0.1 → 0.05".length * 6 + 10; // pixels

test("a changed learning rate is told at its place, to the right, in the faint colour", () => {
  const [mark] = marks([rate(10)]);
  assert.deepEqual([mark.text, mark.x, mark.xshift + 0, mark.xanchor, mark.font.color], ["lr 0.1 → 0.05", 10, 0, "left", "grey"]);
  assert.equal(marks([rate(10)], { range: [0, 10], view: { x: "epoch" } })[0].x, 1);
});

test("marks stand above the plot, where they cover no curve, and say how much room they take there", () => {
  const { annotations, room } = above(rateMarks([rate(1), rate(2), rate(60)]));
  for (const { yref, y, yanchor, yshift } of annotations) assert.ok(yref === "paper" && y === 1 && yanchor === "bottom" && yshift >= 0);
  assert.equal(room, 2 * 17);
  assert.equal(above([]).room, 0);
});

test("a mark that would reach over the right edge begins as far to the left as it must", () => {
  const [{ x, xshift }] = marks([rate(90)]);
  assert.equal(4 * x + xshift + LONG, 400);
});

test("marks that would touch stand one above the other, in rows of type", () => {
  const found = marks([rate(1), rate(2), rate(3), rate(90)]).map(({ x, yshift }) => [x, yshift + 0]);
  assert.deepEqual(found, [[1, 0], [2, 17], [3, 34], [90, 0]]);
});

test("a fourth mark beside three has no words, and one that is far enough has its row again", () => {
  const found = marks([rate(1), rate(2), rate(3), rate(4), rate(1 + Math.ceil(LONG / 4))]);
  assert.deepEqual(found.map(({ x, yshift }) => [x, yshift + 0]), [[1, 0], [2, 17], [3, 34], [1 + Math.ceil(LONG / 4), 0]]);
});

test("a low chart has fewer rows of marks, and one at least", () => {
  const rows = (height) => above(rateMarks([rate(1), rate(2), rate(3)]), { height }).annotations.length;
  assert.deepEqual([400, 240, 60].map(rows), [3, 2, 1]);
});

test("every mark is whole within the plot and none of a row lies on another, wherever and in whatever unit", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const steps = Array.from({ length: 12 }, (_, i) => (seed * 7919 + i * 104729) % 100);
    const arms = steps.slice(0, 3).map((step, i) => lost(fallenAt(`arm${i}:dropout=0.5`, step), "loss", { view: { x: "step" }, color: "red", top: 3 }).mark);
    const width = 100 + (seed % 7) * 100;
    const { annotations } = above([...rateMarks(steps.map((step) => rate(step))), ...arms], { width });
    const boxes = annotations.map(({ x, xshift, text, yshift }) => {
      const from = (x / 100) * width + xshift;
      return [yshift + 0, from, from + text.length * 6];
    });
    assert.ok(boxes.length > 0);
    for (const [i, [row, from, to]] of boxes.entries()) {
      assert.ok(from >= -1e-9 && to <= width + 1e-9, `${from} to ${to} of ${width}`);
      for (const [other, start, end] of boxes.slice(i + 1)) assert.ok(row !== other || end <= from || to <= start, `${steps}`);
    }
  }
});

test("a mark takes the longest of its texts for which the plot is wide enough, and none where there is none", () => {
  const of = (width) => above([{ x: 50, texts: ["a long text of it", "short"], color: "red" }], { width }).annotations.map(({ text }) => text);
  assert.deepEqual([of(200), of(100), of(30)], [["a long text of it"], ["short"], []]);
});

test("a change that a zoomed chart does not show is not told", () => {
  assert.deepEqual(marks([rate(5), rate(200)], { range: [10, 100] }), []);
});

test("in a zoomed chart a mark stands where its step is now", () => {
  const found = marks([rate(60), rate(90)], { range: [50, 100] }); // at 80 and 320 of 400 pixels
  assert.deepEqual(found.map(({ x, xshift, yshift }) => [x, xshift + 0, yshift + 0]), [[60, 0, 0], [90, 400 - LONG - 320, 0]]);
  assert.equal(marks([rate(50)], { range: [50, 100] }).length, 1);
});

test("the minus of a small rate is a minus, not a hyphen", () => {
  assert.equal(marks([rate(1, { old: 0.1, new: 1e-7 })])[0].text, "lr 0.1 → 1e−7");
});

const points = (...loss) => ({ step: loss.map((_, i) => 10 * i), epoch: loss.map((_, i) => i), loss });
const fallen = (train, tested = points()) => ({ name: "none", train, test: tested, diverged: { step: 40, what: "conv1 is not finite" } });
const fallenAt = (name, step) => ({ name, train: { step: [0, step], loss: [2, null] }, test: points(), diverged: { step, what: "" } });
const losing = (arm, top = 100, view = { x: "step" }) => lost(arm, "loss", { view, color: "red", top });

test("where an arm was lost there is a cross, at its last finite value, and a mark above that says so", () => {
  const { cross, mark } = losing(fallen(points(2, 3, 5, null)));
  assert.deepEqual([cross.x, cross.y, cross.marker.symbol], [[20], [5], "x"]);
  assert.deepEqual([mark.x, mark.texts[0], mark.color], [20, "none: not finite at step 40", "red"]);
  assert.match(cross.hovertext, /conv1 is not finite/);
  assert.deepEqual(losing(fallen(points(2, 3, 5, null)), 100, { x: "epoch" }).cross.x, [2]);
});

test("where it leaves the picture first, an arrow at the upper edge says so", () => {
  const { cross, mark } = losing(fallen(points(2, 30, 500, 6e9, null)));
  assert.deepEqual([cross.x, cross.y, cross.marker.symbol], [[20], [100], "triangle-up"]);
  assert.equal(mark.texts[0], "none: off the chart at step 20, not finite at 40");
  assert.equal(mark.texts[1], "none: not finite at step 40");
});

test("an arm may leave the picture at its first step", () => {
  const { cross } = losing(fallen(points(500, null)));
  assert.deepEqual([cross.x, cross.y, cross.marker.symbol], [[0], [100], "triangle-up"]);
});

test("an arm without any finite value is lost at the upper edge of its first step", () => {
  const { cross } = losing(fallen(points(null)));
  assert.deepEqual([cross.x, cross.y, cross.marker.symbol], [[0], [100], "x"]);
});

test("an arm that has no training point yet is lost on its tests' line", () => {
  assert.deepEqual(losing(fallen(points(), points(2, null))).cross.y, [2]);
});

test("six arms' labels in a low chart of large type end above the chart's own lower edge", () => {
  const names = ["bn:book", "bn:dropout=0.3", "none:lr=0.02", "gn1", "rms", "bn/none"];
  const { annotations } = drawn(names.map((name) => label(name, 0.1)), { kind: "accuracy", height: 150, look: { ...look, type: 20 } });
  const lowest = Math.min(...annotations.map(({ y, text, font }) => y * 150 - 0.65 * font.size * text.split("<br>").length));
  assert.ok(lowest > -63, `${lowest}`); // pixels below the plot: the numbers and the name of the x-axis
});

test("as many labels as have room are all within the chart and the lines of type below it", () => {
  for (const height of [195, 240, 321, 400]) {
    const many = Array.from({ length: mostLabels(height, look) }, (_none, i) => label(`a${i}`, 0.9));
    const { annotations } = drawn(many, { height });
    const lowest = Math.min(...annotations.map(({ y, font }) => y * height - (1.3 * font.size) / 2));
    assert.ok(lowest >= -3 * look.type, `${many.length} labels beside ${height} pixels end at ${lowest}`);
    const [{ font: { size } }] = annotations;
    const places = annotations.map(({ y }) => y * height).toSorted((a, b) => a - b);
    places.slice(1).forEach((place, i) => assert.ok(place - places[i] >= 1.3 * size + 2 - 1e-9));
  }
});
