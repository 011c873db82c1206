// The feature maps say whose networks made them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { script } from "./script.mjs";

const { whose } = await script("maps.js");

test("maps are told to be of now, of the last checkpoint of a run elsewhere, or of the end", () => {
  const told = ["now", "checkpoint", "end"].map((of) => whose({ of, step: 1234 }).split(":")[0]);
  assert.deepEqual(told, ["the networks of now, step 1,234", "the networks of the last checkpoint, step 1,234", "the networks of the end, step 1,234"]);
});
