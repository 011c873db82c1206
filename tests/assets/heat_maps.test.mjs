// Maps that would show nothing say so instead.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { roomy, ticks, whyFlat } = await script("heat_maps.js");

test("a map of zeros is said in words", () => {
  assert.equal(whyFlat("exact zeros", false, [0, 0, 0]), "No exact zeros in any layer at any look.");
});

test("a map without a single value says why it has no colours", () => {
  assert.match(whyFlat("mean |∂L/∂W|", true, []), /^mean \|∂L\/∂W\| has no finite value above 0 in any layer/);
  assert.doesNotMatch(whyFlat("exact zeros", false, []), /above 0/);
});

test("one value above 0 is enough for a map, and on a log scale 0 is the exponent of 1", () => {
  assert.equal(whyFlat("exact zeros", false, [0, 0.01]), "");
  assert.equal(whyFlat("mean |∂L/∂W|", true, [0, 0]), "");
});

test("below a map stands as much as there is room for, whatever the language", () => {
  const wide = (text) => 10 * text.length;
  assert.deepEqual([400, 120, 40, 5].map((room) => roomy(["step (looks)", "looks, at", "step"], room, wide)), ["step (looks)", "step (looks)", "step", "step"]);
  assert.equal(roomy(["步（各次查看，间隔不等）", "步"], 110, (text) => 20 * text.length), "步");
});

test("steps of a long run have their thousands apart, as everywhere", () => {
  assert.deepEqual(ticks([0, 10_000, 20_000], 900, 13).ticktext, ["0", "10,000", "20,000"]);
});

test("the steps below a map stand side by side at any width, the first among them", () => {
  for (const looks of [1, 2, 7, 40, 160]) {
    const steps = Array.from({ length: looks }, (_, i) => 25 * i);
    for (const width of [40, 85, 200, 320, 900]) {
      for (const type of [13, 19]) {
        const { tickvals, ticktext } = ticks(steps, width, type);
        assert.deepEqual([tickvals[0], ticktext[0]], [0, "0"]);
        assert.ok(tickvals.length <= 7);
        const apart = (width / looks) * (tickvals[1] - tickvals[0]);
        assert.ok(tickvals.length === 1 || apart >= 0.6 * type * Math.max(...ticktext.map((text) => text.length)), `${looks} in ${width}`);
      }
    }
  }
});
