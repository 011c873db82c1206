// What is said of the drift: what this run's looks show, and nothing that is known from elsewhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { english, inChinese } from "./speech.mjs";
import { script } from "./script.mjs";

const { aboutDrift } = await script("drift_words.js");
const { NOTES } = await script("notes.js");

const NONE = { name: "none", title: "No normalization", norm: "none" };
const BN = { name: "bn", title: "BatchNorm", norm: "bn" };
const CONSTRUCTION = "Behind BatchNorm each mean is its β by construction";
const layer = (before, scaled, more = {}) => ({ conv1: { stages: { before: { drift: before }, ...(scaled && { scaled: { drift: scaled, ...more } }) } } });
const look = (arms) => ({ arms });

test("it tells each arm's median move up to the cursor, and compares BatchNorm with no norm", () => {
  const looks = [look({ none: layer(0.1), bn: layer(0.2, 0.01) }), look({ none: layer(0.1), bn: layer(0.2, 0.01) })];
  assert.equal(aboutDrift("conv1", [NONE, BN], looks), "Median move of conv1 from look to look, up to this step: No normalization 0.10; BatchNorm 0.20 before the norm and 0.010 after. "
    + "Before the norm BatchNorm’s means move 2.0 times as far as those without a norm. Behind BatchNorm each mean is its β by construction, so how calm that row is proves nothing.");
});

test("once BatchNorm has diverged it says nothing of what lies behind it", () => {
  const before = look({ none: layer(0.1), bn: layer(0.2, 0.01) });
  for (const now of [look({}), look({ none: layer(0.1) }), look({ bn: layer(0.3, 0.01, { nan: 12 }) })]) {
    const said = aboutDrift("conv1", [NONE, BN], [before, now]);
    assert.ok(said.includes("BatchNorm 0.") && !said.includes(CONSTRUCTION), said);
  }
  assert.ok(aboutDrift("conv1", [NONE, BN], [before]).includes(CONSTRUCTION));
});

test("an experiment of somebody else's is told among the notes, with its source", () => {
  assert.ok(!aboutDrift("conv1", [BN], [look({ bn: layer(0.2, 0.01) })]).includes("Santurkar"));
  assert.match(NOTES.activations(), /data-terms="[^"]*\bdrift\b/);
  for (const language of ["en", "zh"]) {
    const text = readFileSync(new URL(`../../core/words/terms/drift/${language}.md`, import.meta.url), "utf8");
    assert.match(text, /Santurkar.*2018/);
  }
});

test("where nothing has moved yet it says nothing", () => {
  assert.equal(aboutDrift("conv1", [NONE, BN], [look({})]), "");
});

test("in Chinese the same looks are told in sentences with no space between them", async () => {
  await inChinese();
  const looks = [look({ none: layer(0.1), bn: layer(0.2, 0.01) })];
  const said = aboutDrift("conv1", [NONE, BN], looks);
  await english();
  assert.match(said, /conv1.*：No normalization 0\.10；BatchNorm 规范化之前0\.20、之后0\.010。在规范化之前，.*2\.0倍。在批量规范化之后/);
});
