// The question whether who steers a shared run wants one of their own.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const page = { activeElement: null, baseURI: "http://localhost/", querySelector: () => null, querySelectorAll: () => [] };
globalThis.document = Object.assign(new EventTarget(), page);
globalThis.window = new EventTarget();
globalThis.location = { href: "http://localhost/" };
const { OwnRun } = await script("own_run.js");

function made() {
  const own = Object.assign(new EventTarget(), { hidden: true, querySelector: () => ({ focus() {} }) });
  return { own, asking: new OwnRun({ own, rate: { value: "0.1" } }) };
}

test("who pauses a shared run is asked, and who stops watching it is not", () => {
  const { own, asking } = made();
  assert.equal(asking.asks("restart", "a", true), false);
  assert.equal(asking.asks("pause", "a", false), false);
  assert.equal(own.hidden, true);
  assert.equal(asking.asks("pause", "a", true), true);
  assert.equal(own.hidden, false);
});

test("with another run in view the question is gone", () => {
  const { own, asking } = made();
  asking.asks("pause", "a", true);
  asking.follow("b");
  assert.equal(own.hidden, true);
});
