// How the run in view stands, in words.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = { baseURI: "http://localhost/", documentElement: { lang: "en" } };
const { connectionLost, withoutAnswer } = await script("standing.js");

test("a server that answers with what is wrong is not one that cannot be reached", () => {
  assert.equal(withoutAnswer(connectionLost()), "No connection");
  assert.equal(withoutAnswer("What is kept of this run cannot be read."), "No answer");
});
