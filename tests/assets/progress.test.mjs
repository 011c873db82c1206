// How far somebody has come with the lessons: the browser keeps it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { script } from "./script.mjs";

const { done, forget, isNews, note, progressOf, standOf } = await script("progress.js");
const KEY = "normscope-lessons";

const stored = new Map();
globalThis.localStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, String(text)) };
beforeEach(() => stored.clear());

test("a step of which nothing is kept is as new", () => {
  assert.deepEqual(progressOf("a", 1), {});
  assert.equal(done("a"), 0);
});

test("what is noted of a step joins what was, and touches no other step and no other lesson", () => {
  note("a", 1, { predicted: "bn" });
  note("a", 2, { predicted: 0.5 });
  note("b", 1, { predicted: "ln" });
  note("a", 1, { runs: ["x"], stands: "wrong" });
  assert.deepEqual(progressOf("a", 1), { predicted: "bn", runs: ["x"], stands: "wrong" });
  assert.deepEqual([progressOf("a", 2), progressOf("b", 1)], [{ predicted: 0.5 }, { predicted: "ln" }]);
});

test("a verdict that is kept back stands as kept, and as undecided where there is none", () => {
  assert.deepEqual([{ stands: "right" }, { decided: true }, { decided: false }].map(standOf), ["right", "kept", "undecided"]);
});

test("a step counts as done once it has a verdict, whichever, and no more once it is begun anew", () => {
  note("a", 1, { predicted: "bn", stands: "undecided" });
  note("a", 2, { predicted: "bn" });
  note("a", 3, { predicted: "bn", stands: "wrong" });
  assert.equal(done("a"), 2);
  note("a", 3, { runs: [], stands: null });
  assert.equal(done("a"), 1);
  forget("a", 1);
  assert.deepEqual([done("a"), progressOf("a", 1), progressOf("a", 2)], [0, {}, { predicted: "bn" }]);
});

test("what another version or somebody else has left there is as nothing, and is written over", () => {
  for (const text of ["", "nonsense", "[]", "null", "3", '"a"']) {
    stored.set(KEY, text);
    assert.deepEqual([progressOf("a", 1), done("a")], [{}, 0]);
    note("a", 1, { predicted: "bn" });
    assert.deepEqual(progressOf("a", 1), { predicted: "bn" });
  }
});

test("to forget what was never kept does nothing", () => {
  forget("a", 1);
  assert.deepEqual(progressOf("a", 1), {});
});

test("it is news of a step when another tab has changed that step, and not when it has changed another", () => {
  const text = (kept) => JSON.stringify(kept);
  const [before, after] = [{ a: { 1: { predicted: "bn" } } }, { a: { 1: { predicted: "bn" }, 2: { predicted: "ln" } } }];
  const event = { key: KEY, oldValue: text(before), newValue: text(after) };
  assert.deepEqual([isNews(event, "a", 1), isNews(event, "a", 2), isNews(event, "b", 1)], [false, true, false]);
  assert.equal(isNews({ ...event, key: "normscope-view" }, "a", 2), false);
  assert.equal(isNews({ key: KEY, oldValue: null, newValue: text(before) }, "a", 1), true);
});
