// What the charts of Train show, from one page of the tab to the next.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { View } = await script("view.js");

test("a new tab shows all lines over the steps, the loss on a log axis, training smoothed over nine points", () => {
  tab();
  assert.deepEqual({ ...new View() }, { x: "step", log: true, smooth: 9, kinds: new Set(["train", "test", "batch"]), hidden: new Set() });
});

test("every choice is the next page's, too", () => {
  tab();
  const view = new View();
  for (const button of [{ x: "seconds" }, { log: "1" }, { smooth: "31" }, { kind: "batch" }, { arm: "bn" }, { arm: "ln" }, { arm: "bn" }]) {
    assert.equal(view.choose(button), true);
  }
  const expected = { x: "seconds", log: false, smooth: 31, kinds: new Set(["train", "test"]), hidden: new Set(["ln"]) };
  assert.deepEqual({ ...view }, expected);
  assert.deepEqual({ ...new View() }, expected);
});

test("no line at all is a choice that stays", () => {
  tab();
  const view = new View();
  for (const kind of ["train", "test", "batch"]) view.choose({ kind });
  assert.deepEqual(new View().kinds, new Set());
});

test("a button of another kind chooses nothing", () => {
  tab();
  assert.equal(new View().choose({ do: "start" }), false);
});

test("what no page can draw is as usual", () => {
  tab().set("normscope-view", JSON.stringify({ x: "parsecs", smooth: 7, kinds: ["dev", "test"], log: 0 }));
  const { x, smooth, kinds, log } = new View();
  assert.deepEqual({ x, smooth, kinds, log }, { x: "step", smooth: 9, kinds: new Set(["test"]), log: true });
});

test("a run whose arms were all hidden in an earlier one is shown; of others the hidden arms stay hidden", () => {
  tab();
  const view = new View();
  view.choose({ arm: "none" });
  view.meet([]);
  view.meet([{ name: "none" }, { name: "bn" }]);
  assert.deepEqual(view.hidden, new Set(["none"]));
  view.meet([{ name: "none" }]);
  assert.deepEqual([view.hidden, new View().hidden], [new Set(), new Set()]);
});
