// Names and numbers at the right ends of lines, and the range of a log axis.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { endLabels, labelWidth, logRange, namesOf } = await script("end_labels.js");

const ends = (...values) => values.map((value, i) => ({ name: `arm${i}`, value, color: `#${i}` }));
const heights = (labels) => labels.map(({ y }) => Math.round(1e6 * y) / 1e6);

test("a label stands where its line ends on the log axis", () => {
  assert.deepEqual(heights(endLabels(ends(1, 10, 100), [-1, 3], 0.1, 14)), [0.25, 0.5, 0.75]);
});

test("a label says the name and two digits, in its line's colour and the given size", () => {
  const [label] = endLabels([{ name: "bn", value: 0.0054321, color: "#0072b2" }], [-4, 0], 0.1, 14);
  assert.equal(label.text, "<b>bn</b> 0.0054");
  assert.deepEqual(label.font, { color: "#0072b2", size: 14 });
});

test("a label begins beside the chart's right edge, at its line's height, without an arrow", () => {
  const [{ x, xref, yref, xanchor, yanchor, align, xshift, showarrow }] = endLabels(ends(1), [-1, 1], 0.1, 14);
  assert.deepEqual({ x, xref, yref, xanchor, yanchor }, { x: 1, xref: "paper", yref: "paper", xanchor: "left", yanchor: "middle" });
  assert.deepEqual({ align, xshift, showarrow }, { align: "left", xshift: 6, showarrow: false });
});

test("a name of more than nine letters stands whole above its number, broken where its parts join, and none is HTML", () => {
  const texts = (...names) => endLabels(names.map((name, i) => ({ name, value: 10 ** i })), [-1, 4], 0.05, 14).map(({ text }) => text);
  assert.deepEqual(texts("dropout=1", "bn:dropout=0.5", "bn:book:dropout=0.5"), [
    "<b>dropout=1</b> 1.0", "<b>bn:dropout=0.5</b><br>10", "<b>bn:book</b><br><b>:dropout=0.5</b><br>100"]);
  assert.ok(!texts("<i>")[0].includes("<i>"));
});

test("labels of two lines are pushed apart by their own height, and arms that differ at their names' ends differ here", () => {
  const long = ["none:lr=0.02", "none:lr=0.03"].map((name) => ({ name, value: 1 }));
  const [low, high] = endLabels(long, [-1, 1], 0.1, 14);
  assert.ok(Math.abs(high.y - low.y - 0.2) < 1e-9, `${low.y}, ${high.y}`);
  assert.notEqual(low.text, high.text);
});

test("where there is no room for so many lines, long names are cut and stand before their numbers", () => {
  const many = Array.from({ length: 6 }, (_, i) => ({ name: `bn:dropout=0.${i}`, value: 1 }));
  const labels = endLabels(many, [-1, 1], 0.1, 14);
  assert.deepEqual([...new Set(labels.map(({ text }) => text))], ["<b>bn:dropo…</b> 1.0"]);
});

test("labels of one place are pushed apart by a line of type, upwards", () => {
  assert.deepEqual(heights(endLabels(ends(1, 1, 1), [-1, 1], 0.1, 14)), [0.5, 0.6, 0.7]);
});

test("at the top edge they are pushed down instead", () => {
  assert.deepEqual(heights(endLabels(ends(10, 10, 9.99), [-1, 1], 0.1, 14)), [0.8, 0.9, 1]);
});

test("wherever the lines end, labels keep their lines' order, lie apart, and below the upper edge", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const values = Array.from({ length: 6 }, (_, i) => 10 ** ((((seed * 7919 + i * 104729) % 1000) / 1000) * 2 - 1));
    const labels = endLabels(ends(...values), [-1, 1], 0.09, 14);
    const order = values.map((value, i) => [value, `#${i}`]).toSorted(([a], [b]) => a - b).map(([, color]) => color);
    assert.deepEqual(labels.map(({ font }) => font.color), order);
    for (const [i, { y }] of labels.entries()) assert.ok(y <= 1 + 1e-9 && (i === 0 || y - labels[i - 1].y >= 0.09 - 1e-9));
  }
});

test("the ends that a zoomed chart does not show have no label, nor has what is no number or not above 0", () => {
  const labels = endLabels(ends(1, 0.001, 1000, 0, -1, NaN, null, Infinity), [-1, 1], 0.1, 14);
  assert.deepEqual(labels.map(({ font }) => font.color), ["#0"]);
});

test("without ends there are no labels, and the margin is that of none", () => {
  assert.deepEqual(endLabels([], [-1, 1], 0.1, 14), []);
  assert.equal(labelWidth([], 14), 16);
});

test("the margin grows with the longest label and with the type", () => {
  const wide = labelWidth([{ name: "bn", value: 1 }, { name: "none", value: 0.0054 }], 10);
  assert.equal(wide, 16 + 0.58 * 10 * "none 0.0054".length);
  assert.equal(labelWidth([{ name: "none", value: 0.0054 }], 20) - 16, 2 * (wide - 16));
  assert.equal(labelWidth([{ name: "a name of many letters", value: 0.0054 }], 10), 16 + 5.8 * "a name of many letters".length);
});

test("a log axis's range holds its values with a little air on both sides", () => {
  assert.deepEqual(logRange([1, 100]).map((x) => Math.round(1e9 * x) / 1e9), [-0.12, 2.12]);
  assert.deepEqual(logRange([1000]).map((x) => Math.round(1e9 * x) / 1e9), [2.95, 3.05]);
});

test("what has no place on a log axis does not stretch it", () => {
  assert.deepEqual(logRange([0, null, undefined, NaN, -5, Infinity, 1, 100]), logRange([1, 100]));
});

test("an axis without any value goes over one decade to both sides of 1", () => {
  assert.deepEqual(logRange([]), [-1, 1]);
  assert.deepEqual(logRange([0, null, NaN]), [-1, 1]);
});

test("layers are named below as many as there is room for, and both halves alike", () => {
  const layers = Array.from({ length: 11 }, (_, i) => `conv${i + 1}`);
  const named = (half) => namesOf(layers, half, 48, 14);
  assert.deepEqual([named(600).tickvals.length, named(600).tickangle], [11, 0]);
  assert.deepEqual([named(200).tickvals.length, named(200).tickangle], [11, 90]);
  for (const half of [40, 75, 120]) {
    const { tickvals, tickangle } = named(half);
    const apart = (layers.indexOf(tickvals[1]) * half) / 11;
    assert.ok(tickangle === 90 && apart >= 1.2 * 14 && apart < 2 * 1.2 * 14 + half / 11, `${apart} pixels in ${half}`);
  }
});
