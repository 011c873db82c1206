// Several things in one sentence, and several sentences, in both languages.

import assert from "node:assert/strict";
import test, { afterEach, beforeEach } from "node:test";

import { english, inChinese } from "./speech.mjs";
import { script } from "./script.mjs";

const { enumerated, parted, sentences } = await script("lists.js");

beforeEach(english);
afterEach(english);

test("things stand in a row with the language's own marks", async () => {
  assert.deepEqual([enumerated(["bn", 2, "ln"]), parted(["a, b", "c"])], ["bn, 2, ln", "a, b; c"]);
  await inChinese();
  assert.deepEqual([enumerated(["bn", 2, "ln"]), parted(["a、b", "c"])], ["bn、2、ln", "a、b；c"]);
});

test("between sentences is a space in English and none in Chinese, and what is empty is left out", async () => {
  assert.deepEqual([sentences(["One.", "", false, "Two.", "Three."]), sentences(["One."]), sentences([])], ["One. Two. Three.", "One.", ""]);
  await inChinese();
  assert.equal(sentences(["一。", "二。", "三。"]), "一。二。三。");
});

test("a sentence's own signs are no places for the next", () => {
  assert.equal(sentences(["{next}", "{said}", "$&"]), "{next} {said} $&");
});
