// What is said of a run that a sweep has made: it is nobody else's, and no look at it was missed.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const page = { activeElement: null, baseURI: "http://localhost/", querySelector: () => null, querySelectorAll: () => [] };
globalThis.document = Object.assign(new EventTarget(), page);
globalThis.window = new EventTarget();
globalThis.location = { href: "http://localhost/" };
const { showBar } = await script("bar.js");
const { nothing } = await script("nothing.js");
const OF_A_SWEEP = "This is a run of a sweep, which keeps its curves, and not its looks or networks.";

function watching(swept) {
  const parts = Object.fromEntries(["pause", "start", "rate", "watching", "sharing", "results", "next", "same"].map((name) => [name, { dataset: {}, parentElement: {}, innerHTML: "", querySelectorAll: () => [] }]));
  showBar({ querySelectorAll: () => [] }, parts, { data: { run: "a", swept, recorded: false, follows: false }, state: { step: 5 }, status: "finished", mine: false, isShared: false, isBeginning: false });
  return [parts.watching.hidden, parts.watching.textContent];
}

test("a sweep's run is not called somebody else's", () => {
  assert.deepEqual(watching(true), [false, OF_A_SWEEP]);
  assert.deepEqual(watching(false), [false, "You are watching somebody else’s run; Start begins your own."]);
});

test("a page that looks inside does not say of a sweep's run that it ended before the first look", () => {
  assert.deepEqual(["fixed", "batch"].map((source) => nothing("finished", source, true)), [OF_A_SWEEP, OF_A_SWEEP]);
  assert.equal(nothing("finished", "fixed", false), "The run ended before the first look.");
  assert.match(nothing("finished", "batch", false), /^No training batch was looked at/);
});
