// What a visitor has chosen to see stays in the tab.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { keep, kept, keptList } = await script("kept.js");

test("in a new tab everything is as usual", () => {
  tab();
  assert.equal(kept("x", "step", ["step", "epoch"]), "step");
  assert.equal(kept("log", true), true);
  assert.deepEqual(keptList("hidden"), []);
  assert.deepEqual(keptList("kinds", ["train"]), ["train"]);
});

test("what is kept is there again, whatever else is kept later, and also when it is off, none or nothing", () => {
  tab();
  keep("x", "epoch");
  keep("log", false);
  keep("ghost", "");
  keep("hidden", new Set(["bn", "ln:lr=0.5"]));
  keep("kinds", []);
  assert.equal(kept("x", "step", ["step", "epoch"]), "epoch");
  assert.equal(kept("log", true), false);
  assert.equal(kept("ghost", "usual"), "");
  assert.deepEqual(keptList("hidden"), ["bn", "ln:lr=0.5"]);
  assert.deepEqual(keptList("kinds", ["train"]), []);
});

test("what is none of the choices, or of another type, is as usual", () => {
  tab();
  keep("x", "parsecs");
  keep("log", "yes");
  keep("hidden", "bn");
  assert.equal(kept("x", "step", ["step", "epoch"]), "step");
  assert.equal(kept("log", true), true);
  assert.deepEqual(keptList("hidden"), []);
});

test("a tab that holds what nobody can read has nothing kept, and takes what is kept next", () => {
  for (const text of ["{", "null", "7"]) {
    tab().set("normscope-view", text);
    assert.equal(kept("x", "step"), "step", text);
    keep("x", "epoch");
    assert.equal(kept("x", "step"), "epoch", text);
  }
});
