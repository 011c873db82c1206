// One run in the table of Runs, and one that cannot be read.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { english, inChinese } from "./speech.mjs";

const { brokenRun } = await script("row.js");

const BROKEN = { id: "a<b", why: "“x” is damaged & <gone>.", removable: true };
const buttons = (html) => [...html.matchAll(/data-do="(\w+)" data-id="([^"]*)"/g)].map(([, what, id]) => [what, id]);

test("a damaged run of this browser is put aside only after a second press", () => {
  assert.deepEqual(buttons(brokenRun(BROKEN, false)), [["ask", "a&#60;b"], ["forget", "a&#60;b"]]);
  assert.deepEqual(buttons(brokenRun(BROKEN, true)), [["aside", "a&#60;b"], ["keep", "a&#60;b"]]);
});

test("what is somebody else's, or only out of reach, can but leave the list", () => {
  for (const isAsked of [false, true]) assert.deepEqual(buttons(brokenRun({ ...BROKEN, removable: false }, isAsked)), [["forget", "a&#60;b"]]);
});

test("why it cannot be read is told in words, never as HTML", () => {
  assert.match(brokenRun(BROKEN, false), /“x” is damaged &#38; &#60;gone&#62;\./);
});

test("it is asked in the language that is spoken", async () => {
  await inChinese();
  assert.match(brokenRun(BROKEN, true), /文件留在服务器上/);
  await english();
  assert.match(brokenRun(BROKEN, true), /Its file stays on the server/);
});
