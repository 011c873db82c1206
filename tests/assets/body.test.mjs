// The Runs page as HTML, before anything is known.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = { baseURI: "http://localhost/", documentElement: { lang: "en" }, body: { classList: { add() {}, contains: () => false } } };
const { skeleton } = await script("body.js");

test("a filter has its words whether or not the server has told of any run", () => {
  const selects = skeleton().match(/<select data-filter.*?<\/select>/gs);
  assert.deepEqual(
    selects.map((select) => select.match(/<option value="">(.*?)<\/option>/)?.[1]),
    ["any status", "any images", "any arm"],
  );
});
