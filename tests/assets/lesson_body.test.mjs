// A step of a lesson as HTML: what is said after the verdict, and a prediction on a slider.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = { baseURI: "http://localhost/", documentElement: { lang: "en" } };
const { head, prediction, verdict } = await script("lesson_body.js");

const STEP = {
  choices: [{ key: "bn", text: "with batch normalization" }, { key: "ln", text: "with layer normalization" }], explains: "bn",
  why: "<p>Because.</p>", decides: "<p>Other seeds.</p>", differently: "<p>Try.</p>", pointers: [], experiments: [],
};
const after = (stands, answer, step = STEP) => verdict(step, { stands, answer, says: "", numbers: "" }, true, null);
const isFolded = (html, words = "The explanation, though these numbers do not show it") => html.includes(`<details><summary>${words}</summary><p>Because.</p></details>`);

test("the explanation stands open where the numbers give the answer that it explains, whatever was predicted", () => {
  for (const stands of ["right", "wrong"]) {
    const html = after(stands, "bn");
    assert.match(html, /<h4>Why<\/h4><p>Because/);
    assert.ok(!isFolded(html));
    assert.doesNotMatch(html, /Other seeds/);
  }
  assert.match(after("wrong", "bn"), /What holds in it: with batch normalization/);
});

test("it is folded where they give another answer, and says so, or none; then what would decide stands before it", () => {
  for (const [stands, answer, words] of [["right", "ln"], ["wrong", "ln"], ["undecided", "", "The explanation"]]) {
    const html = after(stands, answer);
    assert.ok(isFolded(html, words), stands);
    assert.doesNotMatch(html, /<h4>Why/);
    assert.equal(html.includes("Other seeds"), stands === "undecided");
  }
});

test("a question that the Lab can ask several seeds leads there", () => {
  const link = /href="http:\/\/localhost\/lab\?lr=1&#38;seeds=5">Ask five seeds in the Lab</;
  assert.match(after("undecided", "", { ...STEP, sweep: "lr=1&seeds=5" }), link);
  assert.doesNotMatch(after("undecided", ""), /Lab/);
});

test("of a number there is one explanation, open once the run has the number", () => {
  const number = { ...STEP, choices: [], explains: "" };
  assert.match(after("wrong", "", number), /<h4>Why/);
  assert.ok(isFolded(after("undecided", "", number), "The explanation"));
});

test("a slider says what it is of, and its number has a unit", () => {
  const slider = { low: 0.1, high: 1000, start: 10, log: true, percent: false, unit: "MB", title: "Memory < kept" };
  const html = prediction({ predict: "", choices: [], slider }, {}, null);
  assert.match(html, /<span>Memory &#60; kept<\/span>/);
  assert.match(html, /<output>10 MB<\/output>/);
  assert.match(html, /aria-valuetext="10 MB"/);
});

test("a step that has a verdict has its mark, one whose answer was kept back a dot, and one that nobody has taken none", () => {
  globalThis.location = { search: "" };
  globalThis.document.body = { classList: { contains: () => false, add() {} } };
  globalThis.sessionStorage = { getItem: () => null };
  const stands = { 1: "right", 2: "wrong", 3: "undecided", 4: "kept" };
  const html = head({ number: 1, title: "A", steps: ["a", "b", "c", "d", "e"].map((title) => ({ title })) }, 2, (n) => stands[n]);
  assert.deepEqual([...html.matchAll(/title="[a-e]">([^<]*)</g)].map(([, text]) => text), ["1 ✓", "2 ✗", "3 ?", "4 •", "5"]);
});
