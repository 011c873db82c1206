// A decimal comma, in a field that the browser gives a point only.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { pointed } = await script("decimal_comma.js");

test("a comma typed into a field of a decimal number is a point", () => {
  assert.equal(pointed(",", "0.05"), ".");
  assert.equal(pointed("0,3", "0.1"), "0.3");
  assert.equal(pointed("-1,5e-3", "0.1"), "-1.5e-3");
});

test("full-width signs are their ASCII twins, among whole numbers, too", () => {
  assert.equal(pointed("０．３", "0.1"), "0.3");
  assert.equal(pointed("。", "0.05"), ".");
  assert.equal(pointed("，", "0.05"), ".");
  assert.equal(pointed("－１ｅ－３", "0.1"), "-1e-3");
  assert.equal(pointed("２５６", "16"), "256");
  assert.equal(pointed("６０，０００", "1000"), "60,000");
});

test("what has no comma, or is no number, goes as it is", () => {
  for (const text of ["3", "0.3", "1,000.5", "1,2,3", "a,b", "", null]) assert.equal(pointed(text, "0.05"), null);
});

test("a field of a whole number keeps its thousands", () => {
  for (const step of ["1", "16", "1000", ""]) assert.equal(pointed("60,000", step), null);
});
