// The legend of the curves.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { english } from "./speech.mjs";

const { legend, showLegend } = await script("legend.js");
await english();

const look = { dark: false, arms: { none: "#111111", bn: "#222222", ln: "#333333" } };
const arms = ["none", "bn", "ln"].map((name) => ({ name, norm: name }));
function shown(some, kinds = ["train", "test", "batch"], hidden = []) {
  const batch = {};
  const armKeys = { parentElement: { querySelector: () => batch } };
  const atEnds = {};
  showLegend({ armKeys, atEnds }, some, { kinds: new Set(kinds), hidden: new Set(hidden) }, look);
  return { html: armKeys.innerHTML, hasDotted: !batch.hidden, ends: atEnds.textContent };
}

test("each line is told by its dash: training solid, test dashed, batch statistics dotted", () => {
  const keys = [...legend().matchAll(/data-kind="(\w+)".*?stroke-dasharray="([\d. ]*)".*?<\/svg> ([^<]*)</g)].map(([, ...found]) => found);
  assert.deepEqual(keys, [["train", "", "train"], ["test", "7 4", "test"], ["batch", "2 3.5", "test, batch statistics"]]);
});

test("each arm that is drawn has its colour and its marker", () => {
  const { html } = shown(arms, undefined, ["none"]);
  assert.deepEqual([...html.matchAll(/--arm:(#\d+)/g)].map(([, color]) => color), ["#222222", "#333333"]);
  assert.deepEqual([...html.matchAll(/points="([^"]*)"/g)].map(([, points]) => points.split(" ").length), [4, 4]); // square, diamond
});

test("the dotted line is in it where an arm has BatchNorm", () => {
  assert.deepEqual([shown(arms).hasDotted, shown([arms[0], arms[2]]).hasDotted], [true, false]);
  assert.equal(shown([{ name: "bn:book", norm: "bn" }]).hasDotted, true);
});

test("it says of which line the numbers at the right are", () => {
  assert.equal(shown(arms).ends, "numbers at the lines’ ends: test");
  assert.equal(shown(arms, ["train"]).ends, "numbers at the lines’ ends: train");
  assert.equal(shown(arms, []).ends, "");
});
