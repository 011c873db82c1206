// The runs that a browser has had in view.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { forget, know, known } = await script("known.js");

function browser(stored = new Map()) {
  const value = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, String(text)) };
  Object.defineProperty(globalThis, "localStorage", { value, configurable: true });
}

test("they are there until they are removed, each once, the newest last", () => {
  browser();
  for (const id of ["a", "b", "a"]) know(id);
  assert.deepEqual(known(), ["b", "a"]);
  forget("b");
  assert.deepEqual(known(), ["a"]);
});

test("the oldest of very many leave", () => {
  browser();
  for (let i = 0; i < 250; i += 1) know(`run${i}`);
  assert.deepEqual([known().length, known()[0], known().at(-1)], [200, "run50", "run249"]);
});

test("a browser that keeps nothing, or something else, knows none", () => {
  Object.defineProperty(globalThis, "localStorage", { get: () => { throw new Error("blocked"); }, configurable: true });
  know("a");
  assert.deepEqual(known(), []);
  browser(new Map([["normscope-known-runs", `{"a": 1}`]]));
  assert.deepEqual(known(), []);
  browser(new Map([["normscope-known-runs", `["a", 7]`]]));
  assert.deepEqual(known(), ["a"]);
});
