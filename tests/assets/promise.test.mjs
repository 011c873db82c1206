// What a page that looks inside says it will show.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { promise, promised } = await script("promise.js");

test("what will be here is named, with the axes that it will have", () => {
  const html = promise({ shows: ["drift", "dead units"], x: "layer", y: "spread" });
  for (const text of ["<li>drift</li>", "<li>dead units</li>", ">layer<", ">spread<"]) assert.ok(html.includes(text), text);
});

test("of a run that has ended nothing is promised", () => {
  for (const status of ["queued", "preparing", "running", "paused"]) assert.equal(promised(status), "Soon here:");
  for (const status of ["finished", "stopped", "failed"]) assert.equal(promised(status), "A run that has been looked into shows here:");
});
