// Where log axes have their numbers, and how they are written.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { logTicks, ticksFollow, written } = await script("ticks.js");

const RAISED = Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹⁻"].map((sign, i) => [sign, "0123456789-"[i]]));
// What somebody reads in "2·10⁻³", "10²" or "0.5".
const read = (text) => {
  const [, mantissa, exponent] = /^(?:(.+)·)?10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)$/.exec(text) ?? [];
  return exponent ? Number(`${mantissa ?? 1}e${[...exponent].map((sign) => RAISED[sign]).join("")}`) : Number(text);
};
const RANGES = Array.from({ length: 500 }, (_, i) => 10 ** (i / 20 - 12)).flatMap((low) =>
  [1.001, 1.01, 1.3, 2, 7, 9.99, 10, 40, 900, 1e3, 1e5, 1e20].map((times) => [low, low * times]));

const SAID = [
  [[0.5, 2.6], ["0.5", "0.7", "1", "1.5", "2"]],
  [[2.2, 2.4], ["2.2", "2.3", "2.4"]],
  [[0.01, 3], ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]],
  [[0.9, 1100], ["1", "10", "100", "1000"]],
  [[1e-3, 1e16], ["10⁻³", "1", "10³", "10⁶", "10⁹", "10¹²", "10¹⁵"]],
  [[1.5e-3, 4e-2], ["0.002", "0.005", "0.01", "0.02"]],
  [[2e-5, 9e-4], ["2·10⁻⁵", "5·10⁻⁵", "10⁻⁴", "2·10⁻⁴", "5·10⁻⁴"]],
  [[99.9, 100.1], ["99.9", "100", "100.1"]],
  [[1, 9], ["1", "1.5", "2", "3", "5", "7"]],
  [[95, 103], ["96", "98", "100", "102"]],
  [[1.01, 1.026], ["1.01", "1.015", "1.02", "1.025"]],
  [[5, 1e4], ["10", "10²", "10³", "10⁴"]],
  [[0.001, 0.09], ["10⁻³", "2·10⁻³", "5·10⁻³", "10⁻²", "2·10⁻²", "5·10⁻²"]],
];

test("a log axis has the numbers that one would write there", () => {
  for (const [range, said] of SAID) assert.deepEqual(logTicks(range).ticktext, said);
});

test("whatever it shows, an axis has three numbers or more, and no crowd", () => {
  const counts = RANGES.map((range) => logTicks(range).tickvals.length);
  assert.equal(Math.min(...counts), 3);
  assert.ok(Math.max(...counts) <= 10);
});

test("the numbers ascend and lie within what is shown", () => {
  for (const [low, high] of RANGES) {
    const { tickvals } = logTicks([low, high]);
    for (const [i, value] of tickvals.entries()) {
      assert.ok(value >= low * (1 - 1e-8) && value <= high * (1 + 1e-8), `${value} in ${low} to ${high}`);
      assert.ok(i === 0 || value > tickvals[i - 1], `${tickvals}`);
    }
  }
});

test("what is written at a place is that place's value", () => {
  for (const range of RANGES) {
    const { tickvals, ticktext } = logTicks(range);
    assert.deepEqual(ticktext.map(read), tickvals);
  }
});

test("over three decades and more all numbers are powers of ten, equally far apart", () => {
  for (const range of RANGES.filter(([low, high]) => high / low >= 1e3)) {
    const exponents = logTicks(range).tickvals.map((value) => Number(/e([+-]\d+)$/.exec(value.toExponential())[1]));
    assert.deepEqual(logTicks(range).tickvals, exponents.map((exponent) => Number(`1e${exponent}`)));
    assert.ok(exponents.length <= 7);
    assert.ok(exponents.every((each, i) => i < 2 || each - exponents[i - 1] === exponents[1] - exponents[0]));
  }
});

test("a range that no log axis can have gets no numbers", () => {
  for (const range of [[0, 1], [-1, 1], [2, 2], [3, 2], [NaN, 1], [1, NaN], [1, Infinity], [null, 1]]) {
    assert.deepEqual(logTicks(range), {});
  }
});

test("a number beside a name has its digits where they can be read, and powers of ten beyond", () => {
  const found = [[0, 2], [0.004, 2], [0.005, 2], [1, 2], [2.345, 1], [99, 2], [100, 2], [9999, 2], [10000, 2], [123456, 3], [1e32, 2], [2.7e-7, 3]];
  assert.deepEqual(found.map(([value, digits]) => written(value, digits)), [
    "0.00", "4·10⁻³", "0.01", "1.00", "2.3", "99.00", "100", "9999", "10⁴", "1.2·10⁵", "10³²", "2.7·10⁻⁷",
  ]);
});

test("a negative number is written like a positive one, with its sign", () => {
  assert.equal(written(-0.004, 2), "-4·10⁻³");
  assert.equal(written(-2.5, 1), "-2.5");
  assert.equal(written(-20000, 1), "-2·10⁴");
});

// As much of a chart as the numbers of an axis need: what it has drawn, and who listens.
function chart(axis) {
  const heard = [];
  const changes = [];
  const element = { _fullLayout: { yaxis: axis }, on: (event, act) => heard.push([event, act]) };
  const Plotly = { relayout: (where, change) => changes.push([where, change]) };
  ticksFollow(Plotly, element, "yaxis");
  return { element, changes, drawn: () => heard.filter(([event]) => event === "plotly_afterplot").forEach(([, act]) => act()) };
}

test("an axis that has been drawn with another range is given its numbers", () => {
  const { element, changes, drawn } = chart({ type: "log", range: [0, 3], tickvals: [1, 2, 5] });
  drawn();
  assert.deepEqual(changes, [[element, { "yaxis.tickvals": [1, 10, 100, 1000], "yaxis.ticktext": ["1", "10", "100", "1000"] }]]);
});

test("an axis that runs downwards has the same numbers", () => {
  const { changes, drawn } = chart({ type: "log", range: [3, 0] });
  drawn();
  assert.deepEqual(changes[0][1]["yaxis.tickvals"], [1, 10, 100, 1000]);
});

test("an axis that has its numbers already is left alone, else it would be drawn for ever", () => {
  const { changes, drawn } = chart({ type: "log", range: [0, 3], tickvals: [1, 10, 100, 1000] });
  drawn();
  assert.deepEqual(changes, []);
});

test("an axis that is not logarithmic, or that has no range yet, is left alone", () => {
  for (const axis of [{ type: "linear", range: [0, 3] }, { type: "log", range: [1, 1] }, undefined]) {
    const { changes, drawn } = chart(axis);
    drawn();
    assert.deepEqual(changes, []);
  }
});
