// What is in no bin, in words or as a table.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { breakable, outside, share } = await script("counts.js");

const summary = (more = {}) => ({ values: 1000, nan: 0, positive_inf: 0, negative_inf: 0, ...more, fixed: { low: -5, high: 5, underflow: 0, overflow: 0, ...more.fixed } });
const arms = (...summaries) => summaries.map((each, i) => [{ name: `arm${i}` }, each]);
const told = (all, isWhole = false) => outside(all, isWhole, new Map()).replace(/<[^>]*>/g, " ").replace(/ +/g, " ").trim();

test("where nothing is outside one line says so, for however many arms", () => {
  assert.equal(told(arms(summary(), summary(), summary())), "nothing below −5 or above 5, no NaN, no ±Inf");
  assert.equal(told(arms(summary()), true), "no NaN, no ±Inf");
});

test("the arms that have something outside have a row, and the others a word", () => {
  const all = arms(summary(), summary({ nan: 20 }), summary({ fixed: { overflow: 500 } }));
  assert.equal(told(all), "below −5 above 5 NaN ±Inf arm1 0 0 2.0 % 0 arm2 0 50.0 % 0 0 nothing in the other arm");
});

test("with bins over all values only what is not finite is outside", () => {
  assert.equal(told(arms(summary({ fixed: { overflow: 500 } })), true), "no NaN, no ±Inf");
  assert.match(told(arms(summary({ positive_inf: 5, negative_inf: 5 })), true), /arm0 0 0 0 1.0 %$/);
});

test("without an arm nothing is said", () => {
  assert.equal(told([]), "");
});

test("a share is never rounded to none", () => {
  assert.deepEqual([share(0, 10), share(1, 1e6), share(5, 10)], ["0", "<0.1 %", "50.0 %"]);
});

test("a long name may be broken where its parts join, and is never taken for HTML", () => {
  assert.equal(breakable("bn:book:dropout=0.5"), "bn<wbr>:book<wbr>:dropout<wbr>=0.5");
  assert.ok(!breakable("<i>").includes("<i>"));
});
